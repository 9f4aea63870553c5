"""Several people's grades become one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.domain import EventKind, JudgmentEvent, Label
from core.judging.aggregation import RULES, aggregate, labels
from tests.core.judging.desks import event


@pytest.mark.parametrize(
    ("grades", "whole"), [((2, 3), 2), ((0, 1), 0), ((1, 1, 2), 1), ((1, 2, 2), 2), ((3,), 3)]
)
def test_a_mean_is_rounded_to_the_nearer_grade_and_a_half_to_the_lower(grades, whole):
    events = [
        JudgmentEvent(
            str(number), EventKind.GRADE, "set", "q", "item", f"person-{number}", grade, "",
            datetime.now(UTC), 1.0,
        )
        for number, grade in enumerate(grades)
    ]  # fmt: skip
    assert aggregate(events, "mean") == {("q", "item"): whole}


@pytest.mark.parametrize(
    ("rule", "grades", "result"),
    [
        ("majority", (0, 3, 3), 3),
        ("majority", (2, 3, 3, 2, 1), 2),
        ("majority", (3, 0), 0),
        ("mean", (0, 1, 3), 4 / 3),
        ("median", (0, 3, 3), 3),
        ("median", (1, 3), 1),
        ("median", (0, 1, 2, 3), 1),
        ("minimum", (2, 1, 3), 1),
        ("maximum", (2, 1, 3), 3),
        ("minimum-of-top-three", (0, 3, 2, 1), 1),
        ("minimum-of-top-three", (3, 2), 2),
        ("minimum-of-top-three", (2, 2, 2, 0, 3), 2),
        ("adjudicated", (2, 2), 2),
        ("adjudicated", (2, 3), None),
    ],
)
def test_a_rule_makes_one_grade_of_several(rule, grades, result):
    assert RULES[rule](grades) == result


def test_a_label_holds_everybody_s_grade_and_a_decision_wins():
    given = [event(1, "ada", "a", 3), event(2, "bob", "a", 0), event(3, "ada", "b", 2),
             event(4, "cyd", "a", None, kind=EventKind.SKIP), event(5, "dan", "a", None),
             event(6, "eve", "a", 3, kind=EventKind.UNSURE)]  # fmt: skip
    both, single = {"ada": 3, "bob": 0}, {"ada": 2}
    assert labels(given) == {("q", "a"): Label(0, both), ("q", "b"): Label(2, single)}
    assert labels(given, "maximum")[("q", "a")] == Label(3, both)
    assert labels(given, "adjudicated") == {("q", "b"): Label(2, single)}
    decisions = {
        ("q", "a"): event(7, "lea", "a", 1, kind=EventKind.ADJUDICATE),
        ("q", "b"): event(8, "lea", "b", None, kind=EventKind.ADJUDICATE),
        ("q", "c"): event(9, "lea", "c", 2, kind=EventKind.ADJUDICATE),
    }
    assert labels(given, "adjudicated", decisions) == {
        ("q", "a"): Label(1, both, adjudicated=True),
        ("q", "b"): Label(2, single),
        ("q", "c"): Label(2, {}, adjudicated=True),
    }
    assert aggregate(given, "minimum", decisions) == {("q", "a"): 1, ("q", "b"): 2, ("q", "c"): 2}
    assert aggregate(given, decisions=decisions)[("q", "a")] == 1
    assert aggregate(given) == {("q", "a"): 0, ("q", "b"): 2}
