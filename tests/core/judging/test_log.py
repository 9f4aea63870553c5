"""What the log acknowledges is on disk, and what is not on disk is said to whoever waits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.domain import EventKind, JudgmentEvent
from core.errors import JudgmentError
from core.judging.log import JudgmentLog
from core.store.database import open_database


def event(number: int, **changes: Any) -> JudgmentEvent:
    made = JudgmentEvent(
        f"{number:032x}", EventKind.GRADE, "set", "q", f"item-{number}", "ada", 1, "",
        datetime.now(UTC), 1.0,
    )  # fmt: skip
    return replace(made, **changes)


@pytest.fixture
def log(tmp_path: Path) -> JudgmentLog:
    return JudgmentLog(open_database(tmp_path / "lance"))


class Panic(BaseException):
    """Like a panic of a Rust library: no `Exception`."""


class Table:
    """A table whose `add` waits for a signal and may fail."""

    def __init__(self, table: Any, fail: BaseException | None = None, times: int = 1) -> None:
        self._table, self._fail, self._times = table, fail, times
        self.entered, self.go = threading.Event(), threading.Event()
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def add(self, rows: Any) -> Any:
        self.entered.set()
        self.go.wait(10)
        self.calls.append("add")
        if self._fail is not None and self._times > 0:
            self._times -= 1
            raise self._fail
        return self._table.add(rows)


def saved(log: JudgmentLog, made: JudgmentEvent) -> bool:
    try:
        log.append([made])
    except (JudgmentError, Panic):
        return False
    return True


@pytest.mark.parametrize(
    "changes", [{"guidelines": 10**30}, {"seconds": object()}, {"grade": 10**9}, {"round": "x"}]
)
def test_a_value_that_fits_no_column_fails_for_its_sender_alone(log, changes):
    events = [event(number) for number in range(40)]
    poison = [event(1000 + number, **changes) for number in range(10)]
    with ThreadPoolExecutor(10) as pool:
        outcome = dict(
            zip(
                [made.event_id for made in events + poison],
                pool.map(lambda made: saved(log, made), events + poison),
                strict=True,
            )
        )
    on_disk = {stored.event_id for stored in log.events("set")}
    assert on_disk == {made.event_id for made in events}
    assert {name for name, told in outcome.items() if told} == on_disk


@pytest.mark.parametrize("fail", [OverflowError("x"), MemoryError(), TypeError("x"), Panic("x")])
@pytest.mark.parametrize("times", [1, 99])
def test_whatever_is_raised_each_waiting_label_is_told_the_truth(log, fail, times):
    table = Table(log._table, fail, times)
    log._table = table
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(saved, log, event(0))
        table.entered.wait(10)
        others = [pool.submit(saved, log, event(number)) for number in range(1, 8)]
        while len(log._waiting) < 7:  # all wait while the first one is being written
            pass
        table.go.set()
        told = {number: future.result(10) for number, future in enumerate([first, *others])}
    log._table = table._table
    on_disk = {int(stored.event_id, 16) for stored in log.events("set")}
    assert {number for number, ok in told.items() if ok} == on_disk


def test_one_broken_group_is_written_one_by_one(log):
    table = Table(log._table)
    log._table = table
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(saved, log, event(0))
        table.entered.wait(10)
        others = [pool.submit(saved, log, event(number)) for number in range(1, 4)]
        while len(log._waiting) < 3:
            pass
        table._fail, table._times = RuntimeError("the group is too large"), 0
        original = table.add

        def groups_fail(rows: Any) -> Any:
            if len(rows) > 1:
                raise RuntimeError("the group is too large")
            return original(rows)

        table.add = groups_fail
        table.go.set()
        assert first.result(10)
        assert all(future.result(10) for future in others)


def test_saved_means_flushed_and_a_failed_flush_is_no_save(log, monkeypatch):
    steps: list[str] = []
    table = Table(log._table)
    table.go.set()
    table.calls = steps
    log._table = table
    flush = log._flusher.flush

    def observed() -> None:
        flush()
        steps.append("flush")

    monkeypatch.setattr(log._flusher, "flush", observed)
    log.append([event(1)])
    assert steps == ["add", "flush"]

    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log._flusher, "flush", full)
    with pytest.raises(JudgmentError, match="No space left"):
        log.append([event(2)])


def test_an_error_s_sentence_names_no_file_of_a_library(log):
    problem = RuntimeError("lance error: disk full, /root/.cargo/registry/src/lance/io.rs:12:5")
    table = Table(log._table, problem)
    table.go.set()
    log._table = table
    with pytest.raises(JudgmentError) as caught:
        log.append([event(1)])
    assert "disk full" in str(caught.value)
    assert ".cargo" not in str(caught.value)
