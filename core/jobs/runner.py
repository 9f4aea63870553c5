"""Run begun jobs in background threads of this process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from core.errors import StudioError
from core.jobs.job import BegunJob

_log = logging.getLogger(__name__)


class JobRunner:
    """Runs work in threads; each job stores how it ends, so pages can show it."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def start(self, job: BegunJob[Any]) -> None:
        """Run a begun job in a new thread."""
        self.background(job.run, job.reporter.job.kind)

    def background(self, work: Callable[[], object], name: str = "background") -> None:
        """Run ``work`` in a daemon thread, which ends with the process."""
        thread = threading.Thread(target=_run, args=(work,), name=name, daemon=True)
        with self._lock:
            self._threads = [entry for entry in self._threads if entry.is_alive()] + [thread]
        thread.start()

    def wait(self, timeout: float | None = None) -> None:
        """Wait for all threads (for tests and scripts)."""
        for thread in list(self._threads):
            thread.join(timeout)


def _run(work: Callable[[], object]) -> None:
    try:
        work()
    except StudioError as error:
        _log.warning("%s", error)
    except Exception:
        _log.exception("Work in the background failed.")
