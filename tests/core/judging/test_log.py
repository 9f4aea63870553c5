"""What the log acknowledges is on disk, and what is not on disk is said to whoever waits."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.base.locks import file_lock
from core.domain import EventKind, JudgmentEvent, JudgmentSet
from core.errors import JudgmentError, NotSaved
from core.judging.event_rows import NAME
from core.judging.judgment_queue import JudgmentQueue
from core.judging.log import COMPACT_AFTER, JudgmentLog
from core.store.database import fragments, open_database
from tests.core.judging.desks import grade


def event(number: int, **changes: Any) -> JudgmentEvent:
    made = JudgmentEvent(
        f"{number:032x}", EventKind.GRADE, "set", "q", f"item-{number}", "ada", 1, "",
        datetime.now(UTC), 1.0,
    )  # fmt: skip
    return replace(made, **changes)


@pytest.fixture
def log(tmp_path: Path) -> JudgmentLog:
    return JudgmentLog(open_database(tmp_path / "lance"))


def files(folder: Path) -> set[Path]:
    """List all files of the judgments' table."""
    return {path for path in (folder / "lance" / f"{NAME}.lance").rglob("*") if path.is_file()}


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> set[Path]:
    """Paths that this process has flushed, as the system sees them."""
    seen: set[Path] = set()
    fsync = os.fsync

    def recorded(descriptor: int) -> None:
        fsync(descriptor)
        seen.add(Path(f"/proc/self/fd/{descriptor}").readlink())

    monkeypatch.setattr(os, "fsync", recorded)
    return seen


def saved(log: JudgmentLog, made: JudgmentEvent) -> bool:
    try:
        log.append([made])
    except (JudgmentError, NotSaved):
        return False
    return True


def failing(log: JudgmentLog, error: BaseException) -> None:
    """Let the log's flusher raise."""

    def flush() -> None:
        raise error

    log._flusher.flush = flush  # type: ignore[method-assign]


@pytest.mark.parametrize(
    "changes", [{"guidelines": 10**30}, {"seconds": object()}, {"grade": 10**9}, {"round": "x"}]
)
def test_a_value_that_fits_no_column_fails_for_its_sender_alone(
    log: JudgmentLog, changes: dict[str, Any]
) -> None:
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
    assert {name for name, saved in outcome.items() if saved} == on_disk


def test_saved_means_that_the_disk_has_every_file_of_it(
    tmp_path: Path, log: JudgmentLog, flushed: set[Path]
) -> None:
    for number in range(3):
        flushed.clear()
        before = files(tmp_path) if number else set()
        log.append([event(number)])
        new = files(tmp_path) - before
        assert {path.parent.name for path in new} == {"data", "_versions", "_transactions"}
        assert new <= flushed
        assert {path.parent for path in new} <= flushed  # their names, too


def test_what_a_killed_process_left_unflushed_is_flushed_before_saved_is_said_again(
    tmp_path: Path, desk: JudgmentQueue, made: JudgmentSet, flushed: set[Path]
) -> None:
    label = grade(made, *made.pairs[0].key, 2)
    failing(desk._log, SystemExit())  # the process ends between writing and flushing
    with pytest.raises(SystemExit):
        desk.judge(label)
    flushed.clear()
    restarted = JudgmentQueue(open_database(tmp_path / "lance"))
    restarted.judge(label)  # the page had no answer, so it sends the judgment again
    assert files(tmp_path) <= flushed
    assert [stored.event_id for stored in restarted.current(made.set_id)] == [label.event_id]


def test_undo_and_import_sent_again_are_flushed_before_they_are_answered(
    tmp_path: Path, desk: JudgmentQueue, made: JudgmentSet, flushed: set[Path]
) -> None:
    label = grade(made, *made.pairs[0].key, 2)
    desk.judge(label)
    failing(desk._log, SystemExit())
    imported = [grade(made, *made.pairs[1].key, 1, "bob")]
    with pytest.raises(SystemExit):
        desk.undo(made.set_id, "ada", "undo-1")
    with pytest.raises(SystemExit):
        desk.take_in(made.set_id, imported)
    for again in (
        lambda queue: queue.undo(made.set_id, "ada", "undo-1"),
        lambda queue: queue.take_in(made.set_id, imported),
    ):
        flushed.clear()
        again(JudgmentQueue(open_database(tmp_path / "lance")))
        assert files(tmp_path) <= flushed


