"""What a running job says of itself, and how its end is stored."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from core.domain.job import Job, JobState, OnProgress, Progress, no_progress
from core.errors import STOPPED, JobStopped, StudioError
from core.jobs.files import JobPaths
from core.jobs.time_left import Stage, TimeLeft

#: Snapshots of the same stage are written this often at most, seconds.
INTERVAL = 0.5
_LONGEST = 500


class JobReporter:
    """A begun job: it holds the lock until its block ends. Safe to use from several threads.

    Args:
        paths: The job's files.
        job: The first snapshot.
        held: Lets the lock go when it is closed.
        plan: The stages of the job.
        on_progress: Called with every report.
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
        """Report how far the job is; returns whether it should stop.

        Args:
            progress: Stage, units and message; the time left is filled in here.
            details: Replaces those of the snapshot that it names.
        """
        with self._lock:
            left = self._time_left.seconds(progress)
            progress = replace(progress, seconds_left=left)
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
        """Report how far the job is; raises ``JobStopped`` where it should stop."""
        if self.step(progress):
            raise JobStopped

    def stopping(self) -> bool:
        """Whether somebody, in whatever process, wants the job to stop."""
        return self._paths.wishes_stop(self._job.job_id)

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
        self._job = replace(self._job, updated=now())
        self._paths.write(self._job, fsync=fsync)


def reason(error: BaseException) -> str:
    """Why a job failed, one sentence for people."""
    if isinstance(error, StudioError):
        return str(error)
    name, text = type(error).__name__, " ".join(str(error).split())[:_LONGEST]
    what = f"{name}: {text}" if text else name
    return f"Something went wrong on our side ({what}). The log says more."


def now() -> str:
    """ISO time, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
