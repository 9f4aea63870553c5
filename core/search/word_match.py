"""How well an item's words answer a query's: which it has, how much they say, and its noun."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from core.base.title_nouns import TitleNouns
from core.search.colour_match import WantedColours
from core.search.query_words import QueryWords
from core.search.word_families import Phrase, WordFamilies
from core.search.words import UNSPACED, content_words, parts, stem
from core.store.items import ItemWords

#: Credit of a word that only the description has: it often tells of other things, too.
IN_DESCRIPTION = 0.3
#: Credit for the query's noun where the item's words have it, but as another thing's: the table
#: of "table lamp".
AS_PART = 0.3
#: Words before a thing, or its ending, that say that the item has none of it.
_NONE = re.compile(
    r"(?:\b(?:without|no|not|non|w/o|excl|excluding|ohne|sans)\W+(?:\w+\W+)?)$", re.I
)


@dataclass(frozen=True, slots=True)
class WordMatch:
    """What an item's words have of a query's.

    Attributes:
        shared: The query's words that the item has, in the query's order.
        seen: Its colours that the item's words don't say and its photo shows.
        missing: Words that it does not have.
        cover: Share of the query's words that it has, each weighted by how rare it is, 0 to 1.
        head: How far the item is what the query names, 0 to 1; ``None`` if the noun is unknown.
        unwanted: A word that the query excludes and the item has; empty if none.
        colour: How far the query's colours are its main ones, 0 to 1; ``None`` if it names none.
    """

    shared: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    cover: float = 0.0
    head: float | None = None
    unwanted: str = ""
    seen: tuple[str, ...] = ()
    colour: float | None = None


class WordMatcher:
    """Compares items' words with one query's.

    Args:
        query: The query's words.
        unwanted: What the query excludes.
        rarity: Weight of each of the query's stems; see ``rarity``.
        nouns: Finds the noun of a title.
        families: What the words that are excluded exclude with them.
        colours: The colours of the query; without them they are words like others.
    """

    def __init__(
        self,
        query: QueryWords,
        unwanted: str,
        rarity: Mapping[str, float],
        nouns: TitleNouns,
        families: WordFamilies | None = None,
        colours: WantedColours | None = None,
    ) -> None:
        self._query, self._nouns, self._rarity = query, nouns, rarity
        self._colours = colours
        self._unwanted = _unwanted(unwanted, families) if unwanted else ()

    def asks_photo(self, texts: ItemWords) -> bool:
        """Tell whether only the photo can tell if an item has the colours that are asked for."""
        return self._colours is not None and self._colours.asks_photo(texts)

    def match(self, texts: ItemWords, shares: Mapping[str, float] | None = None) -> WordMatch:
        """Compare one item.

        Args:
            texts: Its words.
            shares: Share of each basic colour in its photo's product; ``None`` if not looked at.
        """
        named, described = _stems(texts.named), _stems(texts.description)
        credit = {
            word: max(_share(word, texts.named, named),
                      IN_DESCRIPTION * _share(word, texts.description, described))
            for word in self._query.words
        }  # fmt: skip
        colours = self._colours.credit(texts, named, shares) if self._colours else {}
        seen: set[str] = set()
        if self._colours and self._colours.asks_photo(texts):  # a description may say it, too
            seen = {word for word, share in colours.items() if share and not credit[word]}
            colours = {word: max(share, credit[word]) for word, share in colours.items()}
        credit |= colours
        weights = {word: self._rarity.get(stem(word), 1.0) for word in credit}
        total = sum(weights.values())
        cover = sum(weights[word] * credit[word] for word in credit) / total if total else 0.0
        return WordMatch(
            shared=tuple(word for word in self._shared(texts, credit) if word not in seen),
            missing=tuple(word for word, share in credit.items() if not share),
            cover=cover,
            head=self._head(texts, named, described) if self._query.head else None,
            unwanted=self._has_unwanted(texts.named),
            seen=tuple(word for word in credit if word in seen),
            colour=self._colours.agreement(texts, colours) if self._colours else None,
        )

    def _shared(self, texts: ItemWords, credit: Mapping[str, float]) -> Iterable[str]:
        for word, share in credit.items():
            if share and UNSPACED.search(word):
                yield from parts(word, f"{texts.named}\n{texts.description}".casefold())
            elif share:
                yield word

    def _head(self, texts: ItemWords, named: frozenset[str], described: frozenset[str]) -> float:
        head = self._query.head
        if head in _heads(texts.title, texts.product_type, self._nouns):
            return 1.0
        if head in named:
            return AS_PART
        return AS_PART * IN_DESCRIPTION if head in described else 0.0

    def _has_unwanted(self, named: str) -> str:
        return next((part.text for part in self._unwanted if part.is_in(named)), "")


def rarity(counts: Mapping[str, int], rows: int, stems: Iterable[str]) -> dict[str, float]:
    """Return BM25's weight of each stem: much for a rare word, nearly nothing for one everywhere.

    Args:
        counts: In how many of the rows a stem stands.
        rows: Number of rows that were counted.
        stems: The stems to weigh.
    """
    return {
        name: math.log(1 + (rows - counts.get(name, 0) + 0.5) / (counts.get(name, 0) + 0.5))
        for name in stems
    }


@dataclass(frozen=True, slots=True)
class _Unwanted:
    """One thing that is excluded: phrases that say it whole, and phrases for each of its words."""

    text: str
    whole: frozenset[Phrase]
    words: tuple[frozenset[Phrase], ...]

    def is_in(self, named: str) -> bool:
        return _has_any(named, self.whole) or (
            len(self.words) > 1 and all(_has_any(named, phrases) for phrases in self.words)
        )


def _unwanted(unwanted: str, families: WordFamilies | None) -> tuple[_Unwanted, ...]:
    def phrases(text: str) -> frozenset[Phrase]:
        own = tuple(map(stem, content_words(text)))
        return families.of(text) if families else frozenset({own})

    parts = (content_words(part) for part in re.split(r"[,;]", unwanted))
    return tuple(
        _Unwanted(" ".join(words), phrases(" ".join(words)), tuple(map(phrases, words)))
        for words in parts
        if words
    )


def _has_any(named: str, phrases: frozenset[Phrase]) -> bool:
    stems = _stems(named)
    return any(
        all(word in stems for word in phrase) and not _denied(named, phrase[-1])
        for phrase in phrases
    )


def _denied(text: str, word: str) -> bool:
    """Tell whether every mention of a stem says that the item has none: "without cushion"."""
    mentions = [m for m in re.finditer(r"\w+", text) if stem(m.group().casefold()) == word]
    return bool(mentions) and all(
        _NONE.search(text[max(0, m.start() - 30) : m.start()])
        or re.match(r"[\s-]?(?:free|less)\b", text[m.end() :], re.I)
        for m in mentions
    )


def _share(word: str, text: str, stems: frozenset[str]) -> float:
    """Return how much of a word a text has: parts of it in scripts without blanks, else all."""
    if stem(word) in stems:
        return 1.0
    if not UNSPACED.search(word):
        return 0.0
    return sum(map(len, parts(word, text.casefold()))) / len(word)


@lru_cache(maxsize=4096)
def _stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, content_words(text)))


@lru_cache(maxsize=8192)
def _heads(title: str, product_type: str, nouns: TitleNouns) -> frozenset[str]:
    """Return the stems of the nouns that name an item: its title's and its type's last word."""
    noun = content_words(nouns.head(title))
    kind = [stem(words[-1]) for part in product_type.split("/") if (words := content_words(part))]
    return frozenset([*map(stem, noun[-1:]), *kind])
