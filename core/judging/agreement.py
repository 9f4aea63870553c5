"""How far annotators agree: percent agreement, Cohen's κ, Krippendorff's α.

κ comes from scikit-learn (quadratic weights: grades are ordered), α from ``krippendorff``
(ordinal). Neither is defined where only one grade occurs; then it is ``None``, and the base rates
say why.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from core.domain import EventKind, JudgmentEvent


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two annotators over the pairs that both graded.

    Attributes:
        first: One annotator.
        second: The other.
        pairs: How many pairs both graded.
        percent: Share of them with the same grade, 0 to 1.
        kappa: Cohen's κ with quadratic weights, where it is defined.
    """

    first: str
    second: str
    pairs: int
    percent: float
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """All annotators of a set.

    Attributes:
        annotators: Who graded.
        judged: Pairs with at least one grade.
        overlapping: Pairs with at least two grades; only these say anything here.
        percent: Share of equal grades among all couples of grades of one pair, 0 to 1.
        alpha: Krippendorff's α, ordinal, where it is defined.
        couples: Every two annotators that share pairs.
        base_rates: Share of each grade among all grades.
    """

    annotators: tuple[str, ...]
    judged: int
    overlapping: int
    percent: float | None
    alpha: float | None
    couples: tuple[PairAgreement, ...]
    base_rates: dict[int, float]


def agreement(events: Iterable[JudgmentEvent]) -> Agreement:
    """Agreement of current labels (at most one per annotator and pair); skips don't count."""
    graded = [e for e in events if e.kind is EventKind.GRADE and e.grade is not None]
    annotators = tuple(sorted({event.annotator for event in graded}))
    table = _table(graded, annotators)
    counts = Counter(int(event.grade or 0) for event in graded)
    couples = tuple(
        couple
        for one, two in combinations(range(len(annotators)), 2)
        if (couple := _couple(annotators[one], annotators[two], table[one], table[two]))
    )
    same = sum(couple.percent * couple.pairs for couple in couples)
    shared = sum(couple.pairs for couple in couples)
    return Agreement(
        annotators=annotators,
        judged=table.shape[1],
        overlapping=int((np.sum(~np.isnan(table), axis=0) > 1).sum()) if table.size else 0,
        percent=same / shared if shared else None,
        alpha=_alpha(table),
        couples=couples,
        base_rates={grade: counts[grade] / len(graded) for grade in sorted(counts)},
    )


def _table(graded: list[JudgmentEvent], annotators: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """Grades ``[annotators, pairs] float64``, NaN where there is none."""
    pairs = {
        pair: number
        for number, pair in enumerate(sorted({(e.query_id, e.item_id) for e in graded}))
    }
    rows = {name: number for number, name in enumerate(annotators)}
    table = np.full((len(annotators), len(pairs)), np.nan)
    for event in graded:
        table[rows[event.annotator], pairs[(event.query_id, event.item_id)]] = event.grade
    return table


def _couple(
    first: str, second: str, one: npt.NDArray[np.float64], two: npt.NDArray[np.float64]
) -> PairAgreement | None:
    from sklearn.metrics import cohen_kappa_score  # slow to import: only when asked for

    both = ~np.isnan(one) & ~np.isnan(two)
    if not both.any():
        return None
    a, b = one[both].astype(int), two[both].astype(int)
    kappa: float | None = None
    if len(set(a) | set(b)) > 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # undefined cases are told by NaN below
            value = float(cohen_kappa_score(a, b, weights="quadratic"))
        kappa = None if math.isnan(value) else value
    return PairAgreement(first, second, len(a), float((a == b).mean()), kappa)


def _alpha(table: npt.NDArray[np.float64]) -> float | None:
    import krippendorff  # slow to import: only when asked for

    comparable = table[:, np.sum(~np.isnan(table), axis=0) > 1] if table.size else table
    if comparable.size == 0 or len(np.unique(comparable[~np.isnan(comparable)])) < 2:
        return None
    value = float(krippendorff.alpha(comparable, level_of_measurement="ordinal"))
    return None if math.isnan(value) else value
