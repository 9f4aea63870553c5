"""Order hits so that the first ones differ: maximal marginal relevance.

Carbonell and Goldstein, SIGIR 1998.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.store.vectors import Vectors

#: Weight of being close to the query; the rest is that of differing from the hits before.
CLOSENESS = 0.5
#: Number of hits among which the order may change.
DEPTH = 60


def varied(scores: npt.NDArray[np.float64], vectors: Vectors) -> list[int]:
    """Return positions in the new order; the best hit stays first.

    Args:
        scores: Score of each hit, best first, ``[n]``.
        vectors: Their vectors, ``[n, d] float32, L2-normalised``.
    """
    if len(scores) < 2:
        return list(range(len(scores)))
    alike = vectors @ vectors.T
    close, alike = _scaled(scores), _scaled(alike)
    chosen, left = [0], list(range(1, len(scores)))
    while left:
        nearest = alike[np.ix_(left, chosen)].max(axis=1)
        worth = CLOSENESS * close[left] - (1 - CLOSENESS) * nearest
        chosen.append(left.pop(int(worth.argmax())))
    return chosen


def _scaled(values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    low, high = float(values.min()), float(values.max())
    scaled: npt.NDArray[np.floating] = (values - low) / max(high - low, 1e-9)
    return scaled
