"""Search queries and results."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from PIL import Image

from core.domain.geometry import Box
from core.domain.item import Item

#: Facets that are no attributes.
_BUILT_IN = frozenset({"department", "product_type", "price"})


def attribute_facet(name: str) -> str:
    """Return the name of an attribute's facet; never that of a built-in facet.

    A file may have a further column called ``price`` or ``department``.
    """
    return f"{name} (attribute)" if name in _BUILT_IN else name


@dataclass(frozen=True, slots=True)
class Filters:
    """Keep only items that pass every facet; a facet passes with any of its values.

    Attributes:
        departments: Empty keeps all.
        product_types: Empty keeps all.
        attributes: ``(name, value)`` pairs, for example ``("colour", "red")``.
        price_from: Lowest price, of any variant; items without a number as price do not pass.
        price_to: Highest price.
    """

    departments: tuple[str, ...] = ()
    product_types: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    price_from: float | None = None
    price_to: float | None = None

    def __bool__(self) -> bool:
        return bool(self.departments or self.product_types) or self.needs_items

    @property
    def has_price(self) -> bool:
        """There is a lowest or a highest price."""
        return self.price_from is not None or self.price_to is not None

    @property
    def needs_items(self) -> bool:
        """Only the items themselves tell what passes: the vectors know neither of these."""
        return bool(self.attributes) or self.has_price

    def by_facet(self) -> dict[str, tuple[str, ...]]:
        """Return the wanted values by the facet's name, ``department`` and ``product_type`` too."""
        facets = {"department": [*self.departments], "product_type": [*self.product_types]}
        for name, value in self.attributes:
            facets.setdefault(attribute_facet(name), []).append(value)
        return {name: tuple(values) for name, values in facets.items() if values}

    def takes_price(self, price: float | None) -> bool:
        """Tell whether a price is in the range."""
        if not self.has_price:
            return True
        low = -math.inf if self.price_from is None else self.price_from
        high = math.inf if self.price_to is None else self.price_to
        return price is not None and low <= price <= high


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a facet, and how many items have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """Something that items are filtered by: its name and its values, most frequent first."""

    name: str
    values: tuple[FacetValue, ...]


@dataclass(frozen=True, slots=True)
class FacetView:
    """What a catalogue can be filtered by.

    Attributes:
        facets: Department, product type, then attributes.
        prices: The lowest and the highest price; ``None`` where no price is a number.
        unknown: ``(facet, value)`` pairs that were asked for and that no item has.
    """

    facets: tuple[Facet, ...]
    prices: tuple[float, float] | None = None
    unknown: tuple[tuple[str, str], ...] = ()


class Sort(StrEnum):
    """The order of results."""

    MATCH = "match"
    CHEAPEST = "cheapest"
    DEAREST = "dearest"


@dataclass(frozen=True, slots=True)
class Query:
    """A search query: any combination of text, a picture and a catalogue item.

    Attributes:
        text: Text; it is embedded, and used for full-text search if ``fulltext`` is on.
        image: A picture (upright RGB).
        item_id: Find items similar to this one by its stored vector; the item itself is left out
            of the results.
        region: Use only this part of ``image`` (or of the item's photo).
        minus: Text whose vector is subtracted.
        filters: Restriction by column.
        k: Maximum number of hits.
        cutoff: Hide hits that are not clearly closer than the catalogue's average (see
            ``core.search.standing``).
        fold_duplicates: Fold items whose photos are near-duplicates under the best of them.
        fulltext: Compare the words of items, too, if there is text.
        language: Language of the text (ISO 639-1); empty finds it.
        any_type: With an item alone: items of other product types are hits, too, however many are
            of its own.
        varied: Order hits so that the first ones differ from each other.
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
    language: str = ""
    any_type: bool = False
    varied: bool = False


class Strength(StrEnum):
    """How strong a match is, in a word for people."""

    STRONG = "strong"
    FAIR = "fair"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Match:
    """How well one side of an item, its photo or its words, matches a query.

    Attributes:
        probability: Estimated probability that such a match is a right answer, 0 to 1.
        strength: The same in a word.
    """

    probability: float
    strength: Strength


@dataclass(frozen=True, slots=True)
class Hit:
    """One ranked result.

    Attributes:
        rank: 1 is best.
        item: The item.
        score: The ranking score: cosine similarity, or the fused score.
        cosine: Cosine between query and item vector, if known.
        zscore: Standard deviations above this query's mean cosine over the catalogue.
        reasons: Short phrases for people on why it is a hit.
        duplicates: Ids folded under this hit.
        rewrite: The item's rewritten text; empty if there is none.
        photo: How well its photo matches.
        words: How well its words match; ``None`` if the query has none.
        probability: Estimated probability that it is a right answer, 0 to 1.
    """

    rank: int
    item: Item
    score: float
    cosine: float | None = None
    zscore: float | None = None
    reasons: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    rewrite: str = ""
    photo: Match | None = None
    words: Match | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits of one engine for one query.

    Attributes:
        engine: Name of the engine.
        fingerprint: Fingerprint of the engine (weights, views, rules).
        hits: Hits, best first.
        cut: Number of candidates that the cut-off hid.
        encode_ms: Time to embed the query, milliseconds.
        search_ms: Time to search and fuse, milliseconds.
        language: Language that the text was read in (ISO 639-1); empty where there is no text, or
            where the engine reads one language only.
        english: The text in English, where it was searched with instead; empty if it was not.
        close: Whether a hit is likely to be what was asked for; if not, the hits are the nearest.
        verdict: A sentence for people where there is no close match; empty if there is one.
        unwanted: What the words of the query exclude; empty if nothing.
        off_colour: A sentence where the query names a colour that none of the hits is known to
            have; empty otherwise.
    """

    engine: str
    fingerprint: str
    hits: tuple[Hit, ...]
    cut: int
    encode_ms: float
    search_ms: float
    language: str = ""
    english: str = ""
    close: bool = True
    verdict: str = ""
    unwanted: str = ""
    off_colour: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One query answered by several engines.

    Attributes:
        results: One per engine, in the requested order.
        overlap: Jaccard overlap of the hits of two engines, per pair of names.
        ranks: Rank of every returned item per engine: ``ranks[item_id][engine]``.
    """

    results: tuple[SearchResult, ...]
    overlap: Mapping[tuple[str, str], float]
    ranks: Mapping[str, Mapping[str, int]]
