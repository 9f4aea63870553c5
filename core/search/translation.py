"""Read a short query in another language as English, word by word, from two lists of our own.

The encoders place a single word of another language only roughly, and items' English words can't
match it. A query whose every word is on the lists is searched in English instead.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from core.base.stop_words import stop_words
from core.search.colour_words import ColourWords
from core.search.name_forms import UNSPACED, folded, name_forms, usual_characters

#: Longer queries describe more than a list can: the encoder reads them.
MOST_WORDS, MOST_CHARACTERS = 5, 80

#: Signs between words of these languages that are no part of a name.
_JOINING = {"ja": "のな色い用製ー", "zh": "的色", "ko": "색의용", "th": "สี"}
#: Words that exclude what comes after them: such a query isn't read word by word.
_EXCLUDING = (
    "ohne", "sans", "sin", "sem", "senza", "zonder", "bez", "olmadan", "без", "بدون", "なし",
    "无", "無", "没有", "沒有", "없는", "없이", "ไม่มี",
)  # fmt: skip
#: Languages that write a compound as one word, its head last, and what may join its parts.
_COMPOUNDING = {"de": ("", "s", "n", "en", "es", "e", "er"), "nl": ("", "s", "en", "n", "e")}
#: Languages in which what describes a thing stands behind it.
_HEAD_FIRST = ("ar", "es", "fr", "it", "pl", "pt", "ru", "th")
#: Shortest part of a compound: shorter ones stand in too many words.
_LEAST_PART = 3


@dataclass(frozen=True, slots=True)
class _Entry:
    english: str
    is_thing: bool


class Translation:
    """Reads queries of known words as English.

    Args:
        folder: Folder of the vocabularies (`data/vocabularies`).
        colours: Words for colours in these languages.
    """

    def __init__(self, folder: Path, colours: ColourWords) -> None:
        self._colours = colours
        self._rows = [
            (row, name == "things")
            for name in ("attributes", "things")
            for row in _rows(folder / f"{name}_in_languages.csv")
        ]
        self._read: dict[tuple[str, bool], dict[str, _Entry]] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the lists (ISO 639-1), without English."""
        return tuple(language for language in self._rows[0][0] if language != "en")

    def english(self, text: str, language: str, *, stems: bool = True) -> str:
        """Return the text in English; empty if a word is on no list, or if it names no thing.

        Args:
            text: A query.
            language: Its language (ISO 639-1).
            stems: Read inflected words, too: "planter" would be a plant in French.
        """
        if language == "tr":
            text = text.replace("İ", "i").replace("I", "ı")
        tokens = text.split()
        if not 0 < len(tokens) <= MOST_WORDS or len(text) > MOST_CHARACTERS:
            return ""
        if language not in self.languages:
            return ""
        meanings = self._entries(language, stems=stems)
        words: list[_Entry] = []
        linked = False
        while tokens:
            entries, used = self._longest(tokens, meanings, language, stems=stems)
            if not used:
                return ""
            # What comes behind "für" or "mit" describes the thing before it.
            linked = linked or (bool(words) and not entries)
            words += entries
            tokens = tokens[used:]
        return _in_order(words, head_first=linked or language in _HEAD_FIRST)

    def _longest(
        self, tokens: Sequence[str], meanings: dict[str, _Entry], language: str, *, stems: bool
    ) -> tuple[list[_Entry], int]:
        """Return what the longest known beginning means, and its number of tokens; 0 if none."""
        for count in range(len(tokens), 0, -1):
            entry = _entry_of(" ".join(tokens[:count]), meanings, language, stems=stems)
            if entry is not None:
                return [entry], count
        word = tokens[0].casefold().strip(".,;")
        if word in _EXCLUDING:
            return [], 0
        if word in stop_words():
            return [], 1
        parts = self._parts(word, meanings, language)
        return parts, int(bool(parts))

    def _parts(self, word: str, meanings: dict[str, _Entry], language: str) -> list[_Entry]:
        if language in UNSPACED:
            return self._run(folded(word), meanings, language)
        colour = self._colours.basic(word)
        if colour:
            return [_Entry(colour, is_thing=False)]
        return next(self._compounds(word, meanings, language), [])

    def _run(self, word: str, meanings: dict[str, _Entry], language: str) -> list[_Entry]:
        """Cut a word without blanks into known words, the longest first; empty if one is left."""
        entries: list[_Entry] = []
        usual = usual_characters(word, language)
        at = 0
        while at < len(word):
            end = next((e for e in range(len(word), at, -1) if usual[at:e] in meanings), 0)
            colour = "" if end else self._colour_at(word, at)
            if end:
                entries.append(meanings[usual[at:end]])
                at = end
            elif colour:
                entries.append(_Entry(self._colours.basic(colour), is_thing=False))
                at += len(colour)
            elif word[at] in _JOINING[language]:
                at += 1
            else:
                return []
        return entries

    def _colour_at(self, word: str, at: int) -> str:
        """Return the longest word for a colour that begins here; empty if none."""
        return next(
            (part for e in range(len(word), at, -1) if self._colours.is_word(part := word[at:e])),
            "",
        )

    def _compounds(
        self, word: str, meanings: dict[str, _Entry], language: str
    ) -> Iterator[list[_Entry]]:
        """Yield readings of a compound, the longest head first: "Holzstuhl" is a wooden chair."""
        for at in range(_LEAST_PART, len(word) - _LEAST_PART + 1):
            head = _entry_of(word[at:], meanings, language)
            if head is None or not head.is_thing:
                continue
            for joint in _COMPOUNDING.get(language, ()):
                first = word[:at].removesuffix(joint) if joint else word[:at]
                described = _entry_of(first, meanings, language)
                # Two things together often name a third: a "Ringbuch" is no ring.
                if described is not None and not described.is_thing and len(first) >= _LEAST_PART:
                    yield [described, head]

    def _entries(self, language: str, *, stems: bool) -> dict[str, _Entry]:
        """Return what the names of a language mean; made when the language is first asked for."""
        if (language, stems) not in self._read:
            names = [
                (name_forms(name, language, stems=stems), _Entry(row["en"], is_thing))
                for row, is_thing in self._rows
                for name in row[language].split("/")
            ]
            ranked = zip_longest(*(forms for forms, _ in names), fillvalue="")
            entries: dict[str, _Entry] = {}
            for forms in ranked:
                for form, (_, entry) in zip(forms, names, strict=True):
                    entries.setdefault(form, entry)
            entries.pop("", None)
            self._read[language, stems] = entries
        return self._read[language, stems]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _entry_of(
    text: str, meanings: dict[str, _Entry], language: str, *, stems: bool = True
) -> _Entry | None:
    forms = name_forms(text, language, stems=stems)
    return next((meanings[form] for form in forms if form in meanings), None)


def _in_order(entries: Sequence[_Entry], *, head_first: bool) -> str:
    things = list(dict.fromkeys(entry.english for entry in entries if entry.is_thing))
    if not things:
        return ""
    if head_first:
        things = [*things[1:], things[0]]
    described = dict.fromkeys(entry.english for entry in entries if not entry.is_thing)
    return " ".join([*described, *things])
