"""Agreement figures against values worked out by hand and published ones."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from core.domain import EventKind, JudgmentEvent
from core.errors import JudgmentError
from core.judging.aggregation import aggregate
from core.judging.agreement import agreement, kappa_of, value_counts


def events(table: dict[str, list[int | None]]) -> list[JudgmentEvent]:
    return [
        JudgmentEvent(
            f"{who}-{number}", EventKind.GRADE if value is not None else EventKind.SKIP, "s", "q",
            str(number), who, value, "", datetime.now(UTC), 1.0,
        )
        for who, values in table.items()
        for number, value in enumerate(values)
    ]  # fmt: skip


def test_perfect_agreement() -> None:
    report = agreement(events({"ada": [0, 1, 2, 3], "bob": [0, 1, 2, 3]}))
    assert (report.percent, report.alpha) == (1.0, 1.0)
    assert report.couples[0].kappa == 1.0
    assert report.base_rates == {0: 0.25, 1: 0.25, 2: 0.25, 3: 0.25}


def test_quadratic_kappa_by_hand() -> None:
    # grades 0 0 1 1 against 0 1 1 1: p_o = 3/4, p_e = 1/2 (two grades, so weights don't matter)
    report = agreement(events({"ada": [0, 0, 1, 1], "bob": [0, 1, 1, 1]}))
    assert report.couples[0].kappa == pytest.approx(0.5)
    assert report.percent == 0.75


def test_krippendorffs_own_example() -> None:
    # Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", section C: ordinal 0.815
    none = None
    table = {
        "a": [1, 2, 3, 3, 2, 1, 4, 1, 2, none, none, none],
        "b": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, none, 3],
        "c": [none, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, none],
        "d": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, none],
    }
    report = agreement(events(table))
    assert report.alpha == pytest.approx(0.815, abs=5e-4)
    assert report.overlapping == 11
    assert report.judged == 12


def test_what_is_not_defined_is_none() -> None:
    alone = agreement(events({"ada": [1, 2]}))
    assert (alone.percent, alone.alpha, alone.couples) == (None, None, ())
    constant = agreement(events({"ada": [1, 1], "bob": [1, 1]}))
    assert constant.percent == 1.0
    assert constant.alpha is None
    assert constant.couples[0].kappa is None
    empty = agreement([])
    assert (empty.judged, empty.alpha, empty.base_rates) == (0, None, {})


@pytest.mark.parametrize(
    ("rule", "grade"), [("median", 1), ("majority", 0), ("minimum", 0), ("maximum", 3)]
)
def test_rules_of_aggregation(rule: str, grade: int) -> None:
    votes = events({"a": [0], "b": [0], "c": [1], "d": [2], "e": [3], "f": [None]})
    assert aggregate(votes, rule) == {("q", "0"): grade}


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(JudgmentError, match="no rule"):
        aggregate([], "best")


def test_kappa_weighs_by_the_distance_of_the_grades_and_not_by_how_many_occur() -> None:
    """By hand: of grades 0, 2, 2, 3 against 0, 2, 3, 3 the squared distances sum to 1, by chance
    to (sum over all 16 couples) / 4 = 6.5; κ = 1 - 1 / 6.5."""
    first, second = [0, 2, 2, 3], [0, 2, 3, 3]
    by_chance = sum((a - b) ** 2 for a in first for b in second) / 4
    assert kappa_of(first, second) == pytest.approx(1 - 1 / by_chance)


def test_a_few_pairs_have_no_interval_and_more_have_a_sound_one() -> None:
    few = agreement(events({"ada": [0, 1, 2, 3] * 2, "bob": [0, 1, 2, 2] * 2}))
    assert few.alpha is not None
    assert few.interval is None
    more = agreement(events({"ada": [0, 1, 2, 3] * 3, "bob": [0, 1, 2, 2] * 3}))
    assert more.alpha is not None
    assert more.interval is not None
    assert more.interval[0] <= more.alpha <= more.interval[1]


def test_a_pair_counts_from_its_second_grade_on() -> None:
    none = np.nan
    table = np.array([[2.0, 1.0, none, 0.0], [2.0, none, none, 1.0]])
    assert value_counts(table).tolist() == [[0, 0, 2], [1, 1, 0]]
