"""Which hits are clearly closer to the query than the catalogue's average.

For a query vector the cosines to all items have a mean and a standard deviation that follow from
the catalogue's mean and covariance alone (``core.store.statistics``). A hit's z-score says how far
it stands out, on one scale for words and pictures, for every engine and every catalogue.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.store.statistics import CosineStatistics
from core.store.vectors import Vectors

#: Smallest z-score of a hit for words, and for pictures. Looked up on 1,100 demo candidates with
#: the compact towers: what people would call a match ends near 2.0 to 2.5 for words and near 1.5
#: for pictures, whose cosines spread wider; nonsense words reach 2.9 at most.
WORDS_THRESHOLD, PICTURE_THRESHOLD = 2.0, 1.5

#: Words that name one thing ("dog") have a few hits far above all others: hits below this share of
#: the best z-score are hidden. Not for pictures, whose best hit may be the picture itself.
SHARE_OF_BEST = 0.5


#: In smaller catalogues averages mean little (of n items none can reach more than √n): no cut-off.
SMALLEST = 50


def threshold(has_picture: bool, best: float, items: int) -> float:
    """The z-score that a hit must reach.

    Args:
        has_picture: A picture or an item is part of the query.
        best: Largest z-score among the candidates.
        items: How many items the averages are of.
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
        """For ``query`` ``[d] float32``."""
        return cls(*statistics.moments(query), statistics.rows)

    def zscore(self, cosine: float) -> float:
        """How many standard deviations above the mean; 0 when all items are alike."""
        return (cosine - self.mean) / self.deviation if self.deviation > 1e-6 else 0.0
