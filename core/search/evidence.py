"""Gather what speaks for each candidate of a query: its place among all items, and its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lancedb.expr import Expr

from core.search import words
from core.search.query_words import QueryWords
from core.search.standing import Standing
from core.search.word_match import WordMatch, WordMatcher
from core.store.items import ItemTable
from core.store.items import WordMatch as FullTextMatch
from core.store.vectors import Vectors, VectorTable

#: Id, perceptual hash and cosine of an item.
Near = tuple[str, str, float]
#: Returns the items closest to a vector: so many at most, and only those that pass a filter.
Nearest = Callable[[Vectors, int, Expr | None], list[Near]]

#: A query that keeps to a product type leaves out other types if so many items are of it.
ENOUGH = 5
#: Photos that are looked at for a colour, of candidates whose words say none; 2 ms each at first.
LOOKS = 80
_NO_WORDS = WordMatch()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for one candidate.

    Attributes:
        item_id: The item.
        phash: Perceptual hash of its photo.
        cosine: Cosine of its searched vector to the query's.
        zscore: Standard deviations above the mean cosine over the catalogue.
        text: Cosine of its text's vector to the query's; 0 where the query has no words.
        words: What its words have of the query's.
        same_type: Whether it is of the product type that the query keeps to.
    """

    item_id: str
    phash: str
    cosine: float
    zscore: float
    text: float = 0.0
    words: WordMatch = _NO_WORDS
    same_type: bool = True


@dataclass(frozen=True, slots=True)
class EvidenceQuery:
    """A query, ready to be compared with items.

    Attributes:
        vector: Its vector, ``[d] float32, L2-normalised``.
        words: Its words; ``None`` if it has none.
        matcher: Compares items' words with them; ``None`` where they are not compared.
        count: Number of candidates from each of the two searches.
        condition: Filter that is applied before the search.
        same_type: The same, for the product type that the query keeps to; ``None`` if to none.
        without: Id of the item that is asked with, which is no candidate.
        photo_colours: Returns the share of each basic colour in a photo; ``None`` looks at none.
    """

    vector: Vectors
    words: QueryWords | None
    matcher: WordMatcher | None
    count: int
    condition: Expr | None
    same_type: Expr | None = None
    without: str = ""
    photo_colours: Callable[[str], Mapping[str, float]] | None = None


def gather(
    query: EvidenceQuery, items: ItemTable, table: VectorTable, standing: Standing, nearest: Nearest
) -> tuple[list[Evidence], list[str]]:
    """Return the candidates of vector and full-text search, and the ids of the latter, best first.

    Args:
        query: The query.
        items: The catalogue's items.
        table: The engine's vectors.
        standing: How the query's cosines are spread over the catalogue.
        nearest: Returns the items closest to a vector, with their hash and cosine.
    """
    near, of_type = _near(query, nearest)
    cosines = {item_id: cosine for item_id, _, cosine in near}
    hashes = {item_id: phash for item_id, phash, _ in near}
    text = words.clipped(query.words.wanted) if query.words and query.matcher else ""
    by_words: list[str] = []
    matches: list[FullTextMatch] = []
    if text:
        matches = items.match(text, query.count, query.condition)
        matches = [match for match in matches if match.item_id != query.without]
        hashes |= {match.item_id: match.phash for match in matches}
    texts: dict[str, float] = {}
    if query.words:
        both = table.cosines_of(hashes, query.vector, ["vector", "text_vector"])
        texts = {item_id: text for item_id, (_, text) in both.items()}
        cosines = {item_id: cosine for item_id, (cosine, _) in both.items()} | cosines
        by_words = [match.item_id for match in matches if match.item_id in cosines]
    compared = _compared(query, items, cosines)
    return [
        Evidence(
            item_id,
            hashes[item_id],
            cosine,
            standing.zscore(cosine),
            texts.get(item_id, 0.0),
            compared.get(item_id, _NO_WORDS),
            query.same_type is None or item_id in of_type,
        )
        for item_id, cosine in cosines.items()
    ], by_words


def _near(query: EvidenceQuery, nearest: Nearest) -> tuple[list[Near], set[str]]:
    """Return the closest items, and the ids of those of the product type that is kept to."""

    def closest(condition: Expr | None) -> list[Near]:
        near = nearest(query.vector, query.count + bool(query.without), condition)
        return [match for match in near if match[0] != query.without][: query.count]

    if query.same_type is None:
        return closest(query.condition), set()
    same_type = closest(query.same_type)
    of_type = {item_id for item_id, _, _ in same_type}
    if len(same_type) >= ENOUGH:
        return same_type, of_type
    others = [match for match in closest(query.condition) if match[0] not in of_type]
    return [*same_type, *others], of_type


def _compared(
    query: EvidenceQuery, items: ItemTable, cosines: Mapping[str, float]
) -> dict[str, WordMatch]:
    matcher = query.matcher
    if matcher is None:
        return {}
    texts = items.texts(cosines)
    matches = {item_id: matcher.match(own) for item_id, own in texts.items()}
    silent = [item_id for item_id, own in texts.items() if matcher.asks_photo(own)]
    if query.photo_colours and silent:
        silent.sort(key=lambda item_id: (-(matches[item_id].head or 0), -cosines[item_id]))
        for item_id in silent[:LOOKS]:
            shares = query.photo_colours(texts[item_id].photo)
            matches[item_id] = matcher.match(texts[item_id], shares)
    return matches
