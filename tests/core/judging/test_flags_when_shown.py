"""Flags become final like labels when engines' lists are shown: in whatever order it is stored."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from core.domain import EventKind, JudgmentEvent, JudgmentSet, Rules
from core.errors import JudgmentError
from core.judging.judgment_queue import JudgmentQueue
from core.judging.open_sets import makes_final, note_shown
from core.judging.reports import label_report
from core.judging.state import SetState
from tests.core.judging.desks import event, grade, rules_of

A = ("q", "a")


def flag(number: float, item: str = "a") -> JudgmentEvent:
    return event(number, item=item, grade=None, kind=EventKind.FLAG)


def shown(number: float) -> JudgmentEvent:
    return event(number, grade=None, kind=EventKind.SHOWN)


def undo(number: float, of: str) -> JudgmentEvent:
    return event(number, grade=None, kind=EventKind.UNDO, note=of)


PUT_OFF = event(1, grade=None, kind=EventKind.SKIP)


@pytest.mark.parametrize(
    ("events", "stands"),
    [
        ([event(1), shown(3), flag(4)], []),
        ([event(1), flag(2), shown(3)], ["2"]),
        ([event(1), flag(2), shown(3), flag(4), undo(5, "2")], ["2"]),
        ([event(1), flag(2), shown(3), undo(4, "2"), flag(5), undo(6, "5")], ["2"]),
        ([event(1), flag(2), undo(2.5, "2"), shown(3), flag(4)], []),
        ([event(1, round=1), shown(3), flag(4)], []),
        ([event(1), undo(2, "1"), shown(3), flag(4)], []),
        ([flag(1), shown(3), flag(4)], ["1"]),  # the pair was never judged
        ([flag(1), shown(3), undo(4, "1")], ["1"]),
        ([flag(1), flag(2), shown(3), undo(4, "2")], ["2"]),
        ([shown(1), flag(2), event(3), shown(4), undo(5, "2")], ["2"]),  # of a pair that came later
        ([shown(1), flag(2), undo(3, "2"), shown(4)], []),
        ([PUT_OFF, shown(3), flag(4)], ["4"]),  # putting off says nothing
        ([event(1), flag(2), shown(3), event(4, "lea", grade=None, kind=EventKind.DELETE,
                                             note="2")], []),
    ],
)  # fmt: skip
def test_a_late_flag_or_undo_has_no_effect_and_nothing_said_before_is_lost(
    events: list[JudgmentEvent], stands: list[str]
) -> None:
    for order in permutations(events):
        assert [each.event_id for each in SetState(order).flags()] == stands


def test_a_flag_binds_flags_and_no_label() -> None:
    """A pair that was only flagged still takes a grade where it lacks people again."""
    for order in permutations([flag(1), shown(3), event(4)]):
        state = SetState(order)
        assert [label.event_id for label in state.all_current()] == ["4"]
        assert (state.is_bound("ada", A), state.is_bound("ada", A, flag=True)) == (False, True)


def test_a_flag_is_something_that_was_said_since_the_lists_were_shown() -> None:
    for order in permutations([event(1), shown(3), flag(4, item="b")]):
        assert SetState(order).has_said_since("ada")
    for order in permutations([event(1), shown(3), flag(4, item="b"), shown(5)]):
        assert SetState(order).is_shown("ada")


def test_flags_that_race_with_the_lists_reach_neither_agreement_nor_decide(
    desk: JudgmentQueue, made: JudgmentSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They passed the check before the lists were shown, and were stored afterwards."""
    rules_of(desk, made, Rules(overlap=1))
    first, second = (grade(made, *pair.key, 2) for pair in made.pairs[:2])
    kept = replace(first, event_id="kept", kind=EventKind.FLAG, grade=None, note="photo")
    for said in (first, second, kept):
        desk.judge(said)
    late = replace(second, kind=EventKind.FLAG, grade=None, note="wrong")
    note_shown(desk, ["ada"])
    with monkeypatch.context() as racing:
        racing.setattr("core.judging.judgment_queue.check_final", lambda *_, **__: None)
        now = grade(made, *made.pairs[1].key, 2).at
        desk.judge(replace(late, event_id="late", at=now))
        desk.undo(made.set_id, "ada")
    report = label_report(desk, made.set_id)
    assert (report.flags, report.open_disagreements) == ((kept,), 1)


def test_flags_are_refused_once_the_lists_were_shown(
    desk: JudgmentQueue, made: JudgmentSet
) -> None:
    pair = grade(made, *made.pairs[0].key, 2)
    only = replace(pair, event_id="flag", kind=EventKind.FLAG, grade=None, note="photo")
    desk.judge(only)
    assert makes_final(desk, "ada")
    note_shown(desk, ["ada"])
    assert not makes_final(desk, "ada")
    with pytest.raises(JudgmentError, match="stays"):
        desk.judge(replace(only, event_id="again"))
    with pytest.raises(JudgmentError, match="stays"):
        desk.undo(made.set_id, "ada")
    desk.judge(pair)
