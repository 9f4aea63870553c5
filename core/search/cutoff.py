"""Decide which hits are clearly closer to the query than the catalogue's average.

For a query vector the cosines to all items have a mean and a standard deviation that follow from
the catalogue's mean and covariance alone (``core.store.statistics``). A hit's z-score is comparable
between text and pictures, engines and catalogues.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.store.statistics import CosineStatistics
from core.store.vectors import Vectors

#: Smallest z-score of a hit for text, and for pictures. Chosen on 1,100 demo candidates with the
#: compact towers: people's matches end near 2.0 to 2.5 for text and near 1.5 for pictures, whose
#: cosines vary more; nonsense text reaches 2.9 at most.
WORDS_THRESHOLD, PICTURE_THRESHOLD = 2.0, 1.5

#: Text that names one thing ("dog") has a few hits far above all others: hits below this share of
#: the best z-score are hidden. Not for pictures, whose best hit may be the picture itself.
SHARE_OF_BEST = 0.5


#: Fewest items for a cut-off; with less, averages mean little (n items allow z-scores up to √n).
SMALLEST = 50


def threshold(has_picture: bool, best: float, items: int) -> float:
    """Return the smallest z-score of a hit; minus infinity in a small catalogue.

    Args:
        has_picture: Whether a picture or an item is part of the query.
        best: Largest z-score among the candidates.
        items: Number of items that the averages are taken over.
    """
    if items < SMALLEST:
        return -math.inf
    return PICTURE_THRESHOLD if has_picture else max(WORDS_THRESHOLD, SHARE_OF_BEST * best)


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
