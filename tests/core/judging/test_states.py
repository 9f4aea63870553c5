"""A set's state stays in step with other processes without reading everything again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.domain import EventKind, JudgmentEvent
from core.judging.states import States
from core.store.database import open_database


def event(name: str, at: datetime) -> JudgmentEvent:
    return JudgmentEvent(
        name, EventKind.GRADE, "set", "q", f"item-{name}", "ada", 1, "", at, 1.0
    )  # fmt: skip


@pytest.mark.parametrize("late", [0, 5, 60, 3600])
def test_a_late_clock_of_another_process_loses_nothing(tmp_path, monkeypatch, late):
    mine, other = (States(open_database(tmp_path / "lance")) for _ in range(2))
    now = datetime.now(UTC)
    mine.log.append([event("first", now)])
    assert mine.look("set", len) == 1
    asked: list[datetime | None] = []
    read = mine.log.events

    def observed(set_id: str, since: datetime | None = None) -> list[JudgmentEvent]:
        asked.append(since)
        return read(set_id, since)

    monkeypatch.setattr(mine.log, "events", observed)
    other.log.append([event("second", now - timedelta(seconds=late))])
    assert mine.look("set", len) == 2
    assert (None in asked) == (late == 3600)  # only a clock that is far off costs a full read
