"""Jobs of a data directory in a bucket: seen, kept apart and stopped from another server."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from core.base import bucket_locks, shared_files
from core.base.buckets import Bucket, connect
from core.domain import Item, Photo
from core.domain.job import JobState, Progress
from core.errors import CatalogBusy, JobStopped
from core.jobs import JobFile
from core.pipeline.driver import Results, ResultWriter
from core.pipeline.indexing_job import indexing_job
from core.store.catalog_store import CatalogStore
from core.store.items import ItemRecord


@pytest.fixture
def first(in_bucket: Bucket) -> JobFile:
    return indexing_job(in_bucket.folder / "catalogs" / "shop")


@pytest.fixture
def second(in_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobFile:
    """The same job on another server."""
    monkeypatch.setattr(shared_files.latest, "__defaults__", (0.0,))
    folder = connect(tmp_path / "other", str(in_bucket.address)).folder
    return indexing_job(folder / "catalogs" / "shop")


def test_another_server_sees_a_job_can_not_begin_one_and_stops_it(
    first: JobFile, second: JobFile
) -> None:
    with first.begin() as reporter:
        assert not reporter.step(Progress("reading", 1, 3))
        seen = second.read()
        assert seen is not None
        assert (seen.state, seen.job_id) == (JobState.RUNNING, reporter.job.job_id)
        with pytest.raises(CatalogBusy, match="is being indexed already"):
            second.begin()
        assert second.stop()
        assert reporter.step(Progress("reading", 2, 3))
        reporter.end(JobState.STOPPED)
    seen = second.read()
    assert seen is not None
    assert seen.state is JobState.STOPPED
    with second.begin() as reporter:
        assert not reporter.step(Progress("reading", 1, 3))


def test_a_job_that_stood_still_stops_and_leaves_the_next_one_alone(
    first: JobFile, second: JobFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_locks, "RENEWAL", 1000.0)  # as if the process stood still
    monkeypatch.setattr(bucket_locks, "EXPIRY", 0.3)
    with first.begin() as slow:
        time.sleep(0.4)
        assert slow.stopping()
        # Another machine shares nothing with this process.
        monkeypatch.setattr(bucket_locks, "EXPIRY", 0.2)
        own, other = bucket_locks._process, bucket_locks._Process()
        monkeypatch.setattr(bucket_locks, "_process", other)
        with second.begin() as quick:
            monkeypatch.setattr(bucket_locks, "EXPIRY", 1000.0)
            for held in own.held:
                monkeypatch.setattr(held, "_taken", True)
            monkeypatch.setattr(bucket_locks, "_process", own)
            assert slow.step(Progress("reading", 2, 3)), "it goes on though it lost its lock"
            monkeypatch.setattr(bucket_locks, "_process", other)
            seen = second.read()
            assert seen is not None
            assert seen.job_id == quick.job.job_id
        monkeypatch.setattr(bucket_locks, "_process", own)
    seen = second.read()
    assert seen is not None
    assert (seen.job_id, seen.state) == (quick.job.job_id, JobState.DONE)


def test_a_job_that_stood_still_writes_no_more(
    in_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second job may write by then, and two that merge rows double their keys."""
    store = CatalogStore(in_bucket.folder / "catalogs" / "shop")
    record = ItemRecord(Item("1", "Chair", Photo("0" * 64, 9, 9, "0" * 16)), "key")
    with indexing_job(store.root).begin() as reporter:
        write = ResultWriter(store, reporter.check_lock)
        monkeypatch.setattr(bucket_locks, "RENEWAL", 1000.0)  # as if the process stood still
        monkeypatch.setattr(bucket_locks, "EXPIRY", 0.0)
        with pytest.raises(JobStopped, match="another server may run it"):
            write([Results(records=[record])])
        monkeypatch.setattr(bucket_locks, "EXPIRY", 1000.0)
        assert store.items.count() == 0
        write([Results(records=[record])])
        assert store.items.count() == 1
