"""Vocabularies of the rules: data files in ``data/vocabularies``, matched as whole words."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.base.counts import plural
from core.errors import SettingsError

DOMAINS = ("art", "food", "fashion", "electronics", "home")


@dataclass(frozen=True, slots=True)
class Match:
    """A vocabulary word in a text: its canonical form and its position."""

    term: str
    start: int
    end: int


class Terms:
    """A set of terms with synonyms; finds the longest that are there, as whole words.

    Args:
        terms: Canonical form → other spellings. Case, and hyphen or space, make no difference.
        inflected: Also find the plural of each.
        whole: Find a term only where it is the whole text.
    """

    def __init__(
        self, terms: Mapping[str, Iterable[str]], *, inflected: bool = False, whole: bool = False
    ) -> None:
        self._canonical: dict[str, str] = {}
        for term, synonyms in terms.items():
            for form in (term, *synonyms):
                self._canonical.setdefault(_key(form), term)
                if inflected:
                    self._canonical.setdefault(_key(plural(form)), term)
        forms = sorted(self._canonical, key=len, reverse=True)
        joined = "|".join(re.escape(form).replace(r"\ ", r"[\s-]") for form in forms)
        around = (r"\A\s*", r"\s*\Z") if whole else (r"(?<![\w'])", r"(?![\w'])")
        self._pattern = re.compile(
            rf"{around[0]}(?:{joined}){around[1]}" if forms else r"(?!)", re.I
        )

    def find(self, text: str) -> list[Match]:
        """Return all matches in order, not overlapping."""
        return [
            Match(self._canonical[_key(match.group())], match.start(), match.end())
            for match in self._pattern.finditer(text)
        ]

    def names(self, text: str) -> list[str]:
        """Return the canonical terms in order of appearance, each once."""
        return list(dict.fromkeys(match.term for match in self.find(text)))

    def without(self, text: str) -> str:
        """Return the text with every match cut out."""
        return self._pattern.sub(" ", text)

    def __contains__(self, text: str) -> bool:
        """Tell whether the whole text is one known term."""
        return _key(text) in self._canonical


class Vocabulary:
    """All vocabularies of the rules, read from one folder of TOML files.

    Raises:
        SettingsError: A file is missing or is no valid vocabulary.
    """

    def __init__(self, folder: Path) -> None:
        digest = hashlib.sha256()
        tables: dict[str, dict[str, Any]] = {}
        for name in ("colours", "materials", "patterns", "audiences", "styles", "parts", "types",
                     "noise"):  # fmt: skip
            path = folder / f"{name}.toml"
            try:
                content = path.read_bytes()
                tables[name] = tomllib.loads(content.decode("utf-8"))
            except (OSError, ValueError) as error:
                raise SettingsError(f"The vocabulary {path} can't be read: {error}.") from None
            digest.update(name.encode() + b"\0" + content)
        self.digest = digest.hexdigest()
        try:
            self._build(tables)
        except (KeyError, TypeError, AttributeError) as error:
            raise SettingsError(f"The vocabularies in {folder} lack {error}.") from None

    def _build(self, tables: dict[str, dict[str, Any]]) -> None:
        self.colours = Terms(tables["colours"]["terms"])
        self.colour_columns = Terms(tables["colours"]["column_values"], whole=True)
        self.families = {
            name: frozenset(shades) for name, shades in tables["colours"]["families"].items()
        }
        self._seen_families = {
            kind: {name: frozenset(words) for name, words in tables[f"{kind}s"]["families"].items()}
            for kind in ("material", "pattern", "audience")
        }
        self.materials = Terms(tables["materials"]["terms"])
        self.media = _words(tables["materials"]["media"]["words"])
        self.patterns = Terms(tables["patterns"]["terms"])
        self.audiences = Terms(tables["audiences"]["terms"])
        self.audience_keys = tuple(tables["audiences"]["columns"]["keys"])
        self.styles = Terms(tables["styles"]["terms"])
        self.style_keys = tuple(tables["styles"]["attribute_columns"]["keys"])
        ignored = set(tables["parts"]["ignore"]["words"])
        self.parts = {
            domain: Terms({part: words for part, words in terms.items() if part not in ignored})
            for domain, terms in tables["parts"].items()
            if domain != "ignore"
        }
        self.nouns = {
            domain: Terms(
                {word: [] for word in (*kinds["plural"], *kinds["singular"])}, inflected=True
            )
            for domain, kinds in tables["types"].items()
        }
        self.departments = {
            domain: _words(kinds["departments"]) for domain, kinds in tables["types"].items()
        }
        self.plural_only = frozenset(
            word for kinds in tables["types"].values() for word in kinds["plural"]
        )
        noise = tables["noise"]
        self.vague = _words(noise["vague_types"]["words"])
        self.marketing = _words(noise["marketing"]["words"])
        self.size_words = _words(noise["sizes"]["words"])
        units = "|".join(sorted(map(re.escape, noise["sizes"]["units"]), key=len, reverse=True))
        self.measures = re.compile(
            rf"(?<![\w.,/×])[(]?\d{{1,9}}(?:[.,/x×]\s?\d{{1,9}}){{0,5}}\s?-?(?:(?:{units})\b|[\"'”″%])(?:\s?[)])?",
            re.I,
        )
        self.unseen = _words(noise["unseen"]["words"])
        self.risky = _words(noise["risky"]["words"])
        self.made_of_before = tuple(noise["made_of"]["before"])
        self.made_of_after = tuple(noise["made_of"]["after"])
        self.tag_noise = _words(noise["tags"]["words"])
        self.english = _words(noise["function_words"]["english"])
        self.foreign = _words(noise["function_words"]["other"])

    def domain_of(self, text: str, *, head: bool = False) -> str | None:
        """Return the domain of the product noun that ends last in the text (the phrase's head).

        Args:
            text: A title or type.
            head: Only a noun that ends the text counts ("coffee machine" is no coffee).
        """
        best: tuple[int, int, str] | None = None
        for domain in DOMAINS:
            for match in self.nouns[domain].find(text):
                if head and text[match.end :].strip():
                    continue
                rank = (match.end, match.end - match.start, domain)
                if best is None or rank[:2] > best[:2]:
                    best = rank
        return best[2] if best else None

    def domain_of_department(self, text: str) -> str | None:
        """Return the domain that a department or vague type belongs to."""
        return next((name for name in DOMAINS if self.departments[name].find(text)), None)

    def same_family(self, first: str, second: str) -> bool:
        """Tell whether two colours are shades of one (``navy blue`` and ``blue``)."""
        return first == second or any(
            first in shades and second in shades for shades in self.families.values()
        )

    def fits(self, kind: str, seen: str, stated: str) -> bool:
        """Tell whether what a photo shows (``metal``) fits what a listing says (``brass``).

        Args:
            kind: ``colour``, ``material``, ``pattern`` or ``audience``.
            seen: A value of ``sight.toml``.
            stated: A canonical word of that vocabulary.
        """
        if kind == "colour":
            return self.same_family(seen, stated)
        return stated in self._seen_families[kind].get(seen, {seen})


def singular(phrase: str, plural_only: frozenset[str]) -> str:
    """Return the phrase with its last word in the singular, unless it is plural by nature."""
    words = phrase.split(" ")
    last = words[-1]
    if phrase.lower() in plural_only or last.lower() in plural_only or len(last) < 4:
        return phrase
    for ending, singular_ending in (("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"),
                                    ("xes", "x")):  # fmt: skip
        if last.lower().endswith(ending) and len(last) > 4:
            return " ".join([*words[:-1], last[: -len(ending)] + singular_ending])
    if last.lower().endswith("s") and not last.lower().endswith(("ss", "us", "is")):
        last = last[:-1]
    return " ".join([*words[:-1], last])


def _words(words: Iterable[str]) -> Terms:
    return Terms({word: [] for word in words})


def _key(text: str) -> str:
    return re.sub(r"[\s-]+", " ", text).strip().lower()
