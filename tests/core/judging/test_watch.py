"""Annotators that look like robots are named."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from core.domain import EventKind, JudgmentEvent
from core.judging.agreement import alpha_of, kappa_of, value_counts
from core.judging.watch import AnnotatorReport, annotator_reports
from tests.core.judging import desks


def labels(who: str, seconds: float, grades: list[int]) -> list[JudgmentEvent]:
    return [
        JudgmentEvent(
            f"{who}-{number}", EventKind.GRADE, "set", "q", f"item-{number}", who, grade, "",
            datetime.now(UTC), seconds,
        )
        for number, grade in enumerate(grades)
    ]  # fmt: skip


VARIED = [0, 1, 2, 3] * 6


@pytest.mark.parametrize(
    ("seconds", "concern"), [(0.3, "Very fast"), (1.0, "Much faster than the others"), (3.0, "")]
)
def test_who_is_too_fast_to_have_looked_is_named(seconds: float, concern: str) -> None:
    reports = annotator_reports(labels("ada", 4.0, VARIED) + labels("bob", seconds, VARIED))
    (bob,) = (report for report in reports if report.name == "bob")
    assert bob.concerns == () if not concern else bob.concerns[0].startswith(concern)


def test_who_always_gives_one_grade_is_named() -> None:
    reports = annotator_reports(labels("ada", 4.0, VARIED) + labels("bob", 4.0, [2] * 24))
    concerns = {report.name: report.concerns for report in reports}
    assert concerns["ada"] == ()
    assert concerns["bob"][0].startswith("Nearly always the same grade")


def concerns(mine: list[int], seconds: float, others: list[int], pace: float = 4.0) -> str:
    people = labels("ada", pace, others) + labels("bob", seconds, mine)
    (bob,) = (report for report in annotator_reports(people) if report.name == "bob")
    return " ".join(bob.concerns)


FIVE = [0, 1, 2, 3, 0]


@pytest.mark.parametrize(
    ("mine", "seconds", "others", "pace", "sentence"),
    [
        (FIVE * 4, 0.1, FIVE, 4.0, "Very fast: half of the pairs in under 0.1 s."),
        (VARIED[:19], 0.1, VARIED, 4.0, ""),
        (VARIED, 0.6, VARIED, 1.8, ""),
        (VARIED, 0.59, VARIED, 1.8, "Very fast: half of the pairs in under 0.6 s."),
        (VARIED, 1.3, VARIED, 3.9, ""),
        (VARIED, 1.2, VARIED, 4.0, "Much faster than the others: 1.2 s a pair against 4.0 s."),
        (VARIED, 1.0, VARIED, 0.0, ""),  # an import without times
        (VARIED, 0.0, VARIED, 4.0, ""),
        ([1] * 19 + [0], 3.0, [1] * 16 + [0] * 4, 4.0, ""),
        ([1] * 19 + [0], 3.0, [1] * 15 + [0] * 5, 4.0,
         "Nearly always the same grade: 1 for 95\u00a0% of the pairs, where others gave it to "
         "75\u00a0%."),
        ([1] * 18 + [0] * 2, 3.0, [0] * 20, 4.0, ""),
        ([1] * 20, 0.1, [], 4.0, "Very fast: half of the pairs in under 0.1 s. "
         "Nearly always the same grade: 1 for 100\u00a0% of the pairs."),
    ],
)  # fmt: skip
def test_a_concern_says_what_is_unusual(mine, seconds, others, pace, sentence) -> None:
    assert concerns(mine, seconds, others, pace) == sentence


def test_a_pace_is_compared_with_the_median_of_the_others() -> None:
    people = [
        label
        for who, seconds in (("ada", 1.0), ("bob", 9.0), ("cyd", 9.0), ("dan", 0.0))
        for label in labels(who, seconds, VARIED)
    ]
    ada, *others = annotator_reports(people)
    assert ada.concerns == ("Much faster than the others: 1.0 s a pair against 9.0 s.",)
    assert [report.concerns for report in others] == [(), (), ()]
    assert [report.seconds for report in others] == [9.0, 9.0, None]


def test_a_report_compares_a_person_with_all_others_and_with_themselves() -> None:
    unsure, skip = EventKind.UNSURE, EventKind.SKIP
    given = [
        *labels("ada", 2.0, [0, 1, 2, 3]),
        *labels("bob", 4.0, [0, 1, 3]),
        *labels("cyd", 8.0, [1]),
        desks.event(50, "ada", "item-8", None, kind=unsure),
        desks.event(51, "ada", "item-9", None, kind=skip),
        desks.event(52, "ada", "item-7", 2, kind=unsure),
    ]
    given[0] = desks.event(60, "ada", "item-0", 0, seconds=2.345)
    repeats = [
        desks.event(70, "ada", "item-0", 0, round=1),
        desks.event(71, "ada", "item-3", 1, round=1),
        desks.event(72, "ada", "item-6", 1, round=1),  # never graded before
        desks.event(73, "ada", "item-1", None, round=1, kind=unsure),
        desks.event(74, "bob", "item-0", 3, round=1),
    ]
    ada, bob, cyd = annotator_reports(given, repeats)
    own, others = [0, 1, 2, 0], [0, 1, 3, 1]
    without = value_counts(np.array([[0, 1, 3, np.nan], [1, np.nan, np.nan, np.nan]]))
    assert ada == AnnotatorReport(
        name="ada", grades=4, unsure=2, seconds=2.0, base_rates=dict.fromkeys(range(4), 0.25),
        shared=4, percent=0.5, kappa=kappa_of(own, others), alpha_without=alpha_of(without),
        repeats=2, self_percent=0.5, self_kappa=kappa_of([0, 3], [0, 1]), concerns=(),
    )  # fmt: skip
    assert (bob.grades, bob.unsure, bob.seconds) == (3, 0, 4.0)
    assert (bob.shared, bob.percent) == (4, 0.5)
    assert (bob.repeats, bob.self_percent, bob.self_kappa) == (1, 0.0, kappa_of([0], [3]))
    assert bob.alpha_without is not None
    assert (cyd.shared, cyd.percent, cyd.kappa) == (2, 0.0, kappa_of([1, 1], [0, 0]))
    assert (cyd.repeats, cyd.self_percent, cyd.self_kappa) == (0, None, None)
    two = annotator_reports(labels("ada", 2.0, [0, 1]) + labels("bob", 2.0, [0, 1]))
    assert [report.alpha_without for report in two] == [None, None]
    (alone,) = annotator_reports([desks.event(1, seconds=2.345)])
    assert (alone.shared, alone.percent, alone.kappa, alone.seconds) == (0, None, None, 2.35)
