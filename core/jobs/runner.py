"""Run begun jobs in background threads of this process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from core.errors import StudioError
from core.jobs.job_file import BegunJob

#: Wraps the run of a job.
Around = Callable[[Callable[[], object]], Callable[[], object]]
#: Most jobs that run at once in this process; each has a lock of its own besides.
MOST_JOBS = 8
_MANY = "{} jobs are running already. Wait until one has ended, or stop one."
_NO_THREAD = "The server has too much to do to begin this now. Try again in a moment."
_log = logging.getLogger(__name__)


class JobRunner:
    """Runs work in threads; each job stores how it ends, so pages can show it."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._jobs: list[threading.Thread] = []
        self._lock = threading.Lock()

    def start(self, job: BegunJob[Any], around: Around = lambda run: run) -> None:
        """Run a begun job in a new thread.

        Args:
            job: The job.
            around: Wraps the run, to hold resources while it lasts; where it fails, the job has
                failed.

        Raises:
            StudioError: Very many run already, or no thread can be had; the job has failed.
        """

        def work() -> object:
            try:
                return around(job.run)()
            except BaseException as error:
                job.fail(error)
                raise

        try:
            with self._lock:
                running = sum(thread.is_alive() for thread in self._jobs)
                if running >= MOST_JOBS:
                    raise StudioError(_MANY.format(running))
                thread = self._begun(work, job.reporter.job.kind)
                self._jobs = [entry for entry in self._jobs if entry.is_alive()] + [thread]
        except RuntimeError as error:
            job.fail(error)
            raise StudioError(_NO_THREAD) from error
        except StudioError as error:
            job.fail(error)
            raise

    @property
    def running(self) -> int:
        """Number of jobs that run in this process."""
        with self._lock:
            return sum(thread.is_alive() for thread in self._jobs)

    def background(self, work: Callable[[], object], name: str = "background") -> None:
        """Run ``work`` in a daemon thread, which ends with the process."""
        with self._lock:
            self._begun(work, name)

    def _begun(self, work: Callable[[], object], name: str) -> threading.Thread:
        thread = threading.Thread(target=_run, args=(work,), name=name, daemon=True)
        thread.start()
        self._threads = [entry for entry in self._threads if entry.is_alive()] + [thread]
        return thread

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
