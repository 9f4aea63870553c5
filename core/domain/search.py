"""Queries and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PIL import Image

from core.domain.geometry import Box
from core.domain.item import Item


@dataclass(frozen=True, slots=True)
class Filters:
    """Keep only items with one of these values; an empty tuple keeps all."""

    departments: tuple[str, ...] = ()
    product_types: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.departments or self.product_types)


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for: any mix of words, a picture and a known item.

    Attributes:
        text: Words; embedded, and used for full-text search where ``fulltext`` is on.
        image: A picture (upright RGB).
        item_id: "More like this": the stored vector of a catalogue item; the item itself is left
            out of the results.
        region: Only this part of ``image`` (or of the item's photo).
        minus: Words to move away from.
        filters: Restriction by column.
        k: How many hits at most.
        cutoff: Hide hits that are not clearly closer than the catalogue's average (see
            ``core.search.cutoff``).
        fold_duplicates: Fold items whose photos are near-duplicates under the best of them.
        fulltext: Fuse with full-text search (reciprocal rank fusion) when there is text.
    """

    text: str = ""
    image: Image.Image | None = None
    item_id: str = ""
    region: Box | None = None
    minus: str = ""
    filters: Filters = field(default_factory=Filters)
    k: int = 20
    cutoff: bool = True
    fold_duplicates: bool = True
    fulltext: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """One ranked result.

    Attributes:
        rank: 1 is best.
        item: The item.
        score: What it was ranked by: cosine similarity, or the fused score.
        cosine: Cosine between query and item vector, when it is known.
        zscore: How many standard deviations above this query's average over the catalogue.
        reasons: Short phrases for people: why it is here.
        duplicates: Ids folded under this hit.
        rewrite: The item's rewritten words, empty while there are none.
    """

    rank: int
    item: Item
    score: float
    cosine: float | None = None
    zscore: float | None = None
    reasons: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    rewrite: str = ""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits of one engine for one query.

    Attributes:
        engine: Name of the engine.
        fingerprint: Of the engine that answered (weights, views, rules).
        hits: Best first.
        cut: How many candidates the cut-off hid.
        encode_ms: Time to embed the query, milliseconds.
        search_ms: Time to search and fuse, milliseconds.
    """

    engine: str
    fingerprint: str
    hits: tuple[Hit, ...]
    cut: int
    encode_ms: float
    search_ms: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """One query answered by several engines.

    Attributes:
        results: One per engine, in the order asked for.
        overlap: Share of common items among the top k of two engines (Jaccard), per pair of names.
        ranks: Rank of every returned item per engine: ``ranks[item_id][engine]``.
    """

    results: tuple[SearchResult, ...]
    overlap: Mapping[tuple[str, str], float]
    ranks: Mapping[str, Mapping[str, int]]
