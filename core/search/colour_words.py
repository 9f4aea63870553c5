"""Words for colours, in the languages that queries are read in, as basic colours."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from core.base import colours
from core.search.words import UNSPACED, content_words

#: Families of ``colours.toml`` that are no basic colours, and what a photo shows of them.
_AS_BASIC = {"silver": "grey", "gold": "yellow"}


class ColourWords:
    """Tells which basic colour (``core.base.colours``) a word names: "navy" is blue.

    Args:
        folder: Folder of the vocabularies (`data/vocabularies`).
        things: Words that name things, too, such as "plum"; in a text they may not mean a colour.
    """

    def __init__(self, folder: Path, things: frozenset[str] = frozenset()) -> None:
        table = tomllib.loads((folder / "colours.toml").read_text("utf-8"))
        self._basic: dict[str, str] = {}
        for family, terms in table["families"].items():
            basic = _AS_BASIC.get(family, family)
            for term in terms:
                for spelling in (term, *table["terms"].get(term, ())):
                    self._basic.setdefault(spelling, basic)
        others = tomllib.loads((folder / "colour_words.toml").read_text("utf-8"))
        for basic, languages in others.items():
            for words in languages.values():
                self._basic |= {word: basic for word in words.split() if word not in self._basic}
        self._basic |= {name: name for name in colours.NAMES}
        self._doubtful = frozenset(set(self._basic) & things - set(colours.NAMES))
        self._parts = sorted((w for w in self._basic if UNSPACED.search(w)), key=len, reverse=True)

    def basic(self, word: str) -> str:
        """Return the basic colour that a word in small letters names; empty if none."""
        if UNSPACED.search(word):
            return next((self._basic[part] for part in self._parts if part in word), "")
        return self._basic.get(word, "")

    def is_word(self, word: str) -> bool:
        """Tell whether a whole word in small letters names a colour."""
        return word in self._basic

    def is_doubtful(self, word: str) -> bool:
        """Tell whether a word for a colour also names a thing, such as "plum"."""
        return word in self._doubtful

    def without(self, text: str) -> str:
        """Return a text without its words for colours."""
        kept = [word for word in text.split() if not self._is_colour(word)]
        rest = " ".join(kept)
        for part in self._parts:
            rest = rest.replace(part, "")
        return rest.strip()

    def _is_colour(self, word: str) -> bool:
        plain = word.casefold().strip(".,;")
        return not UNSPACED.search(word) and plain in self._basic

    @lru_cache(maxsize=8192)  # noqa: B019 - one object lives as long as the process
    def named_in(self, text: str, *, sure: bool = True) -> frozenset[str]:
        """Return the basic colours that a text names.

        Args:
            text: An item's words, or the value of its colour column.
            sure: Leave out words that may name a thing.
        """
        words = content_words(text)
        named = {self.basic(word) for word in words if not (sure and self.is_doubtful(word))}
        return frozenset(named - {""})

    def first_in(self, text: str) -> str:
        """Return the basic colour that the value of a colour column names first; empty if none."""
        return next((basic for word in content_words(text) if (basic := self.basic(word))), "")
