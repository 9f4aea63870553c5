"""How far an item has the colours of a query: by its colour column, its words, its photo."""

from __future__ import annotations

from collections.abc import Mapping

from core.search.colour_words import ColourWords
from core.search.query_words import QueryWords
from core.search.words import stem
from core.store.items import ItemWords

#: Credit of a shade's basic colour: "blue" for "navy".
SHADE = 0.8
#: Credit of a colour that an item's words name beside another one in its colour column: of a brand
#: such as "Red Tape", or of a detail.
BESIDE = 0.3
#: Chosen on luma and myntra so that neither loses (benchmarks/README.md); with more credit luma
#: gains more and myntra, whose photos show models, loses.
#: Share of a product's pixels from which a photo shows a colour fully, and from which at all.
FULL, LEAST = 0.8, 0.3
#: Credit of a colour that only the photo tells.
IN_PHOTO = 0.5
#: Part of a colour's credit in the order of hits where the column names another one first: of
#: "red; white" shoes in a search for white ones.
FURTHER = 0.6


class WantedColours:
    """The colours that a query names.

    Args:
        query: The query's words.
        words: Tells which words name colours.
        foreign: The query is in another language than English, whose words for colours are never
            taken for things: "rouge" is red.
    """

    def __init__(self, query: QueryWords, words: ColourWords, *, foreign: bool = False) -> None:
        self._words, self._foreign = words, foreign
        named = {word: words.basic(word) for word in query.words}
        self._wanted = {
            word: basic
            for word, basic in named.items()
            if basic and not (stem(word) == query.head and self._is_thing(word))
        }

    def asks_photo(self, texts: ItemWords) -> bool:
        """Tell whether an item's words say nothing about its colour."""
        return bool(self._wanted) and not self._stated(texts)

    def credit(
        self, texts: ItemWords, stems: frozenset[str], shares: Mapping[str, float] | None
    ) -> dict[str, float]:
        """Return how far an item has each colour, 0 to 1, by the query's word.

        Args:
            texts: Its words.
            stems: Stems of its title, type, attributes and rewrite.
            shares: Share of each basic colour in its photo's product; ``None`` if not looked at.
        """
        stated = self._stated(texts)
        return {
            word: self._credit(word, basic, stated, stem(word) in stems, shares or {})
            for word, basic in self._wanted.items()
        }

    def agreement(self, texts: ItemWords, credit: Mapping[str, float]) -> float | None:
        """Return how far an item's main colour is the one asked for, 0 to 1; ``None`` if none is.

        Args:
            texts: Its words.
            credit: How far it has each colour.
        """
        if not self._wanted:
            return None
        main = self._words.first_in(texts.colour)
        parts = [
            credit[word] * (1.0 if main in ("", basic) else FURTHER)
            for word, basic in self._wanted.items()
        ]
        return sum(parts) / len(parts)

    def _credit(
        self, word: str, basic: str, stated: frozenset[str], said: bool, shares: Mapping[str, float]
    ) -> float:
        if basic in stated:
            return 1.0 if said or word == basic else SHADE
        if stated:
            return BESIDE if said else 0.0
        if said:
            return 1.0
        share = shares.get(basic, 0.0)
        if share < LEAST or self._is_doubtful(word):
            return 0.0
        return IN_PHOTO * min(1.0, share / FULL)

    def _stated(self, texts: ItemWords) -> frozenset[str]:
        column = self._words.named_in(texts.colour, sure=False) if texts.colour else frozenset()
        return column or self._words.named_in(texts.named)

    def _is_thing(self, word: str) -> bool:
        return self._is_doubtful(word) or (word == "orange" and not self._foreign)

    def _is_doubtful(self, word: str) -> bool:
        return not self._foreign and self._words.is_doubtful(word)
