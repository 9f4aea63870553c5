"""Locks in a bucket: one holder at a time, and a holder that was killed is replaced."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from core.base import bucket_locks
from core.base.bucket_locks import Held, bucket_lock
from core.base.buckets import Bucket, Tag, connect
from core.base.locks import AT_ONCE, WRITE, LockBusy, file_lock, is_locked


def test_a_held_lock_is_busy_and_a_released_one_is_free(in_bucket: Bucket) -> None:
    path = in_bucket.folder / "catalogs" / "x" / ".lock"
    assert not is_locked(path)
    with file_lock(path, AT_ONCE):
        assert is_locked(path)
        with pytest.raises(LockBusy), file_lock(path, AT_ONCE):
            pass
    assert not is_locked(path)
    with file_lock(path, AT_ONCE):
        pass


def test_threads_take_turns(in_bucket: Bucket) -> None:
    path, inside, most = in_bucket.folder / "turn", [0], [0]

    def work() -> None:
        for _ in range(5):
            with file_lock(path, WRITE):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1


def _hold(folder: str, uri: str, ready: str) -> None:
    bucket_locks.RENEWAL = 0.1  # this process is its own
    connect(Path(folder), uri)
    with file_lock(Path(folder) / "turn", WRITE):
        Path(ready).touch()
        time.sleep(600)


def _holder(in_bucket: Bucket, tmp_path: Path) -> multiprocessing.process.BaseProcess:
    """A server on another machine: a process with another folder of copies."""
    ready = tmp_path / "ready"
    process = multiprocessing.get_context("spawn").Process(
        target=_hold, args=(str(tmp_path / "other"), str(in_bucket.address), str(ready))
    )
    process.start()
    while not ready.exists():
        assert process.is_alive()
        time.sleep(0.02)
    return process


def test_a_living_holder_keeps_its_lock_beyond_the_expiry_a_killed_one_loses_it(
    in_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(bucket_locks, "_clock", lambda: now)
    path, process = in_bucket.folder / "turn", _holder(in_bucket, tmp_path)

    def tag() -> Tag:
        stored = in_bucket.get(path)
        assert stored is not None
        return stored.tag

    try:
        with pytest.raises(LockBusy), file_lock(path, 0.1):
            pass
        for _ in range(3):
            assert is_locked(path)
            before = tag()
            while tag() == before:  # until it is renewed
                assert process.is_alive()
                time.sleep(0.02)
            now += 0.9 * bucket_locks.EXPIRY
        assert is_locked(path)
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        assert is_locked(path)
        now += 0.9 * bucket_locks.EXPIRY
        with pytest.raises(LockBusy), file_lock(path, AT_ONCE):
            pass
        now += 0.2 * bucket_locks.EXPIRY
        with file_lock(path, AT_ONCE):
            assert is_locked(path)
    finally:
        process.kill()
        process.join()


def test_who_needs_a_lock_waits_until_that_of_a_killed_holder_has_expired(
    in_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_locks, "EXPIRY", 1.0)
    path, process = in_bucket.folder / "turn", _holder(in_bucket, tmp_path)
    process.kill()
    process.join()
    assert is_locked(path)
    with file_lock(path, 0.1):  # for a living one it would wait no longer
        assert is_locked(path)


def test_a_holder_that_was_away_for_too_long_finds_out(
    in_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = in_bucket.folder / "turn"
    monkeypatch.setattr(bucket_locks, "RENEWAL", 1000.0)  # as if its thread stood still
    monkeypatch.setattr(bucket_locks, "EXPIRY", 0.3)
    with bucket_lock(in_bucket, path, WRITE) as slow:
        assert isinstance(slow, Held)
        # Another machine has no turn of this process to wait for.
        monkeypatch.setattr(bucket_locks, "_process", bucket_locks._Process())
        with bucket_lock(in_bucket, path, WRITE) as quick:
            assert quick is not None
            monkeypatch.setattr(bucket_locks, "RENEWAL", 0.0)
            slow.renew()
            assert slow.lost
            quick.renew()
            assert not quick.lost
    assert not is_locked(path)


def test_a_lock_s_object_of_something_else_expires(
    in_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_locks, "EXPIRY", 0.2)
    path = in_bucket.folder / "turn"
    in_bucket.put(path, b"no json")
    with pytest.raises(LockBusy), file_lock(path, AT_ONCE):
        pass
    with file_lock(path, WRITE):
        assert is_locked(path)


def test_a_renewal_whose_answer_was_lost_keeps_the_lock(
    in_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, path = Bucket.put_over, in_bucket.folder / "turn"
    in_bucket.put(path, b'{"held": false}')

    def lost(bucket: Bucket, path: Path, data: bytes, tag: Tag) -> Tag | None:
        """Write, and answer as the store does to the second try of the same request."""
        put(bucket, path, data, tag)
        return None

    with bucket_lock(in_bucket, path, WRITE) as held:
        assert held is not None
        monkeypatch.setattr(bucket_locks, "RENEWAL", 0.0)
        monkeypatch.setattr(Bucket, "put_over", lost)
        held.renew()
        assert not held.lost, "a job would end for it"
    assert not held.lost
    assert not is_locked(path)


def test_a_machine_that_slept_has_lost_its_locks(
    in_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bucket_lock(in_bucket, in_bucket.folder / "turn", WRITE) as held:
        assert held is not None
        assert not held.lost
        clock = time.clock_gettime
        slept = lambda kind: clock(kind) + 60 * (kind == time.CLOCK_BOOTTIME)  # noqa: E731
        monkeypatch.setattr(bucket_locks.time, "clock_gettime", slept)
        assert held.lost, "the clock that stands still meanwhile was asked"
