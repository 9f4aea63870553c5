"""Find the noun that names the product in an English title: "mug" in "Amber Stoneware Mug"."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from core.base.languages import language_of
from core.base.word_list import read_word_list
from core.errors import SettingsError

#: The part of a title that describes the product after naming it.
_DETAILS = re.compile(
    r"\s(?:with|for|from|by|in|on|at|w/|w|without|featuring|feat\.?|fits|compatible)\s.*"
    r"|\s[-–—|~]\s.*|\s*[(\[{,;:].*|\.\s.*",
    re.I | re.S,
)
_SET_OF = re.compile(
    r"^\W*(?:an? )?(?:set|pack|pair|box|bundle|lot)s? of (?:\d+|two|three|four|six)?\s*", re.I
)
#: A size or a rating: titles of electronics list figures from there on.
_MEASURE = re.compile(r"\s\d[\d.,x×/]*\s?(?:[a-zµ]{1,4}\b|[\"'%])", re.I)
#: Brackets contain a description if the title goes on behind them.
_ASIDE = re.compile(r"\s*[(\[][^()\[\]]{0,80}[)\]]")
_WORD = re.compile(r"[^\W\d_][\w'’&-]*")
#: A title classified as another language needs a share of English words larger by this.
_MARGIN = 0.1
#: Vocabularies whose words describe a thing and never name it.
_DESCRIBING = ("colours", "materials", "patterns", "audiences", "styles")


class TitleNouns:
    """Word lists: words that name things, and words that only describe them.

    Args:
        folder: Folder of the vocabularies (`data/vocabularies`).

    Raises:
        SettingsError: A vocabulary is missing or broken.
    """

    def __init__(self, folder: Path) -> None:
        self.digest = _digest(folder)
        kinds = _table(folder, "types")
        named = {word for kind in kinds.values() for word in (*kind["singular"], *kind["plural"])}
        departments = _table(folder, "departments")
        titles = departments.pop("titles")
        named |= set(titles["things"])
        self._things = frozenset(read_word_list(folder / "things.txt")) | frozenset(
            map(_key, named)
        )
        self._motifs = frozenset(read_word_list(folder / "motifs.txt"))
        describing: set[str] = set()
        for name in _DESCRIBING:
            for term, synonyms in _table(folder, name)["terms"].items():
                describing.update(map(_key, (term, *synonyms)))
        phrases = sorted((word for word in describing if " " in word), key=len, reverse=True)
        self._phrases = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, phrases))})(?!\w)", re.I)
        self._packing = frozenset(titles["packing"])
        self._no_nouns = frozenset(titles["never"]) | frozenset(
            _table(folder, "noise")["marketing"]["words"]
        )
        self._english = frozenset(_table(folder, "noise")["function_words"]["english"])
        colours = _table(folder, "colours")["terms"]
        self._colours = frozenset(_key(w) for term in colours for w in (term, *colours[term]))
        self._joined = frozenset(titles["joined"])
        self._describing = frozenset(describing) - frozenset(map(_key, named))
        self._departments = frozenset(
            _key(word)
            for name in ("rooms", "people", "states", "departments")
            for word in departments[name]
        )
        self._states = frozenset(map(_key, departments["states"]))
        self._stateful = frozenset(
            _key(word) for name in ("rooms", "people", "states") for word in departments[name]
        )
        self._collective = frozenset(
            _key(word) for word in departments["departments"] if " " not in word
        )

        self._records = frozenset(read_word_list(folder / "record_kinds.txt"))
        self._purposes = frozenset(read_word_list(folder / "purposes.txt"))

    @property
    def things(self) -> frozenset[str]:
        """Words that name made things or food."""
        return self._things

    def head(self, title: str) -> str:
        """Return the noun that names the product, with a noun before it; empty if unknown.

        "Copper Desk Lamp, 40 cm" gives "desk lamp".
        """
        parts = [self._words(part) for part in _parts(title)]
        for sure in (True, False):
            for number, words in enumerate(parts):
                for last in range(len(words) - 1, -1, -1):
                    if self._names(words, last, sure=sure):
                        return self._whole(words, last)
                    if sure and number == 0 and self._joins(words, last):
                        return self._with_modifier(words, last)
        return ""

    def kind(self, title: str) -> str:
        """Return ``head`` with what the thing is for: "dining chair" of "Oak Dining Chair"."""
        noun = self.head(title)
        if not noun or " " in noun:
            return noun
        before = re.search(rf"(?<![\w-])([a-z]+)[\s-]+{re.escape(noun)}(?![\w-])", title.lower())
        return f"{before[1]} {noun}" if before and before[1] in self._purposes else noun

    def _whole(self, words: list[str], last: int) -> str:
        """Return a noun with what belongs to it: "chest of drawers", "quilt and pillowcase"."""
        noun = self._with_modifier(words, last)
        before = last - len(noun.split())
        word = words[before].lower() if before > 0 else ""
        if word not in ("of", "and") or not self._names(words, before - 1, sure=True):
            return noun
        return f"{self._with_modifier(words, before - 1)} {word} {noun}"

    def _joins(self, words: list[str], at: int) -> bool:
        """Tell whether a word such as "holder" ends the main part: "Travel Holder, black"."""
        return at == len(words) - 1 > 0 and _singulars(_key(words[at]))[-1] in self._joined

    def _words(self, part: str) -> list[str]:
        text = self._phrases.sub(" . ", part)
        return [match.group().strip("-'’&") for match in _WORD.finditer(text)]

    def names_a_thing(self, value: str) -> bool:
        """Tell whether a category's value names one kind of thing, not a department or state."""
        key = _key(value)
        words = key.split()
        if not words or key in self._departments | self._records:
            return False
        if words[-1] in self._collective:
            return False
        return not re.search(r"\s(?:&|and|\+)\s|[&/+,]", value.lower()) or " with " in key

    def is_state(self, value: str) -> bool:
        """Tell whether a value is a state of a listing, such as "sale" or "simple"."""
        return _key(value) in self._states | self._records

    def is_department(self, value: str) -> bool:
        """Tell whether a value names a kind of goods: "fruit", but not "new in" or "indoor"."""
        key = _key(value)
        return bool(key) and key not in self._stateful | self._records

    def named_in(self, value: str, title: str) -> bool:
        """Tell whether a title contains the last word of a value, in singular or plural."""
        words = _key(value).split()
        forms = set(_singulars(words[-1])) if words else set()
        title_forms = {form for word in re.split(r"\W+", _key(title)) for form in _singulars(word)}
        return bool(forms & title_forms) or _key(value).replace(" ", "") in {
            w.replace("-", "") for w in title_forms
        }

    def is_english(self, title: str) -> bool:
        """Tell whether a title is in English, by its language or its share of known words."""
        language, probability = language_of(title)
        if language == "en":
            return True
        first, _, rest = title.partition(" ")
        if rest and first.isupper() and not rest.isupper():
            title = rest  # a brand, or the name of a series
        words = {word for word in re.split(r"[^\w']+", _key(title)) if len(word) > 2}
        count = sum(self._is_known(word) for word in words)
        return count >= len(words) * (probability + _MARGIN) and count > 0

    def _is_known(self, word: str) -> bool:
        forms = _singulars(word)
        return any(form in self._things or form in self._motifs for form in forms) or (
            word in self._describing or word in self._packing or word in self._english
        )

    def is_known_word(self, word: str) -> bool:
        """Tell whether a word names or describes a thing, is a number, or is not in Latin letters.

        The word lists are English; words with letters beyond ASCII are taken for known.
        """
        key = _key(word)
        return not key.isascii() or not key.isalpha() or self._is_known(key)

    def is_thing(self, word: str) -> bool:
        """Tell whether one word (or two) names a made thing or food."""
        return any(form in self._things for form in _singulars(_key(word)))

    def _names(self, words: list[str], at: int, *, sure: bool) -> bool:
        """Tell whether a word names the product.
        With ``sure``, words that may also describe it, such as "orange", don't count.
        """
        key = _key(words[at])
        if at == 0 and len(words) > 1 and _is_code(words):
            return False  # a brand
        if sure and len(words[at]) > 3 and _is_shouted(words, at):
            return False  # a brand or the name of a series
        if at and self.is_thing(f"{_key(words[at - 1])} {key}"):
            return True
        if key in self._packing or key in self._departments or key in self._no_nouns:
            return False
        if sure and key in self._joined:
            return at > 0 and self._modifies(words[at - 1])
        if key in self._describing or (sure and key in self._colours):
            return False
        return self.is_thing(key)

    def _modifies(self, word: str) -> bool:
        """Tell whether a word belongs to the noun after it: "coffee" in "coffee mug"."""
        key = _key(word)
        if key in self._describing or key in self._packing or key in self._colours:
            return False
        if len(word) > 3 and word.isupper():
            return False  # a brand or the name of a series
        forms = _singulars(key)
        return any(form in self._things or form in self._motifs for form in forms)

    def _with_modifier(self, words: list[str], last: int) -> str:
        noun = words[last].lower()
        before = words[last - 1] if last else ""
        compound = f"{before.lower()} {noun}"
        named = before and (self.is_thing(compound) or self._modifies(before))
        if noun in self._joined and before.islower() and len(before) > 3:
            named = named or _key(before) not in self._describing
        return compound if named else noun


