"""Where a cosine stands among all cosines between its query and the catalogue.

For a query vector the cosines to all items have a mean and a standard deviation that follow from
the catalogue's mean and covariance alone (``core.store.statistics``). A hit's z-score is comparable
between text and pictures, engines and catalogues.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.store.statistics import CosineStatistics
from core.store.vectors import Vectors

#: Fewest items for z-scores to mean much (n items allow z-scores up to √n).
SMALLEST = 50


@dataclass(frozen=True, slots=True)
class Standing:
    """Mean and standard deviation of the cosines between one query and all items."""

    mean: float
    deviation: float
    items: int

    @classmethod
    def of(cls, query: Vectors, statistics: CosineStatistics) -> Standing:
        """Compute them for ``query`` ``[d] float32``."""
        return cls(*statistics.moments(query), statistics.rows)

    def zscore(self, cosine: float) -> float:
        """Return the standard deviations above the mean; 0 if all cosines are equal."""
        return (cosine - self.mean) / self.deviation if self.deviation > 1e-6 else 0.0
