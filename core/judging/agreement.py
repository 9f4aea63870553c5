"""Measure the agreement of annotators: percent agreement, Cohen's κ, Krippendorff's α.

κ comes from scikit-learn (quadratic weights: grades are ordered), α from ``krippendorff``
(ordinal), its interval from ``scipy.stats.bootstrap`` over pairs. Neither is defined if only one
grade occurs; then it is ``None``, and the base rates show the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from core.domain import EventKind, JudgmentEvent

Grades = npt.NDArray[np.float64]

#: Fewest overlapping pairs for an interval.
_FEWEST_FOR_INTERVAL = 10
_RESAMPLES = 999


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two annotators over the pairs that both graded.

    Attributes:
        first: One annotator.
        second: The other.
        pairs: Number of pairs that both graded.
        percent: Share of them with the same grade, 0 to 1.
        kappa: Cohen's κ with quadratic weights, where it is defined.
    """

    first: str
    second: str
    pairs: int
    percent: float
    kappa: float | None


@dataclass(frozen=True, slots=True)
class QueryAgreement:
    """The pairs of one query.

    Attributes:
        query_id: The query.
        judged: Pairs with at least one grade.
        overlapping: Pairs with at least two.
        percent: Share of equal grades among all couples of grades of one pair, 0 to 1.
        alpha: Krippendorff's α, ordinal, where it is defined.
    """

    query_id: str
    judged: int
    overlapping: int
    percent: float | None
    alpha: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """All annotators of a set.

    Attributes:
        annotators: Names of the annotators.
        judged: Pairs with at least one grade.
        overlapping: Pairs with at least two grades; all figures are of these.
        percent: Share of equal grades among all couples of grades of one pair, 0 to 1.
        alpha: Krippendorff's α, ordinal, where it is defined.
        interval: 95 % bootstrap interval of α over pairs, where there are enough of them.
        couples: Every two annotators that share pairs.
        queries: Every query with grades, the least agreed-on first.
        base_rates: Share of each grade among all grades.
    """

    annotators: tuple[str, ...]
    judged: int
    overlapping: int
    percent: float | None
    alpha: float | None
    interval: tuple[float, float] | None
    couples: tuple[PairAgreement, ...]
    queries: tuple[QueryAgreement, ...]
    base_rates: dict[int, float]


def agreement(events: Iterable[JudgmentEvent]) -> Agreement:
    """Measure the agreement of current labels (one per annotator and pair); skips don't count."""
    graded = [e for e in events if e.kind is EventKind.GRADE and e.grade is not None]
    annotators, pairs, table = grade_table(graded)
    counts = Counter(int(event.grade or 0) for event in graded)
    couples = tuple(
        couple
        for first, second in combinations(range(len(annotators)), 2)
        if (couple := _couple(annotators[first], annotators[second], table[first], table[second]))
    )
    units = value_counts(table)
    alpha = alpha_of(units)
    return Agreement(
        annotators=annotators,
        judged=len(pairs),
        overlapping=len(units),
        percent=percent_of(units),
        alpha=alpha,
        interval=_interval(units) if alpha is not None else None,
        couples=couples,
        queries=_by_query(pairs, table),
        base_rates={grade: counts[grade] / len(graded) for grade in sorted(counts)},
    )


def grade_table(
    graded: Sequence[JudgmentEvent],
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...], Grades]:
    """Return annotators, pairs, and grades ``[annotators, pairs] float64``, NaN for no grade."""
    annotators = tuple(sorted({event.annotator for event in graded}))
    pairs = tuple(sorted({(event.query_id, event.item_id) for event in graded}))
    rows = {name: number for number, name in enumerate(annotators)}
    columns = {pair: number for number, pair in enumerate(pairs)}
    table = np.full((len(annotators), len(pairs)), np.nan)
    for event in graded:
        table[rows[event.annotator], columns[(event.query_id, event.item_id)]] = event.grade
    return annotators, pairs, table


def value_counts(table: Grades) -> npt.NDArray[np.int64]:
    """Count the grades of pairs with two or more: ``[pairs, grades] int64``."""
    values = np.unique(table[~np.isnan(table)])
    counts = (table[:, :, None] == values).sum(axis=0)
    several: npt.NDArray[np.int64] = counts[counts.sum(axis=1) > 1]
    return several


