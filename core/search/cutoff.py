"""Which hits are clearly closer to the query than the catalogue's average.

For a query vector the cosines to all items have a mean and a standard deviation that follow from
the catalogue's mean and covariance alone (``core.store.statistics``). A hit's z-score says how far
it stands out, on one scale for words and pictures, for every engine and every catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.store.statistics import CosineStatistics
from core.store.vectors import Vectors

#: Hits below are hidden.
Z_THRESHOLD = 1.5


@dataclass(frozen=True, slots=True)
class Standing:
    """Mean and standard deviation of the cosines between one query and all items."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, query: Vectors, statistics: CosineStatistics) -> Standing:
        """For ``query`` ``[d] float32``."""
        return cls(*statistics.moments(query))

    def zscore(self, cosine: float) -> float:
        """How many standard deviations above the mean; 0 when all items are alike."""
        return (cosine - self.mean) / self.deviation if self.deviation > 1e-6 else 0.0
