"""Confidence intervals and paired tests with SciPy; seeded, so equal values give equal figures.

Queries are resampled, not results, to estimate the figures for another sample of such queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from core.domain import PairedTest, Score

RESAMPLES = 2_000
PERMUTATIONS = 9_999
#: Resamples drawn at once, so that memory stays small with thousands of queries.
_BATCH = 100
_SEED = 20250724

Sample = npt.NDArray[np.float64]


def interval(values: Sequence[float] | Sample) -> Score:
    """Return the mean with its 95 % percentile bootstrap interval over the queries."""
    sample = np.asarray(values, dtype=np.float64)
    mean = float(sample.mean()) if len(sample) else 0.0
    if len(sample) < 2:
        return Score(mean)
    from scipy import stats  # slow to import

    confidence = stats.bootstrap(
        (sample,),
        np.mean,
        n_resamples=RESAMPLES,
        batch=_BATCH,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    return Score(mean, float(confidence.low), float(confidence.high))


def paired_p(first: Sample, second: Sample) -> float:
    """Return the two-sided p of a paired randomisation test on the mean (Smucker et al. 2007)."""
    differences = np.asarray(second, np.float64) - np.asarray(first, np.float64)
    changed = differences[differences != 0]  # swapping equal values has no effect
    if len(changed) < 2:  # a single difference is as likely with the opposite sign
        return 1.0
    from scipy import stats

    test = stats.permutation_test(
        (changed,),
        _mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=PERMUTATIONS,
        batch=1_000,
        alternative="two-sided",
        rng=np.random.default_rng(_SEED),
    )
    return float(test.pvalue)


def compare(
    values: Mapping[str, Mapping[str, Sample]],
    measures: Sequence[str],
    engines: Sequence[tuple[str, str]] | None = None,
    main: str | None = None,
) -> tuple[PairedTest, ...]:
    """Test pairs of engines on every measure; correct p for the number of tests.

    p of the main measure, which answers the question, is corrected over the pairs of engines
    only, so that further columns do not change the verdict; p of the other measures over all
    their tests (false discovery rate, Benjamini and Hochberg).

    Args:
        values: ``values[engine][measure]``, one number per query, in the same order everywhere.
        measures: Measures to test.
        engines: Pairs to test, the baseline first; all pairs if not given.
        main: The main measure; none if not given.
    """
    chosen = tuple(combinations(values, 2) if engines is None else engines)
    pairs = [(m, a, b) for a, b in chosen for m in measures]
    if not pairs:
        return ()
    raw = [paired_p(values[a][m], values[b][m]) for m, a, b in pairs]
    from scipy import stats

    corrected = dict[int, float]()
    for family in (True, False):
        places = [place for place, (m, _, _) in enumerate(pairs) if (m == main) is family]
        if places:
            ps = stats.false_discovery_control([raw[place] for place in places], method="bh")
            corrected |= zip(places, map(float, ps), strict=True)
    return tuple(
        PairedTest(m, a, b, interval(values[b][m] - values[a][m]), raw[place], corrected[place])
        for place, (m, a, b) in enumerate(pairs)
    )


def corrected(tests: Sequence[PairedTest]) -> tuple[PairedTest, ...]:
    """Correct the tests' p for their number (Benjamini and Hochberg)."""
    if not tests:
        return ()
    from scipy import stats

    ps = stats.false_discovery_control([test.p for test in tests], method="bh")
    return tuple(replace(test, corrected=float(p)) for test, p in zip(tests, ps, strict=True))


def _mean(sample: Sample, axis: int = -1) -> Sample:
    return np.asarray(np.mean(sample, axis=axis))
