"""Intervals of any estimate from a log: repeat it without each group of visitors in turn.

Delete-a-group jackknife (Kott: The delete-a-group jackknife, Journal of Official Statistics 17,
2001). Groups are whole visitors, so one visitor's searches stay together. With G groups the
variance is (G − 1) / G · Σ (estimate without g − estimate)², and the interval has Student's t with
G − 1 degrees of freedom.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def jackknife(whole: Floats, without: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return lower and upper ends of the estimates' intervals, ``[n]`` each.

    Args:
        whole: Estimates from all visitors, ``[n]``.
        without: The same without each group, ``[groups, n]``.
        level: Level of the interval.
    """
    from scipy import stats  # slow to import

    groups = len(without)
    variance = (groups - 1) / groups * ((without - whole) ** 2).sum(axis=0)
    reach = float(stats.t.ppf(0.5 + level / 2, groups - 1)) * np.sqrt(variance)
    return whole - reach, whole + reach