def test_a_failed_flush_is_no_save_and_a_retry_is(
    desk: JudgmentQueue, made: JudgmentSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = grade(made, *made.pairs[0].key, 2)
    with monkeypatch.context() as patch:

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr(os, "fsync", full)
        with pytest.raises(NotSaved, match="the disk is full"):
            desk.judge(label)
        with pytest.raises(NotSaved, match="the disk is full"):
            desk.judge(label)  # it can be read by now, but that is no reason to call it saved
    desk.judge(label)
    assert [stored.event_id for stored in desk.current(made.set_id)] == [label.event_id]


@pytest.mark.parametrize("raised", [OverflowError("x"), MemoryError(), TypeError("x")])
def test_a_label_that_can_not_be_counted_at_once_is_saved_and_counted_later(
    desk: JudgmentQueue, made: JudgmentSet, monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    def fails(*what: object) -> None:
        raise raised

    monkeypatch.setattr(desk._log, "_on_written", fails)
    desk.judge(grade(made, *made.pairs[0].key, 2))
    assert [stored.grade for stored in desk.current(made.set_id)] == [2]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (RuntimeError("lance error: LanceError(IO): Generic LocalFileSystem error: No space left "
                      "on device (os error 28), /root/.cargo/registry/src/lance/io.rs:12:5"),
         "The judgment could not be saved: the disk is full."),
        (PermissionError(13, "Permission denied", "/srv/data"), "may not write to its data folder"),
        (RuntimeError("lance error: commit conflict, /root/.cargo/registry/src/io.rs:1:2"),
         "the server's log says why"),
    ],
)  # fmt: skip
def test_the_sentence_says_what_to_do_and_names_no_file(
    log: JudgmentLog, error: Exception, sentence: str
) -> None:
    failing(log, error)
    with pytest.raises(NotSaved) as caught:
        log.append([event(1)])
    assert sentence in str(caught.value)
    assert "/" not in str(caught.value)


