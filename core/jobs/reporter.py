"""Report the progress of a running job, and store how it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from core.base.locks import is_lost
from core.domain.job import Job, JobState, OnProgress, Progress, no_progress
from core.errors import STOPPED, JobStopped, StudioError
from core.jobs.job_paths import JobPaths
from core.jobs.time_left import Stage, TimeLeft

#: Least time between two snapshots of the same stage, seconds.
INTERVAL = 0.5
_TAKEN_OVER = (
    "This job did not reach the store for ten seconds, so another server may run it by now. What "
    "is done is kept: start it again to go on."
)
#: Longest text of an unexpected error in a message, characters.
_LONGEST = 500


class JobReporter:
    """A begun job; it holds the lock until its block ends. Safe to use from several threads.

    Args:
        paths: The job's files.
        job: The first snapshot.
        held: Releases the lock when it is closed.
        plan: The stages of the job.
        on_progress: Called with each progress report.
    """

    def __init__(
        self,
        paths: JobPaths,
        job: Job,
        held: ExitStack,
        plan: Sequence[Stage] = (),
        on_progress: OnProgress | None = None,
    ) -> None:
        self._paths, self._job, self._held = paths, job, held
        self._on_progress: OnProgress = no_progress
        self._lock = threading.Lock()
        self._time_left, self._written = TimeLeft(plan, job.paces), 0.0
        first = next(iter(plan), Stage("", 0, 0))
        self.step(Progress(first.name, 0, first.total))
        self._on_progress = on_progress or no_progress

    @property
    def job(self) -> Job:
        """The latest snapshot."""
        return self._job

    def step(self, progress: Progress, details: Mapping[str, Any] | None = None) -> bool:
        """Report progress; return whether the job should stop.

        Args:
            progress: Stage, units and message; the time left is added here.
            details: Details to add to the snapshot, or to replace there.
        """
        with self._lock:
            left = self._time_left.seconds(progress)
            rate = self._time_left.per_second
            progress = replace(progress, seconds_left=left, per_second=rate)
            before = self._job.progress
            same = progress.stage == before.stage and progress.ended != progress.total
            self._job = replace(
                self._job, progress=progress, details={**self._job.details, **(details or {})}
            )
            if not same or time.monotonic() - self._written >= INTERVAL:
                self._write()
        self._on_progress(progress)
        return self.stopping()

    def follow(self, progress: Progress) -> None:
        """Report progress; raise ``JobStopped`` if the job should stop."""
        if self.step(progress):
            raise JobStopped

    def stopping(self) -> bool:
        """Tell whether a stop was requested, in any process, or another one has the lock now."""
        return is_lost(self._paths.lock) or self._paths.stop_requested(self._job.job_id)

    def check_lock(self) -> None:
        """Raise ``JobStopped`` where another server may run the job by now; call before writes."""
        if is_lost(self._paths.lock):
            raise JobStopped(_TAKEN_OVER)

    def end(
        self, state: JobState, message: str = "", details: Mapping[str, Any] | None = None
    ) -> None:
        """Store how the job ended."""
        with self._lock:
            self._job = replace(
                self._job, state=state, message=message, paces=self._time_left.paces,
                progress=replace(self._job.progress, seconds_left=None),
                details={**self._job.details, **(details or {})},
            )  # fmt: skip
            self._write(fsync=True)

    def __enter__(self) -> JobReporter:
        try:
            self._on_progress(self._job.progress)
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._held:
            if isinstance(error, JobStopped | KeyboardInterrupt):
                self.end(JobState.STOPPED, str(error) or STOPPED)
            elif error is not None:
                self.end(JobState.FAILED, reason(error))
            elif self._job.running:
                self.end(JobState.DONE)

    def _write(self, *, fsync: bool = False) -> None:
        self._written = time.monotonic()
        if is_lost(self._paths.lock):
            return  # the files may be another job's
        self._job = replace(self._job, updated=now())
        self._paths.write(self._job, fsync=fsync)


def reason(error: BaseException) -> str:
    """Return why a job failed, one sentence for people."""
    if isinstance(error, StudioError):
        return str(error)
    name, text = type(error).__name__, " ".join(str(error).split())[:_LONGEST]
    cause = f"{name}: {text}" if text else name
    return f"Something went wrong on our side ({cause}). The log says more."


def now() -> str:
    """Return the present time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
