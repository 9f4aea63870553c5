"""Who may still judge a set: engines' results are hidden from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.domain import EventKind, Rules
from core.judging.judgment_queue import JudgmentQueue
from core.judging.open_sets import is_open_to
from core.judging.own_parts import may_judge
from core.judging.state import SetState
from tests.core.judging.desks import event, grade, small_set

PUT_OFF = {"kind": EventKind.SKIP, "grade": None}
DECIDED = {"kind": EventKind.ADJUDICATE}
CANT_TELL = {"kind": EventKind.UNSURE, "grade": None}


def labels(who: str, items: str, **changes: object) -> list[object]:
    return [event(ord(who[0]) + n / 9, who, item, **changes) for n, item in enumerate(items)]


@pytest.mark.parametrize(
    ("rules", "labelled", "open_to_ada"),
    [
        (Rules(overlap=1), [], True),
        (Rules(overlap=1), labels("bob", "ab"), True),
        (Rules(overlap=1), labels("bob", "abc"), False),
        (Rules(overlap=2), labels("bob", "abc"), True),
        (Rules(overlap=2), labels("ada", "abc"), False),  # the rest is for others
        (Rules(overlap=2), [*labels("bob", "abc"), *labels("cyd", "abc")], False),
        (Rules(overlap=1), labels("ada", "abc", **PUT_OFF), True),
        (Rules(overlap=1), labels("ada", "abc", **CANT_TELL), False),  # others will grade them
        (Rules(overlap=1), [*labels("ada", "abc", **CANT_TELL), *labels("bob", "abc")], False),
        (
            Rules(overlap=1),
            [*labels("ada", "abc", **CANT_TELL), *labels("lea", "abc", **DECIDED)],
            False,
        ),
        (Rules(), labels("ada", "abc", **CANT_TELL), False),
        (Rules(), labels("bob", "abc"), True),
        (Rules(), labels("ada", "ab"), True),
        (Rules(), labels("ada", "abc"), False),
        (Rules(overlap=1, calibration=frozenset({("q", "c")})), labels("bob", "abc"), True),
    ],
)
def test_a_set_is_open_to_those_who_may_judge_a_pair(
    rules: Rules, labelled: Sequence[object], open_to_ada: bool
) -> None:
    made, state = small_set("abc", rules), SetState(labelled)  # type: ignore[arg-type]
    assert may_judge(made, state, people=["ada"]) is open_to_ada
    assert may_judge(made, state, people=["ada", "dan"]) is (
        open_to_ada or may_judge(made, state, people=["dan"])
    )
    assert not may_judge(made, state, people=[])


def test_a_set_that_came_with_its_grades_is_open_only_where_a_pair_has_none() -> None:
    made = small_set("abc")
    some, every = SetState(labels("file", "ab")), SetState(labels("file", "abc"))  # type: ignore[arg-type]
    assert may_judge(made, some, people=["ada"], graded=True)
    assert not may_judge(made, every, people=["ada"], graded=True)
    assert may_judge(made, every, people=["ada"])


def test_all_sets_of_a_catalogue_count(desk: JudgmentQueue) -> None:
    assert not is_open_to(desk, ["ada"])
    first, second = (
        replace(small_set("a"), set_id="first"),
        replace(small_set("b"), set_id="second"),
    )
    desk.sets.add(first)
    desk.sets.add(second)
    desk.judge(grade(first, "q", "a", 1))
    assert is_open_to(desk, ["ada"])
    assert not is_open_to(desk, [])
    desk.judge(grade(second, "q", "b", 1))
    assert not is_open_to(desk, ["ada"])
    assert is_open_to(desk, ["ada", "bob"])


def test_the_set_that_came_with_its_grades_is_named(desk: JudgmentQueue) -> None:
    made = desk.sets.add(small_set("a"))
    desk.judge(grade(made, "q", "a", 1, "grader A"))
    assert is_open_to(desk, ["ada"])
    desk.shipped = made.set_id
    assert not is_open_to(desk, ["ada"])
