"""Indexing jobs in background threads of this process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from core.errors import StudioError

_log = logging.getLogger(__name__)


class Jobs:
    """Starts jobs and remembers which ones were asked to stop."""

    def __init__(self) -> None:
        self._stopping: set[str] = set()
        self._threads: list[threading.Thread] = []

    def start(self, job: Callable[[], object]) -> None:
        """Run a job in a daemon thread: what it has stored survives if the process ends first."""
        thread = threading.Thread(target=self._run, args=(job,), name="indexing", daemon=True)
        self._threads = [other for other in self._threads if other.is_alive()] + [thread]
        thread.start()

    def stop(self, catalog: str) -> None:
        """Ask the running job of a catalogue to stop after its current chunk."""
        self._stopping.add(catalog)

    def stopper(self, catalog: str) -> Callable[[], bool]:
        """What a job asks between chunks; an old wish to stop does not meet a new job."""
        self._stopping.discard(catalog)
        return lambda: catalog in self._stopping

    def wait(self, timeout: float | None = None) -> None:
        """Wait for all jobs (for tests and scripts)."""
        for thread in self._threads:
            thread.join(timeout)

    @staticmethod
    def _run(job: Callable[[], object]) -> None:
        try:
            job()
        except StudioError as error:
            _log.warning("%s", error)
        except Exception:
            _log.exception("An indexing job failed.")