def _parts(title: str) -> Iterable[str]:
    """Yield the parts of a title that may contain its noun, the most likely first."""
    title = _SET_OF.sub("", title.replace("’", "'"))
    full_title = title
    title = _ASIDE.sub(" ", title).strip() or title
    title = _MEASURE.split(title, maxsplit=1)[0] if _MEASURE.search(title, 8) else title
    yield _DETAILS.sub("", title)
    for part in re.split(r"[,;:|(]|\s[-–—]\s", title)[1:3]:
        yield _DETAILS.sub("", part)
    yield _DETAILS.sub("", full_title)


def _is_shouted(words: list[str], at: int) -> bool:
    return words[at].isupper() and not all(word.isupper() for word in words)


def _is_code(words: list[str]) -> bool:
    """Tell whether the first word is an abbreviation in a title that is not all in capitals."""
    return len(words[0]) > 1 and _is_shouted(words, 0)


@cache
def _singulars(word: str) -> tuple[str, ...]:
    """Return the word and the singulars that it may be the plural of."""
    forms = [word]
    if word.endswith("ies"):
        forms.append(word[:-3] + "y")
    if word.endswith("es"):
        forms.append(word[:-2])
    if word.endswith("ves"):
        forms += [word[:-3] + "f", word[:-3] + "fe"]
    if word.endswith("s") and not word.endswith("ss"):
        forms.append(word[:-1])
    return tuple(forms)


def _key(text: str) -> str:
    return re.sub(r"[\s-]+", " ", text.replace("’", "'")).strip().lower()


def _digest(folder: Path) -> str:
    """Hash the word lists that no other vocabulary's hash covers."""
    digest = hashlib.sha256()
    for name in ("things.txt", "motifs.txt", "departments.toml"):
        path = folder / name
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def _table(folder: Path, name: str) -> dict[str, dict[str, list[str]]]:
    path = folder / f"{name}.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"The vocabulary {path} can't be read: {error}.") from None
