from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import NotSaved
from core.experiments.behaviour_events import BehaviourKind, Event
from core.experiments.event_log import COMPACT_AFTER, EventLog

CLICK = Event(
    "e0", datetime(2026, 3, 1, tzinfo=UTC), BehaviourKind.CLICK, "u1", "x", "a", position=2
)


def events(count: int, start: int = 0, experiment: str = "x") -> list[Event]:
    numbers = range(start, start + count)
    return [replace(CLICK, event_id=f"e{n}", experiment=experiment) for n in numbers]


def stored(log: EventLog, experiment_id: str | None = None) -> list[dict[str, Any]]:
    return log.reader(experiment_id).read_all().to_pylist()


def test_events_come_back_and_a_repeat_is_stored_once(tmp_path: Path):
    log = EventLog(tmp_path)
    assert log.append(events(3)) == 3
    assert log.append(events(4)) == 1  # acknowledged all the same
    assert log.append([CLICK, CLICK]) == 0
    rows = stored(EventLog(tmp_path))
    assert sorted(row["event_id"] for row in rows) == ["e0", "e1", "e2", "e3"]
    assert rows[0]["position"] == 2
    assert rows[0]["amount"] is None


def test_an_experiment_reads_its_events_and_those_of_none(tmp_path: Path):
    log = EventLog(tmp_path)
    for start, name in enumerate(("x", "y", "", "x' OR '1'='1")):
        log.append(events(1, start, name))
    assert {row["experiment"] for row in stored(log, "x")} == {"x", ""}
    assert log.count("x") == 1
    assert len(stored(log)) == 4


def test_many_senders_lose_nothing_and_share_commits(tmp_path: Path):
    log = EventLog(tmp_path)

    def send(number: int) -> None:
        for batch in range(4):
            log.append(events(5, 100 * number + 10 * batch))

    senders = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert len({row["event_id"] for row in stored(log)}) == 160


def test_what_could_not_be_written_can_be_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    log = EventLog(tmp_path)

    def full() -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(log._flusher, "flush", full)
        with pytest.raises(NotSaved, match="the disk is full"):
            log.append(events(2))
    assert log.append(events(2)) == 2  # not taken for a repeat


def test_fragments_are_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.experiments.event_log.COMPACT_AFTER", 3)
    assert COMPACT_AFTER > 3
    log = EventLog(tmp_path)
    for number in range(4):
        log.append(events(1, number))
    log.compact()
    assert len(stored(log)) == 4
    assert log._table.stats()["fragment_stats"]["num_fragments"] == 1  # type: ignore[index]


def test_a_repeat_is_known_after_a_restart(tmp_path: Path):
    """A process may be killed after it stored a batch and before it acknowledged that."""
    EventLog(tmp_path).append(events(3))
    again = EventLog(tmp_path)
    assert again.append(events(4)) == 1
    assert len(stored(again)) == 4


def test_a_repeat_that_arrives_while_the_first_is_written_is_stored_once(tmp_path: Path):
    log = EventLog(tmp_path)
    senders = [threading.Thread(target=log.append, args=(events(20),)) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert len(stored(log)) == 20
