from __future__ import annotations

import os
import signal
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from core.domain import (
    EventKind,
    JudgmentEvent,
    JudgmentQuery,
    JudgmentSet,
    Rules,
)
from core.judging.judgment_queue import JudgmentQueue
from core.judging.log import JudgmentLog
from core.store.database import open_database
from tests.core.judging.desks import grade, result
from tests.forked import forked
from tests.work_and_memory import instructions


def _label(root: str, set_id: str, who: str, acknowledged: str) -> None:
    desk = JudgmentQueue(open_database(Path(root)))
    with Path(acknowledged).open("a") as file:
        while pairs := desk.next_pairs(set_id, who):
            event = JudgmentEvent(
                uuid.uuid4().hex, EventKind.GRADE, set_id, pairs[0].query.query_id,
                pairs[0].item_id, who, 1, "", datetime.now(UTC), 1.0,
            )  # fmt: skip
            desk.judge(event)
            file.write(event.event_id + "\n")
            file.flush()


def _start(tmp_path: Path, made: JudgmentSet, names: list[str]) -> list[BaseProcess]:
    context = forked()
    processes: list[BaseProcess] = [
        context.Process(
            target=_label,
            args=(str(tmp_path / "lance"), made.set_id, name, str(tmp_path / name)),
        )
        for name in names
    ]
    for process in processes:
        process.start()
    return processes


@pytest.mark.slow
def test_four_labelling_processes_lose_nothing(
    tmp_path: Path, desk: JudgmentQueue, made: JudgmentSet
) -> None:
    names = ["ada", "bob", "cyd", "dan"]
    for process in _start(tmp_path, made, names):
        process.join()
        assert process.exitcode == 0
    assert len(desk.current(made.set_id)) == 4 * len(made.pairs)
    assert all(not desk.next_pairs(made.set_id, name) for name in names)


@pytest.mark.slow
def test_a_killed_labeller_loses_nothing_acknowledged(
    tmp_path: Path, desk: JudgmentQueue, made: JudgmentSet
) -> None:
    (process,) = _start(tmp_path, made, ["ada"])
    acknowledged = tmp_path / "ada"
    while not (acknowledged.exists() and acknowledged.read_text().count("\n") >= 3):
        assert process.is_alive()
        time.sleep(0.005)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    stored = {event.event_id for event in desk.current(made.set_id)}
    assert set(acknowledged.read_text().split()) <= stored


@pytest.mark.slow
def test_compaction_beside_writers_loses_nothing(
    tmp_path: Path, desk: JudgmentQueue, made: JudgmentSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["ada", "bob"]
    processes = _start(tmp_path, made, names)
    log = JudgmentLog(open_database(tmp_path / "lance"))
    monkeypatch.setattr("core.judging.log.COMPACT_AFTER", 2)
    while any(process.is_alive() for process in processes):
        log.compact()
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(desk.current(made.set_id)) == 2 * len(made.pairs)
    acknowledged = {line for name in names for line in (tmp_path / name).read_text().split()}
    assert {event.event_id for event in desk.current(made.set_id)} == acknowledged


def test_ten_times_the_events_are_not_more_work(tmp_path: Path) -> None:
    """Dealing, judging and counting go through the pairs, but not through all that was said."""

    def work(annotators: int) -> int:
        folder = tmp_path / str(annotators)
        desk = JudgmentQueue(open_database(folder))
        queries = tuple(JudgmentQuery(f"q{i}", text="chair") for i in range(10))
        made = desk.sets.create(
            "Large", queries, ("clip",), 20, Rules(overlap=50, repeats=0.1),
            lambda query: [result("clip", [f"{query.query_id}-{i}" for i in range(20)])],
        )  # fmt: skip
        start = datetime(2026, 1, 1, tzinfo=UTC)
        events = [
            JudgmentEvent(
                f"{who}-{number}", EventKind.GRADE, made.set_id, pair.query.query_id, pair.item_id,
                f"a{who}", number % 4, "", start + timedelta(seconds=number), 1.0,
            )
            for who in range(annotators)
            for number, pair in enumerate(made.pairs)
        ]  # fmt: skip
        JudgmentLog(open_database(folder)).append(events)
        desk.progress(made.set_id, "zoe")  # all are read once

        def once() -> None:
            (pair,) = desk.next_pairs(made.set_id, "zoe")
            desk.judge(grade(made, pair.query.query_id, pair.item_id, 1, "zoe"))
            desk.progress(made.set_id, "zoe")

        once()
        return instructions(once)

    assert work(40) < 1.5 * work(4)


def test_labels_imported_with_old_dates_are_seen_by_running_processes(
    tmp_path: Path, desk: JudgmentQueue, made: JudgmentSet
) -> None:
    desk.judge(grade(made, "q1", "q1-0", 1))
    other = JudgmentQueue(open_database(tmp_path / "lance"))
    assert len(other.current(made.set_id)) == 1
    desk.judge(replace(grade(made, "q1", "q1-1", 1, "bob"), at=datetime(2020, 1, 1, tzinfo=UTC)))
    assert len(other.current(made.set_id)) == 2
