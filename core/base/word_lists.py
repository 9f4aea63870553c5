"""Lists of words in nine languages, to tell words from invented ones.

Polish and Turkish ship (``data/word_lists``); the others come from the package ``pyspellchecker``.
Scripts other than Latin have no list: nobody invents words in them by hitting keys.
"""

from __future__ import annotations

import gzip
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt

_SHIPPED = Path(__file__).parents[2] / "data" / "word_lists"
#: Languages with a list (ISO 639-1).
LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pl", "pt", "tr")
#: Languages that write compounds as one word.
_COMPOUNDING = ("de", "nl")
#: Letters of a compound's part, and of one that is common enough to be shorter.
_PART, _SHORT_PART = 5, 4
#: Times that films say a common word. In languages with compounds: chosen on names of emoji and on
#: made-up words. In English: "chaise" and "rouge" are said less often, "casserole" more.
_COMMON = {"de": 100, "en": 1200, "nl": 100}
_LETTERS = {"ß": "ss", "ı": "i", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe"}

#: Letters of a word that count, and odd factors that mix them to a hash.
_LENGTH = 16
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], np.uint64)

Hashes = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class _List:
    """The words of a language, and those of them that are common: sorted hashes, 4 bytes a word."""

    words: Hashes
    common: Hashes

    def has(self, word: str) -> bool:
        return _contains(self.words, word)

    def is_compound(self, word: str) -> bool:
        """Tell whether a word is made of two, with "s" or "n" between them or not."""
        splits = range(_SHORT_PART, len(word) - _SHORT_PART + 1)
        return any(self._are_parts(word[:at], word[at:]) for at in splits)

    def _are_parts(self, first: str, second: str) -> bool:
        joined = len(first) > _SHORT_PART and first.endswith(("s", "n"))
        return self._is_part(second) and (
            self._is_part(first) or (joined and self._is_part(first[:-1]))
        )

    def _is_part(self, word: str) -> bool:
        return _contains(self.words if len(word) >= _PART else self.common, word)


def languages_with(word: str) -> tuple[str, ...]:
    """Return the languages whose list has a word; accents and capitals don't count."""
    key = fold(word)
    lists = {language: _list(language) for language in LANGUAGES}
    having = tuple(language for language, own in lists.items() if own.has(key))
    return having or tuple(name for name in _COMPOUNDING if lists[name].is_compound(key))


def is_common_english(word: str) -> bool:
    """Tell whether English speakers say a word often; accents and capitals don't count."""
    return _contains(_list("en").common, fold(word))


def fold(words: str) -> str:
    """Return words in lower case without accents, as people type them in a hurry."""
    words = words.lower()
    if words.isascii():
        return words
    for letter, plain in _LETTERS.items():
        words = words.replace(letter, plain)
    return unicodedata.normalize("NFD", words).encode("ascii", "ignore").decode("ascii")


@cache
def _list(language: str) -> _List:
    counts = _counts(language)
    hashes = _hashed(list(counts))
    common = hashes[:0]
    if language in _COMMON:
        common = hashes[np.fromiter(counts.values(), np.int64) >= _COMMON[language]]
    return _List(np.unique(hashes), np.unique(common))


def _counts(language: str) -> Mapping[str, int]:
    """Read a list: how often each word is said, 0 where it is not known."""
    own = _SHIPPED / f"{language}.txt.gz"
    if own.is_file():
        return dict.fromkeys(gzip.decompress(own.read_bytes()).decode("ascii").split(), 0)
    file = files("spellchecker") / "resources" / f"{language}.json.gz"
    counts: dict[str, int] = json.loads(gzip.decompress(file.read_bytes()))
    return counts


def _hashed(words: Sequence[str]) -> Hashes:
    """Hash many words at once: a list of 400,000 takes a tenth of a second."""
    folded = fold("\n".join(words)).encode("ascii", "ignore").split(b"\n")
    numbers = np.array(folded, f"S{_LENGTH}").view(np.uint64).reshape(-1, len(_FACTORS))
    mixed = (numbers * _FACTORS).sum(1, dtype=np.uint64)
    hashes: Hashes = (mixed >> np.uint64(32)).astype(np.uint32)
    return hashes


def _contains(hashes: Hashes, word: str) -> bool:
    (key,) = _hashed([word])
    at = int(np.searchsorted(hashes, key))
    return at < len(hashes) and bool(hashes[at] == key)
