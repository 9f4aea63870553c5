"""Compare each annotator's labels with the others', to help people and to find robots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from core.base.percentages import percent
from core.domain import EventKind, JudgmentEvent
from core.judging.agreement import alpha_of, grade_table, kappa_of, value_counts

#: Fewest labels for a concern.
_ENOUGH = 20
#: Smallest plausible median time per pair, seconds.
_TOO_FAST = 0.6
#: … and its smallest plausible share of the others' median.
_FASTER_THAN_OTHERS = 1 / 3
_CONSTANT = 0.95
_OTHERS_CONSTANT = 0.8


@dataclass(frozen=True, slots=True)
class AnnotatorReport:
    """One annotator.

    Attributes:
        name: Name of the annotator.
        grades: Number of pairs that they graded.
        unsure: Number of "can't tell" labels.
        seconds: Median time on a pair, seconds; ``None`` for imports without times.
        base_rates: Share of each grade among theirs.
        shared: Number of other people's grades on the same pairs.
        percent: Share of those that are the same, 0 to 1.
        kappa: Weighted κ between their grades and those of the others.
        alpha_without: α of the set if they had not taken part.
        repeats: Number of hidden repeats that they graded twice.
        self_percent: Share of repeats with the same grade both times.
        self_kappa: Weighted κ between first and second time.
        concerns: Sentences; empty if nothing is unusual.
    """

    name: str
    grades: int
    unsure: int
    seconds: float | None
    base_rates: dict[int, float]
    shared: int
    percent: float | None
    kappa: float | None
    alpha_without: float | None
    repeats: int
    self_percent: float | None
    self_kappa: float | None
    concerns: tuple[str, ...]


def annotator_reports(
    events: Sequence[JudgmentEvent], repeats: Sequence[JudgmentEvent] = ()
) -> tuple[AnnotatorReport, ...]:
    """Return one report per annotator, by name.

    Args:
        events: Standing labels.
        repeats: Standing second labels of hidden repeats.
    """
    graded = [e for e in events if e.kind is EventKind.GRADE and e.grade is not None]
    names, _, table = grade_table(graded)
    unsure = Counter(e.annotator for e in events if e.kind is EventKind.UNSURE)
    pace = {name: _median_seconds(graded, name) for name in names}
    reports = []
    for row, name in enumerate(names):
        mine, others = table[row], np.delete(table, row, axis=0)
        my_grades = mine[~np.isnan(mine)].astype(int).tolist()
        beside = ~np.isnan(others) & ~np.isnan(mine)
        grades_of_others = others[beside].astype(int).tolist()
        own = np.broadcast_to(mine, others.shape)[beside].astype(int).tolist()
        once, twice = _self_pairs(name, graded, repeats)
        counts = Counter(my_grades)
        reports.append(
            AnnotatorReport(
                name=name,
                grades=len(my_grades),
                unsure=unsure[name],
                seconds=pace[name],
                base_rates={grade: counts[grade] / len(my_grades) for grade in sorted(counts)},
                shared=len(own),
                percent=_same(own, grades_of_others),
                kappa=kappa_of(own, grades_of_others),
                alpha_without=alpha_of(value_counts(others)) if len(names) > 2 else None,
                repeats=len(once),
                self_percent=_same(once, twice),
                self_kappa=kappa_of(once, twice),
                concerns=_concerns(
                    my_grades, grades_of_others, pace[name],
                    [seconds for other, seconds in pace.items() if other != name and seconds],
                ),
            )
        )  # fmt: skip
    return tuple(reports)


def _median_seconds(graded: Sequence[JudgmentEvent], name: str) -> float | None:
    times = [event.seconds for event in graded if event.annotator == name and event.seconds > 0]
    return round(median(times), 2) if times else None


def _self_pairs(
    name: str, graded: Sequence[JudgmentEvent], repeats: Sequence[JudgmentEvent]
) -> tuple[list[int], list[int]]:
    first = {(e.query_id, e.item_id): e.grade for e in graded if e.annotator == name}
    both = [
        (first[pair], event.grade)
        for event in repeats
        if event.annotator == name
        and event.grade is not None
        and (pair := (event.query_id, event.item_id)) in first
    ]
    return [int(a or 0) for a, _ in both], [int(b) for _, b in both]


def _same(first: Sequence[int], second: Sequence[int]) -> float | None:
    return sum(a == b for a, b in zip(first, second, strict=True)) / len(first) if first else None


def _concerns(
    grades: Sequence[int],
    peers: Sequence[int],
    seconds: float | None,
    pace_of_others: Sequence[float],
) -> tuple[str, ...]:
    if len(grades) < _ENOUGH:
        return ()
    concerns = []
    usual = median(pace_of_others) if pace_of_others else None
    if seconds is not None and seconds < _TOO_FAST:
        concerns.append(f"Very fast: half of the pairs in under {seconds:.1f} s.")
    elif seconds is not None and usual and seconds < usual * _FASTER_THAN_OTHERS:
        concerns.append(
            f"Much faster than the others: {seconds:.1f} s a pair against {usual:.1f} s."
        )
    grade, count = Counter(grades).most_common(1)[0]
    share = count / len(grades)
    others = sum(other == grade for other in peers) / len(peers) if peers else 0.0
    if share >= _CONSTANT and others < _OTHERS_CONSTANT:
        beside = f", where others gave it to {percent(others)}" if peers else ""
        concerns.append(
            f"Nearly always the same grade: {grade} for {percent(share)} of the pairs{beside}."
        )
    return tuple(concerns)
