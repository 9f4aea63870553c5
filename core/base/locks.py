"""Locks between threads and processes, as files; a process that is killed gives its locks up.

How long somebody waits for a lock depends on what its holder does:

- ``START``: long work, which the new one would have to wait for. The person is told at once.
- ``WRITE``: writes of milliseconds. Even under load everybody's turn comes.
- ``AT_ONCE``: housekeeping that its holder does for all. The others go on without.
- ``AS_LONG_AS_IT_TAKES``: something that all who wait need, such as a download, whatever it takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import StudioError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

#: Policies: how long a lock is waited for, seconds.
START = 2.0
WRITE = 60.0
AT_ONCE = 0.0
AS_LONG_AS_IT_TAKES = None

#: Evenly polled, so that none of many waiters starves, seconds.
_POLL = 0.01

#: What is said where the caller has no sentence of its own.
BUSY = "Others are writing right now. Try again in a moment."


class LockBusy(StudioError):
    """Somebody else holds a lock, and the wait for it is over."""


@contextmanager
def file_lock(
    path: Path, patience: float | None, sentence: str = "",
    error: type[StudioError] = LockBusy,
) -> Iterator[None]:  # fmt: skip
    """Hold the lock file ``path``; its folder is made where it is missing.

    Args:
        path: The lock file; it stays there afterwards.
        patience: One of the policies of this module.
        sentence: What to say when it is not had.
        error: What to raise then.
    """
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
    """Whether some thread or process holds the lock file.

    Looking takes the lock *shared*: lookers don't see each other, and a starter's patience outlasts
    the microseconds that they take.
    """
    try:
        with path.open("rb") as file:
            if fcntl is None:
                return _is_taken(path)
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:  # some file systems say EACCES for "held"
        return True
    return False


def _is_taken(path: Path) -> bool:
    try:
        FileLock(path).acquire(timeout=0).lock.release()
    except Timeout:
        return True
    return False