def percent_of(units: npt.NDArray[np.int64]) -> float | None:
    """Return the share of equal grades among all couples of grades of one pair."""
    totals = units.sum(axis=1)
    couples = float((totals * (totals - 1)).sum())
    return float((units * (units - 1)).sum()) / couples if couples else None


def alpha_of(units: npt.NDArray[np.int64]) -> float | None:
    """Return Krippendorff's α, ordinal, of value counts; ``None`` if it is not defined."""
    import krippendorff  # slow to import: only when asked for

    units = units[:, units.sum(axis=0) > 0]
    if units.shape[1] < 2:
        return None
    return float(krippendorff.alpha(value_counts=units, level_of_measurement="ordinal"))


def kappa_of(first: Sequence[int], second: Sequence[int]) -> float | None:
    """Return Cohen's κ, weighted by squared grade distance; ``None`` if it is not defined.

    A grade between that nobody gave counts as a step, too.
    """
    from sklearn.metrics import cohen_kappa_score  # slow to import: only when asked for

    given = {*first, *second}
    if len(given) < 2:
        return None
    steps = range(min(given), max(given) + 1)
    return float(cohen_kappa_score(first, second, labels=list(steps), weights="quadratic"))


def _couple(
    first: str, second: str, first_grades: Grades, second_grades: Grades
) -> PairAgreement | None:
    both = ~np.isnan(first_grades) & ~np.isnan(second_grades)
    if not both.any():
        return None
    a, b = first_grades[both].astype(int).tolist(), second_grades[both].astype(int).tolist()
    percent = float(np.mean(np.equal(a, b)))
    return PairAgreement(first, second, len(a), percent, kappa_of(a, b))


def _by_query(pairs: Sequence[tuple[str, str]], table: Grades) -> tuple[QueryAgreement, ...]:
    columns: dict[str, list[int]] = {}
    for number, (query_id, _) in enumerate(pairs):
        columns.setdefault(query_id, []).append(number)
    agreements = []
    for query_id, numbers in columns.items():
        units = value_counts(table[:, numbers])
        agreements.append(
            QueryAgreement(query_id, len(numbers), len(units), percent_of(units), alpha_of(units))
        )
    return tuple(sorted(agreements, key=lambda e: (e.percent is None, e.percent, e.query_id)))


def _interval(units: npt.NDArray[np.int64]) -> tuple[float, float] | None:
    """Bootstrap a 95 % percentile interval over pairs; constant resamples count as 1.

    Pairs with the same grades are drawn together (a multinomial draw), so a resample of many
    pairs costs as little as one of few.
    """
    if len(units) < _FEWEST_FOR_INTERVAL:
        return None
    kinds, times = np.unique(units, axis=0, return_counts=True)
    draws = np.random.default_rng(0).multinomial(len(units), times / len(units), _RESAMPLES)
    low, high = np.percentile(_alphas(kinds, draws), (2.5, 97.5))
    return float(low), float(high)


def _alphas(kinds: npt.NDArray[np.int64], draws: npt.NDArray[np.int64]) -> Grades:
    """Return the ordinal α of each resample, 1 where only one grade occurs: ``[draws] float64``.

    Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), equations for ordinal data.

    Args:
        kinds: Counts of grades, of two and more people: ``[kinds, grades]``.
        draws: How often each kind is drawn: ``[draws, kinds]``.
    """
    grades = kinds.shape[1]
    together = kinds[:, :, None] * kinds[:, None, :] - kinds[:, :, None] * np.eye(grades)
    together = together / (kinds.sum(axis=1) - 1)[:, None, None]
    seen = (draws @ together.reshape(len(kinds), -1)).reshape(-1, grades, grades)
    counts = seen.sum(axis=2)  # of each grade
    below = np.cumsum(counts, axis=1)
    middle = below - counts / 2
    distances = (middle[:, :, None] - middle[:, None, :]) ** 2
    total = counts.sum(axis=1)
    expected = (counts[:, :, None] * counts[:, None, :] * distances).sum(axis=(1, 2)) / (total - 1)
    observed = (seen * distances).sum(axis=(1, 2))
    return np.where(expected > 0, 1 - observed / np.where(expected > 0, expected, 1), 1.0)
