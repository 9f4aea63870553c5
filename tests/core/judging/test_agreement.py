"""Agreement figures against values worked out by hand and published ones."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from core.domain import EventKind, JudgmentEvent
from core.errors import JudgmentError
from core.judging.aggregation import aggregate
from core.judging.agreement import (
    PairAgreement,
    QueryAgreement,
    _alphas,
    agreement,
    alpha_of,
    grade_table,
    kappa_of,
    percent_of,
    value_counts,
)
from tests.core.judging import desks


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


def test_percent_agreement_counts_every_couple_of_grades_of_a_pair() -> None:
    # 2 equal; 2 different; of 4 grades 3 equal: (2 + 0 + 6) of (2 + 2 + 12) couples
    assert percent_of(np.array([[2, 0], [1, 1], [3, 1]])) == 0.5
    assert percent_of(np.array([[2, 0]])) == 1.0
    assert percent_of(np.zeros((0, 2), np.int64)) is None


def test_nothing_is_defined_where_one_grade_or_none_occurs() -> None:
    assert alpha_of(np.zeros((0, 0), np.int64)) is None
    assert alpha_of(np.array([[2, 0, 0], [3, 0, 0]])) is None
    assert alpha_of(np.array([[2, 0, 0], [0, 0, 2]])) == 1.0
    assert kappa_of([], []) is None
    assert kappa_of([1, 1], [1, 1]) is None
    assert kappa_of([0, 0], [1, 1]) == 0.0


def test_the_table_has_a_row_per_person_and_a_column_per_pair() -> None:
    given = [desks.event(1, "bob", "b", 2), desks.event(2, "ada", "c", 0),
             desks.event(3, "ada", "a", 3), desks.event(4, "bob", "a", 1)]  # fmt: skip
    annotators, pairs, table = grade_table(given)
    assert annotators == ("ada", "bob")
    assert pairs == (("q", "a"), ("q", "b"), ("q", "c"))
    np.testing.assert_equal(table, [[3, np.nan, 0], [1, 2, np.nan]])


def test_every_two_people_are_compared_over_the_pairs_that_both_graded() -> None:
    none = None
    report = agreement(
        events({"ada": [0, 1, 3, none], "bob": [0, 3, none, 2], "cyd": [none, none, 3, none]})
    )
    assert report.annotators == ("ada", "bob", "cyd")
    assert report.couples == (
        PairAgreement("ada", "bob", 2, 0.5, kappa_of([0, 1], [0, 3])),
        PairAgreement("ada", "cyd", 1, 1.0, None),
    )
    assert (report.judged, report.overlapping) == (4, 3)
    assert report.base_rates == {0: 2 / 7, 1: 1 / 7, 2: 1 / 7, 3: 3 / 7}


def test_skips_and_unsure_labels_are_no_grades() -> None:
    report = agreement(
        [desks.event(1), desks.event(2, "bob", kind=EventKind.UNSURE),
         desks.event(3, "cyd", grade=None)]
    )  # fmt: skip
    assert (report.annotators, report.judged, report.overlapping) == (("ada",), 1, 0)
    assert report.base_rates == {1: 1.0}


def test_queries_come_with_the_least_agreed_on_first() -> None:
    def both(query: str, item: str, *grades: int) -> list[JudgmentEvent]:
        return [
            desks.event(n, who, item, grade, query_id=query)
            for n, (who, grade) in enumerate(zip(("ada", "bob"), grades, strict=False))
        ]

    report = agreement(
        [*both("z", "a", 1), *both("b", "a", 1), *both("c", "a", 2, 2), *both("d", "a", 0, 0),
         *both("e", "a", 1, 1), *both("e", "b", 1, 2), *both("e", "c", 3), *both("f", "a", 0, 1)]
    )  # fmt: skip
    assert report.queries == (
        QueryAgreement("f", 1, 1, 0.0, 0.0),
        QueryAgreement("e", 3, 2, 0.5, 0.0),
        QueryAgreement("c", 1, 1, 1.0, None),
        QueryAgreement("d", 1, 1, 1.0, None),
        QueryAgreement("b", 1, 0, None, None),
        QueryAgreement("z", 1, 0, None, None),
    )


def test_an_interval_is_the_same_each_time_and_ten_pairs_are_enough() -> None:
    table = {"ada": [0, 1, 2, 3, 0, 1, 2, 3, 0, 1], "bob": [0, 1, 2, 2, 1, 1, 2, 3, 0, 0]}
    once, again = agreement(events(table)), agreement(events(table))
    assert once.interval is not None
    assert once.interval == again.interval
    low, high = once.interval
    # Without one of the three different pairs in 0.7 ** 10 = 2.8 % of the resamples: up to 1.
    assert 0.3 < low < once.alpha - 0.05 < once.alpha + 0.05 < high <= 1.0


def test_a_sample_in_which_all_agree_counts_as_agreement() -> None:
    same = agreement(events({"ada": [1] * 11 + [0], "bob": [1] * 11 + [0]}))
    assert same.interval == (1.0, 1.0)
    constant = agreement(events({"ada": [1] * 12, "bob": [1] * 12}))
    assert (constant.alpha, constant.interval) == (None, None)


def test_a_resample_s_alpha_is_that_of_the_library() -> None:
    draw = np.random.default_rng(3)
    units = draw.multinomial(3, [0.4, 0.3, 0.2, 0.1], 40)
    kinds, times = np.unique(units, axis=0, return_counts=True)
    draws = np.stack([times, draw.multinomial(40, times / 40), draw.multinomial(40, times / 40)])
    expected = [alpha_of(np.repeat(kinds, how_often, axis=0)) for how_often in draws]
    assert _alphas(kinds, draws).tolist() == pytest.approx(expected)
