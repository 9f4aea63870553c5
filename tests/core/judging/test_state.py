"""What events add up to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.domain import EventKind, JudgmentEvent
from core.judging.state import SetState

START = datetime(2026, 1, 1, tzinfo=UTC)


def event(number: int, who: str, grade: int | None = 1, **changes: object) -> JudgmentEvent:
    made = JudgmentEvent(
        str(number), EventKind.GRADE, "set", "q", "item", who, grade, "",
        START + timedelta(seconds=number), 1.0,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def test_an_undo_takes_back_one_s_own_label_only():
    state = SetState()
    state.add(event(1, "bob", 3))
    state.add(event(2, "ada", 1))
    state.add(event(3, "ada", None, kind=EventKind.UNDO, note="1"))
    assert {label.annotator: label.grade for label in state.all_current()} == {"ada": 1, "bob": 3}


def test_an_undo_brings_the_label_before_back():
    state = SetState()
    state.add(event(1, "ada", 3))
    state.add(event(2, "ada", 1))
    state.add(event(3, "ada", None, kind=EventKind.UNDO, note="2"))
    assert [label.grade for label in state.all_current()] == [3]
