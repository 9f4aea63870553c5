"""A set's state stays in step with other processes without reading everything again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.domain import EventKind, JudgmentEvent
from core.judging import states as module
from core.judging.states import States
from core.store.database import open_database


def event(name: str, at: datetime, set_id: str = "set") -> JudgmentEvent:
    return JudgmentEvent(
        name, EventKind.GRADE, set_id, "q", f"item-{name}", "ada", 1, "", at, 1.0
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
    # The later it is, the further back is read, and only a clock that is far off costs it all.
    back = [module._BACK[0], *([module._BACK[1]] if late > 10 else [])]
    assert asked == [*(now - lag for lag in back), *([None] if late == 3600 else [])]


def test_a_bounded_number_of_sets_is_kept_and_none_is_lost(tmp_path, monkeypatch):
    states, now = States(open_database(tmp_path / "lance")), datetime.now(UTC)
    states.log.append([event(f"{n}-{m}", now, f"set{n}") for n in range(5) for m in range(2)])
    monkeypatch.setattr(module, "MOST_SETS", 3)
    for number in (0, 1, 2, 0, 3, 4):
        assert states.look(f"set{number}", len) == 2
    assert list(states._kept) == ["set0", "set3", "set4"]
    monkeypatch.setattr(module, "MOST_EVENTS", 4)
    states.log.append([event("more", now, "set1"), event("again", now, "set4")])
    assert states.look("set1", len) == 3
    assert list(states._kept) == ["set1"]
    assert states.look_again("set4", len) == 3
    for number in range(20):  # names that nobody has given
        assert states.look(f"made up {number}", len) == 0
    assert len(states._kept) == 3
