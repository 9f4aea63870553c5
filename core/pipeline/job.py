"""One indexing job per catalogue: the lock, and a progress snapshot that any process can read."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from filelock import FileLock, Timeout

from core.domain import Progress
from core.errors import CatalogBusy

OnProgress = Callable[[Progress], None]

#: Snapshots of the same stage are written (and reported) this often at most, seconds.
INTERVAL = 0.5

_INTERRUPTED = "The last run was interrupted. Run it again: it goes on where it was."


class Job:
    """The running job's voice: reports progress to a callback and to ``progress.json``."""

    def __init__(self, root: Path, on_progress: OnProgress | None) -> None:
        self._path = root / "progress.json"
        self._on_progress = on_progress
        self._last = Progress("", running=True)
        self._at = 0.0

    def report(self, stage: str, done: int = 0, total: int = 0, message: str = "") -> None:
        """Tell how far the job is."""
        now = time.monotonic()
        same = stage == self._last.stage and done != total
        self._last = Progress(stage, done, total, message, running=True)
        if same and now - self._at < INTERVAL:
            return
        self._at = now
        self._publish(self._last)

    def end(self, stage: str, message: str) -> None:
        """Tell how the job ended: ``done``, ``failed`` or ``stopped``."""
        self._publish(replace(self._last, stage=stage, message=message, running=False))

    def _publish(self, progress: Progress) -> None:
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        temporary.write_text(json.dumps(asdict(progress), ensure_ascii=False), encoding="utf-8")
        temporary.replace(self._path)
        if self._on_progress is not None:
            self._on_progress(progress)


@contextmanager
def indexing_job(root: Path, on_progress: OnProgress | None = None) -> Iterator[Job]:
    """Hold the catalogue's lock for the length of a job.

    Raises:
        CatalogBusy: Another job is indexing this catalogue.
    """
    with writing(root):
        job = Job(root, on_progress)
        try:
            yield job
        except BaseException as error:
            reason = str(error) or type(error).__name__
            job.end("failed", reason)
            raise


@contextmanager
def writing(root: Path, wait: float = 2) -> Iterator[None]:
    """Hold the catalogue's lock: one process at a time writes items and vectors.

    Args:
        root: The catalogue's folder.
        wait: Seconds to wait for it; somebody who only looks (read_progress) lets go at once.

    Raises:
        CatalogBusy: Another job holds it.
    """
    root.mkdir(parents=True, exist_ok=True)
    lock = _lock(root)
    try:
        lock.acquire(timeout=wait)
    except Timeout:
        raise CatalogBusy(
            f"The catalogue “{root.name}” is being indexed already. Wait until that is done, or "
            "stop it first."
        ) from None
    try:
        yield
    finally:
        lock.release()


def read_progress(root: Path) -> Progress | None:
    """The running or last job's snapshot; ``None`` when there was none.

    ``running`` is true only while a live process holds the lock: a killed job reads as stopped.
    """
    try:
        progress = Progress(**json.loads((root / "progress.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    if progress.running and not is_running(root):
        return replace(progress, stage="stopped", message=_INTERRUPTED, running=False)
    return progress


def is_running(root: Path) -> bool:
    """Whether a live process is indexing the catalogue."""
    if not (root / ".lock").exists():
        return False
    lock = _lock(root)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _lock(root: Path) -> FileLock:
    return FileLock(root / ".lock", thread_local=False)
