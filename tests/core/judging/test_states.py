"""A set's state stays in step with other processes without reading everything again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from core.domain import EventKind, JudgmentEvent
from core.judging import log as log_module
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


def test_the_state_that_was_read_last_is_looked_at_without_reading(tmp_path, monkeypatch):
    mine, other = (States(open_database(tmp_path / "lance")) for _ in range(2))
    now = datetime.now(UTC)
    mine.log.append([event("first", now)])
    assert mine.look_again("set", lambda state: [e.event_id for e in state.all_current()]) == [
        "first"
    ]
    other.log.append([event("second", now)])
    with monkeypatch.context() as patch:
        patch.setattr(mine.log, "counted", None)
        patch.setattr(mine.log, "events", None)
        assert mine.look_again("set", len) == 1
    assert mine.look("set", len) == 2
    assert mine.look_again("set", len) == 2


def test_one_s_own_commits_are_counted_without_reading(tmp_path, monkeypatch):
    states, now = States(open_database(tmp_path / "lance")), datetime.now(UTC)
    for set_id in ("set", "other"):
        assert states.look(set_id, len) == 0
    reads: list[str] = []
    monkeypatch.setattr(states.log, "events", lambda *given: reads.append("events") or [])
    monkeypatch.setattr(states.log, "counted", lambda: reads.append("count") or (0, {}))
    states.log.append([event("a", now), event("b", now), event("c", now, "third")])
    states.log.append([event("d", now, "other"), event("a", now)])
    assert states.look("set", len) == 2
    assert states.look("other", len) == 1
    assert reads == []
    assert (states._kept["set"].twice, states._kept["other"].twice) == (1, 0)
    monkeypatch.undo()
    assert States(open_database(tmp_path / "lance")).look("set", len) == 2


def test_rows_that_stand_twice_make_no_look_a_full_read(tmp_path, monkeypatch):
    now = datetime.now(UTC)
    writer = States(open_database(tmp_path / "lance"))
    writer.log.append([event("a", now), event("a", now), event("b", now)])
    states = States(open_database(tmp_path / "lance"))
    assert states.look("set", len) == 2
    assert states._kept["set"].twice == 1
    asked: list[datetime | None] = []
    read = states.log.events
    monkeypatch.setattr(
        states.log, "events", lambda name, since=None: asked.append(since) or read(name, since)
    )
    writer.log.append([event("c", now)])
    assert states.look("set", len) == 3
    assert asked == [now - module._BACK[0]]


def test_a_commit_of_others_in_between_is_read_before_one_s_own_count(tmp_path):
    mine, other = (States(open_database(tmp_path / "lance")) for _ in range(2))
    now = datetime.now(UTC)
    assert mine.look("set", len) == 0
    other.log.append([event("theirs", now)])
    mine.log.append([event("mine", now)])
    assert mine.look("set", len) == 2


@pytest.mark.parametrize(("most", "kept"), [(5, ["set1", "set2"]), (6, ["set0", "set1", "set2"])])
def test_as_many_events_as_there_is_room_for_are_kept(tmp_path, monkeypatch, most, kept):
    monkeypatch.setattr(module, "MOST_EVENTS", most)
    states, now = States(open_database(tmp_path / "lance")), datetime.now(UTC)
    states.log.append([event(f"{n}-{m}", now, f"set{n}") for n in range(3) for m in range(2)])
    for number in range(3):
        assert states.look(f"set{number}", len) == 2
    assert list(states._kept) == kept


def test_the_set_that_was_used_last_is_kept_however_large_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_EVENTS", 0)
    states, now = States(open_database(tmp_path / "lance")), datetime.now(UTC)
    states.log.append([event("a", now), event("b", now, "other")])
    assert states.look("set", len) == states.look("other", len) == 1
    assert list(states._kept) == ["other"]


def test_rows_that_were_only_moved_together_are_not_read_again(tmp_path, monkeypatch):
    """The first request after a compaction would read each of a catalogue's sets."""
    states, now = States(open_database(tmp_path / "lance")), datetime.now(UTC)
    states.log.append([event(f"{n}", now, f"set{n}") for n in range(5)])
    assert [states.look(f"set{n}", len) for n in range(5)] == [1] * 5
    before = states.log.version
    states.log.append([event("more", now, "set3")])
    states.log._table.optimize()
    assert states.log.version > before + 1
    monkeypatch.setattr(states.log, "events", None)
    assert [states.look(f"set{n}", len) for n in range(5)] == [1, 1, 1, 2, 1]


def test_a_look_that_failed_is_done_again(tmp_path, monkeypatch):
    States(open_database(tmp_path / "lance")).log.append([event("a", datetime.now(UTC))])
    states = States(open_database(tmp_path / "lance"))
    with monkeypatch.context() as broken:
        broken.setattr(states.log, "events", None)
        with pytest.raises(TypeError):
            states.look("set", len)
    assert states.look("set", len) == 1


def test_a_look_between_a_commit_and_its_count_reads_no_row_twice(tmp_path, monkeypatch):
    states, now = States(open_database(tmp_path / "lance")), datetime.now(UTC)
    states.log.append([event("a", now)])
    assert states.look("set", len) == 1
    counted = states.log._on_written

    def looked_at_before(events, version):
        assert states.look("set", len) == 2
        counted(events, version)

    monkeypatch.setattr(states.log, "_on_written", looked_at_before)
    states.log.append([event("b", now)])
    kept = states._kept["set"]
    assert (kept.rows, kept.twice) == (2, 0)


def test_what_is_written_during_a_look_is_seen_by_it(tmp_path, monkeypatch):
    mine, other = (States(open_database(tmp_path / "lance")) for _ in range(2))
    now, read = datetime.now(UTC), mine.log.events
    mine.log.append([event("a", now)])

    def overtaken(set_id, since=None):
        rows = read(set_id, since)
        other.log.append([event("b", now)])
        monkeypatch.setattr(mine.log, "events", read)
        return rows

    monkeypatch.setattr(mine.log, "events", overtaken)
    assert mine.look("set", len) == 2
    assert mine._kept["set"].rows == 2


def test_a_version_is_known_only_where_nobody_wrote_while_rows_were_counted(tmp_path, monkeypatch):
    mine, other = (States(open_database(tmp_path / "lance")) for _ in range(2))
    now, names = datetime.now(UTC), map(str, count())
    mine.log.append([event("a", now)])
    assert mine.log.counted() == (mine.log.version, {"set": 1})
    read = log_module.read_rows

    def overtaken(*given):
        rows = read(*given)
        other.log.append([event(next(names), now)])
        return rows

    other.log.append([event("z", now)])
    with monkeypatch.context() as busy:
        busy.setattr(log_module, "read_rows", overtaken)
        assert mine.log.counted()[0] == -1
        mine.look("set", len)
        assert mine._kept["set"].version == mine._kept["set"].rows == -1
    assert mine.look("set", len) == len(other.log.events("set"))
    assert mine.log.counted() == (mine.log.version, {"set": mine.look("set", len)})
