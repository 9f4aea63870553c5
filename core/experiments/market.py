"""What simulated visitors meet: judged queries, the engines' lists, and prices."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from core.errors import ExperimentError


@dataclass(frozen=True, slots=True)
class MarketQuery:
    """A query that visitors ask.

    Attributes:
        text: Its words.
        grades: Item → its grade as a share of the scale's highest, 0 to 1; others are 0.
        rankings: Engine → item ids, best first.
    """

    text: str
    grades: Mapping[str, float]
    rankings: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class MarketItem:
    """What a purchase of an item needs to be told."""

    price: float | None = None
    product_type: str = ""


@dataclass(frozen=True, slots=True)
class Market:
    """Queries in order of how often they are asked, and the items that they find.

    Attributes:
        queries: The queries; the first is asked most often.
        items: Items by id; those left out have no price and no type.
        currency: Currency of all prices.
        steepness: Query r is asked in proportion to r^−steepness.
    """

    queries: tuple[MarketQuery, ...]
    items: Mapping[str, MarketItem] = field(default_factory=dict)
    currency: str = "EUR"
    steepness: float = 0.7

    def __post_init__(self) -> None:
        """Check that there is a query.

        Raises:
            ExperimentError: There is none.
        """
        if not self.queries:
            raise ExperimentError("A simulation needs judged queries in words.")

    def engines(self) -> frozenset[str]:
        """Return the engines that answer every query."""
        return frozenset.intersection(*(frozenset(query.rankings) for query in self.queries))

    def shares(self) -> np.ndarray:
        """Return how often each query is asked, ``[q]``, adding up to 1."""
        weights = np.arange(1, len(self.queries) + 1, dtype=np.float64) ** -self.steepness
        return np.asarray(weights / weights.sum())

    def classes(self) -> tuple[str, ...]:
        """Return ``head`` for the queries of the first half of all searches, else ``tail``."""
        before = np.cumsum(self.shares()) - self.shares()
        return tuple("head" if share < 0.5 else "tail" for share in before)

    def price(self, item_id: str) -> float:
        """Return an item's price; one without gets 5 to 500, always the same for the same id."""
        item = self.items.get(item_id)
        if item is not None and item.price:
            return item.price
        place = int.from_bytes(hashlib.sha256(item_id.encode()).digest()[:4], "big") / 2**32
        return float(round(5 * 100**place, 2))
