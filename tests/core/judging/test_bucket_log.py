"""The judgment log in a bucket: one order for all servers, no lock, few questions to the store."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.base.buckets import Bucket, Tag, connect
from core.domain import EventKind, JudgmentEvent
from core.errors import CatalogDamaged, NotSaved
from core.judging import bucket_log
from core.judging.bucket_log import BucketLog
from core.judging.log import JudgmentLog
from core.store.database import open_database
from tests.object_store import requests_of

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def event(name: str, set_id: str = "set", minutes: int = 0) -> JudgmentEvent:
    return JudgmentEvent(
        name, EventKind.GRADE, set_id, "q", f"item-{name}", "ada", 1, "",
        NOW + timedelta(minutes=minutes), 1.0,
    )  # fmt: skip


def log_of(bucket: Bucket) -> BucketLog:
    return BucketLog(open_database(bucket.folder / "catalogs" / "x" / "lance"))


@pytest.fixture
def other(in_bucket: Bucket, tmp_path: Path) -> BucketLog:
    """Another server over the same bucket."""
    return log_of(connect(tmp_path / "other", str(in_bucket.address)))


def names(log: BucketLog, set_id: str = "set") -> list[str]:
    return [event.event_id for event in log.events(set_id)]


def test_what_one_server_appends_another_reads_in_the_same_order(
    in_bucket: Bucket, other: BucketLog
) -> None:
    own = log_of(in_bucket)
    own.append([event("a"), event("b", "second")])
    other.append([event("c", minutes=-5)])
    assert names(own) == names(other) == ["c", "a"]
    assert names(own, "second") == ["b"]
    assert own.events("set", since=NOW) == [event("a")]
    assert own.counted()[1]["set"] == other.counted()[1]["set"] == 2
    assert own.counted()[1] == other.counted()[1] == {"set": 2, "second": 1}
    assert own.events("none") == []


def test_full_objects_are_followed_by_new_ones_and_read_by_a_server_that_begins_later(
    in_bucket: Bucket, other: BucketLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_log, "FULL", 3)
    own = log_of(in_bucket)
    expected = []
    for number in range(11):
        log = (own, other)[number % 2]
        log.append([event(f"e{number:02}", minutes=number)])
        expected.append(f"e{number:02}")
    folder = in_bucket.folder / "catalogs" / "x" / bucket_log.FOLDER
    assert len(in_bucket.files(folder)) == 4
    for log in (own, other, log_of(in_bucket)):
        assert names(log) == expected
        assert log.counted()[1]["set"] == 11
    # A server whose disk is emptied.
    for path in folder.glob("*"):
        path.unlink()
    assert names(own) == expected


def test_many_writers_at_once_lose_and_double_nothing(
    in_bucket: Bucket, other: BucketLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_log, "FULL", 7)
    logs, barrier = [log_of(in_bucket), other, log_of(in_bucket)], threading.Barrier(6)

    def write(number: int) -> None:
        barrier.wait()
        for turn in range(6):
            logs[number % 3].append([event(f"{number}-{turn}")])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    expected = {f"{number}-{turn}" for number in range(6) for turn in range(6)}
    for log in (*logs, log_of(in_bucket)):
        stored = names(log)
        assert len(stored) == 36
        assert set(stored) == expected


def test_a_batch_whose_answer_was_lost_is_stored_once(
    in_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = log_of(in_bucket)
    log.append([event("a")])
    put = Bucket.put_over

    def lost(bucket: Bucket, path: Path, data: bytes, tag: Tag) -> Tag | None:
        """Write, and answer as the store does to the second try of the same request."""
        put(bucket, path, data, tag)
        return None

    monkeypatch.setattr(Bucket, "put_over", lost)
    log.append([event("b")])
    monkeypatch.undo()
    assert names(log) == names(log_of(in_bucket)) == ["a", "b"]


def test_each_batch_is_handed_on_once_whoever_wrote_it(in_bucket: Bucket, other: BucketLog) -> None:
    seen: list[tuple[list[str], int]] = []
    own = BucketLog(
        open_database(in_bucket.folder / "catalogs" / "x" / "lance"),
        lambda events, version: seen.append(([e.event_id for e in events], version)),
    )  # fmt: skip
    own.append([event("a")])
    other.append([event("b")])
    other.append([event("c")])
    assert own.version == own.version == 2
    assert seen == [(["a"], 1), (["b", "c"], 2)]


def test_an_append_asks_the_store_once_and_a_look_too(
    in_bucket: Bucket, store_address: str
) -> None:
    log = log_of(in_bucket)
    log.append([event("a")])
    requests_of(store_address)
    log.append([event("b")])
    assert len(requests_of(store_address)) == 1
    assert log.version
    assert len(requests_of(store_address)) == 1


def test_judgments_of_before_the_log_are_read_too(in_bucket: Bucket) -> None:
    database = open_database(in_bucket.folder / "catalogs" / "x" / "lance")
    JudgmentLog(database).append([event("old")])
    log = log_of(in_bucket)
    log.append([event("new", minutes=1)])
    assert names(log) == ["old", "new"]
    assert log.counted()[1]["set"] == 2


def test_what_can_t_be_written_is_not_saved_and_what_can_t_be_read_is_named(
    in_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = log_of(in_bucket)
    monkeypatch.setattr(bucket_log, "WRITE", 0.1)
    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "put_new", lambda *_: None)
        with pytest.raises(NotSaved, match="other processes are writing"):
            log.append([event("a")])
    assert names(log) == []
    in_bucket.put(in_bucket.folder / "catalogs" / "x" / bucket_log.FOLDER / "00000000.arrow", b"?")
    with pytest.raises(CatalogDamaged, match="judgment-log"):
        log.events("set")
