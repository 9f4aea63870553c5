"""Locks between threads and processes, as files; a process that is killed gives its locks up."""

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

#: Seconds that a starter waits for a lock, unless it says otherwise.
PATIENCE = 2.0
#: Evenly polled, so that none of many waiters starves, seconds.
_POLL = 0.01


@contextmanager
def file_lock(
    path: Path, patience: float | None = PATIENCE, sentence: str = "",
    error: type[StudioError] = StudioError,
) -> Iterator[None]:  # fmt: skip
    """Hold the lock file ``path``; its folder is made where it is missing.

    Args:
        path: The lock file; it stays there afterwards.
        patience: Seconds to wait for another holder; ``None`` waits as long as it takes.
        sentence: What to say when it is not had.
        error: What to raise then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, poll_interval=_POLL, thread_local=False)
    try:
        lock.acquire(timeout=-1 if patience is None else patience)
    except Timeout:
        raise error(sentence or f"“{path.name}” is in use. Try again in a moment.") from None
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
