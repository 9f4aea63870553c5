"""Draw calibration pairs, which everybody judges."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from core.domain import Pair
from core.judging.state import PairKey


def drawn(pairs: Iterable[Pair], count: int) -> frozenset[PairKey]:
    """Draw ``count`` pairs at random; all where there are fewer.

    Each pair has the same chance, whichever engines found it, and each choice of so many pairs has,
    too. So the pairs favour no engine in expectation, and whoever knows that a pair is one of them
    learns nothing about it. Pairs of which every engine found equally many would tell: a single one
    is always found by all engines.
    """
    keys = sorted({pair.key for pair in pairs})
    return frozenset(secrets.SystemRandom().sample(keys, min(max(count, 0), len(keys))))