def test_one_id_sent_by_two_tabs_at_once_is_stored_once_and_answered_truly(
    desk: JudgmentQueue, made: JudgmentSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = grade(made, *made.pairs[0].key, 2)
    other = replace(grade(made, *made.pairs[1].key, 0), event_id=label.event_id)
    append = desk._log.append

    def meanwhile(events: Any) -> None:
        with pytest.raises(NotSaved, match="being saved"):
            desk.judge(other)
        with pytest.raises(NotSaved, match="being saved"):
            desk.judge(label)
        append(events)

    monkeypatch.setattr(desk._log, "append", meanwhile)
    desk.judge(label)
    monkeypatch.undo()
    desk.judge(label)
    with pytest.raises(JudgmentError, match="used for another"):
        desk.judge(other)
    assert len(desk._log.events(made.set_id)) == 1


def test_an_event_comes_back_as_it_was(log: JudgmentLog) -> None:
    made = event(1, kind=EventKind.FLAG, grade=None, note="ü", seconds=0.1 + 0.2, round=1, page="9",
                 guidelines=7, query_id="q2")  # fmt: skip
    log.append([made])
    assert log.events("set") == [made]


def test_events_come_oldest_first_of_one_set_and_since_a_time(log: JudgmentLog) -> None:
    now = datetime.now(UTC)
    events = [event(n, at=now + timedelta(seconds=at)) for n, at in enumerate((3, 1, 2))]
    log.append([*events, event(9, set_id="other", at=now)])
    assert [made.event_id[-1] for made in log.events("set")] == ["1", "2", "0"]
    assert [made.event_id[-1] for made in log.events("set", now + timedelta(seconds=2))] == [
        "2", "0",
    ]  # fmt: skip
    assert log.counted() == (log.version, {"set": 3, "other": 1})
    assert log.unreadable == {"set": 0}
    both = log.events_of_sets(["set", "other", "none"])
    assert [made.event_id[-1] for made in both["set"]] == ["1", "2", "0"]
    assert {name: len(of_set) for name, of_set in both.items()} == {"set": 3, "other": 1}
    assert log.unreadable == {"set": 0, "other": 0, "none": 0}


def test_rows_that_can_not_be_read_are_counted_at_a_full_read(log: JudgmentLog) -> None:
    log.append([event(1), event(2)])
    log._table.update(where="item_id = 'item-2'", values={"kind": "smell"})
    log.events("set", datetime.now(UTC) - timedelta(days=1))
    assert log.unreadable == {}
    assert [made.item_id for made in log.events("set")] == ["item-1"]
    assert log.unreadable == {"set": 1}


def test_a_row_that_can_not_be_read_changes_no_other(log: JudgmentLog) -> None:
    made = [
        event(1, note="ü", round=1, page="9", guidelines=7, query_id="q2", seconds=0.1 + 0.2),
        event(2),
        event(3, kind=EventKind.FLAG, grade=None, at=datetime(1999, 1, 1, 1, 2, 3, 4, tzinfo=UTC)),
    ]
    log.append(made)
    log._table.update(
        where="item_id = 'item-1'",
        values_sql={"round": "NULL", "page": "NULL", "guidelines": "NULL"},
    )  # as in tables of before these columns
    old = replace(made[0], round=0, page="", guidelines=1)
    assert log.events("set") == [made[2], old, made[1]]
    log._table.update(where="item_id = 'item-2'", values={"kind": "smell"})
    assert log.events("set") == [made[2], old]


def test_each_commit_is_told_with_its_version(tmp_path: Path) -> None:
    heard: list[tuple[list[str], int]] = []
    log = JudgmentLog(
        open_database(tmp_path / "lance"),
        lambda events, version: heard.append(([made.item_id for made in events], version)),
    )
    log.append([event(1), event(2)])
    log.append([event(3)])
    assert [items for items, _ in heard] == [["item-1", "item-2"], ["item-3"]]
    assert heard[1][1] == heard[0][1] + 1 == log.version


@pytest.mark.parametrize(("pieces", "merges"), [(COMPACT_AFTER - 1, 0), (COMPACT_AFTER, 1)])
def test_many_fragments_are_merged(
    log: JudgmentLog, monkeypatch: pytest.MonkeyPatch, pieces: int, merges: int
) -> None:
    for number in range(3):
        log.append([event(number)])
    monkeypatch.setattr("core.judging.log.fragments", lambda table: pieces)
    log.compact()
    assert (fragments(log._table) == 1) == bool(merges)
    assert len(log.events("set")) == 3


def test_the_first_append_looks_for_fragments_and_then_every_sixteenth(
    log: JudgmentLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    monkeypatch.setattr(log, "_compact_soon", lambda: looks.append(log._appended))
    monkeypatch.setattr(log._commits, "submit", lambda batch: None)
    for number in range(34):
        log.append([event(number)])
    assert looks == [1, 17, 33]


def test_a_compaction_that_fails_or_is_under_way_elsewhere_is_no_error(
    log: JudgmentLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.judging.log.fragments", lambda table: COMPACT_AFTER)
    optimized: list[dict[str, Any]] = []
    table = log._table
    monkeypatch.setattr(type(table), "optimize", lambda self, **given: optimized.append(given))
    with file_lock(log._lock_file, 1):
        log.compact()
    assert optimized == []
    log.compact()
    assert optimized == [{"cleanup_older_than": timedelta(minutes=2)}]

    def fails(table: object) -> int:
        raise RuntimeError("conflict")

    monkeypatch.setattr("core.judging.log.fragments", fails)
    log.compact()


def test_where_there_is_no_thread_left_the_next_append_merges(
    log: JudgmentLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(self: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("core.judging.log.threading.Thread.start", none)
    log.append([event(1)])
    assert len(log.events("set")) == 1


def test_a_process_that_ends_waits_for_the_compaction_that_it_began(tmp_path: Path) -> None:
    """Cut off inside LanceDB, it would abort the command that had done its work."""
    script = """
import sys, time
from pathlib import Path
from core.judging import log
from core.judging.log import JudgmentLog
from core.store.database import open_database
from tests.core.judging.desks import event
counted = log.fragments
def slow(table):
    time.sleep(0.5)
    number = counted(table)
    Path(sys.argv[2]).touch()
    return number
log.fragments = slow
JudgmentLog(open_database(Path(sys.argv[1]))).append([event(1)])
"""
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "lance"), str(tmp_path / "compacted")],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (tmp_path / "compacted").exists()
