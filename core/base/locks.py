"""Locks between threads and processes; a process that is killed releases its locks.

They are file locks; for a data directory in a bucket they are objects, which all its servers see
(``bucket_locks``).

How long a caller waits for a lock depends on what its holder does:

- ``START``: long work, so the caller gets an error soon.
- ``WRITE``: writes of milliseconds, so every caller gets the lock in time, even under load.
- ``AT_ONCE``: housekeeping that the holder does for all, so the caller goes on without it.
- ``AS_LONG_AS_IT_TAKES``: something that every caller needs, such as a download.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.base import bucket_locks
from core.base.bucket_locks import bucket_lock, is_taken
from core.base.buckets import bucket_of
from core.errors import StudioError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

#: Policies: how long to wait for a lock, seconds.
START = 2.0
WRITE = 60.0
AT_ONCE = 0.0
AS_LONG_AS_IT_TAKES = None

#: Interval at which a waiter tries again, seconds; constant, so that no waiter starves.
_POLL = 0.01

#: Sentence of the error if the caller gives none.
BUSY = "Others are writing right now. Try again in a moment."


class LockBusy(StudioError):
    """The lock was not released within the waiting time."""


@contextmanager
def file_lock(
    path: Path, patience: float | None, sentence: str = "",
    error: type[StudioError] = LockBusy,
) -> Iterator[None]:  # fmt: skip
    """Hold the lock file ``path`` until the block ends; create its folder if it is missing.

    Args:
        path: The lock file; it is not deleted afterwards.
        patience: One of the policies of this module.
        sentence: Sentence of the error if the lock is not released in time.
        error: Type of the error.
    """
    bucket = bucket_of(path)
    if bucket is not None:
        with bucket_lock(bucket, path, patience) as held:
            if held is None:
                raise error(sentence or BUSY)
            yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, poll_interval=_POLL, thread_local=False)
    try:
        lock.acquire(timeout=-1 if patience is None else patience)
    except Timeout:
        raise error(sentence or BUSY) from None
    try:
        yield
    finally:
        lock.release()


def is_locked(path: Path) -> bool:
    """Tell whether a thread or process holds the lock file.

    The check takes the lock *shared* for some microseconds: checks don't disturb each other, and
    the patience of ``file_lock`` is longer.
    """
    bucket = bucket_of(path)
    if bucket is not None:
        return is_taken(bucket, path)
    try:
        with path.open("rb") as file:
            if fcntl is None:
                return _is_taken(path)
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:  # some file systems report EACCES for a held lock
        return True
    return False


def is_lost(path: Path) -> bool:
    """Tell whether this process's lock may be another's by now; file locks are never lost."""
    return bucket_of(path) is not None and bucket_locks.is_lost(path)


def _is_taken(path: Path) -> bool:
    try:
        FileLock(path).acquire(timeout=0).lock.release()
    except Timeout:
        return True
    return False
