"""Begin, read and stop a job; at most one runs at a time among all processes."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from core.base.locks import START, file_lock, is_locked, is_lost
from core.base.shared_files import share, unshare
from core.domain.job import Job, JobState, OnProgress
from core.errors import StudioError
from core.jobs.job_paths import INTERRUPTED, JobPaths
from core.jobs.reporter import JobReporter, now
from core.jobs.time_left import Stage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JobFile:
    """A kind of job on one subject; ``read`` shows it as running only while its lock is held.

    Attributes:
        kind: ``indexing``, ``rewriting``, ``fine-tuning`` or ``evaluation``.
        subject: Name of what it works on; ``begin`` may give another.
        paths: Its files.
        busy: Sentence of the error if another job holds the lock.
        error: Type of that error.
        interrupted: Message of a job whose process ended before the job did.
    """

    kind: str
    subject: str
    paths: JobPaths
    busy: str
    error: type[StudioError] = StudioError
    interrupted: str = INTERRUPTED

    def begin(
        self,
        plan: Iterable[Stage] = (),
        *,
        subject: str = "",
        author: str = "",
        details: Mapping[str, Any] | None = None,
        on_progress: OnProgress | None = None,
    ) -> JobReporter:
        """Take the lock and write the first snapshot; the job ends with the reporter's block.

        The lock is released by the thread that leaves the reporter's block. A stop request for an
        earlier job is deleted.

        Args:
            plan: The stages, to estimate the time left.
            subject: Replaces the default subject.
            author: Name of the person who starts it.
            details: Data of this kind of job only, as JSON values.
            on_progress: Called with each progress report.

        Raises:
            StudioError: ``error`` with the sentence ``busy``: another job holds the lock.
        """
        with ExitStack() as held:
            held.enter_context(self.locked())
            before = self.paths.read()
            unshare(self.paths.stop_request)
            held.callback(self._drop_stop_request)
            job = Job(
                secrets.token_hex(8), self.kind, subject or self.subject, author=author,
                started=now(), paces=before.paces if before else {}, details=details or {},
            )  # fmt: skip
            return JobReporter(self.paths, job, held.pop_all(), tuple(plan), on_progress)

    @contextmanager
    def locked(self, patience: float = START) -> Iterator[None]:
        """Hold the lock without a job, for short writes; raises as ``begin`` does."""
        with file_lock(self.paths.lock, patience, self.busy, self.error):
            left = self.paths.read()
            if left is not None and left.running:  # its process ended: the lock was free
                self.paths.write(self._as_interrupted(left))
            yield

    def read(self) -> Job | None:
        """Return the running or last job; ``None`` if there was none or it was dismissed."""
        job = self.paths.read()
        if job is None or not job.running:
            return job
        if self.busy_now():
            return replace(job, stopping=self.paths.stop_requested(job.job_id))
        again = self.paths.read()  # it may have ended between the two reads
        if again is None or not again.running or again.job_id != job.job_id:
            return again
        return self._as_interrupted(again)

    def busy_now(self) -> bool:
        """Tell whether a live process holds the lock; the check does not block a start."""
        return is_locked(self.paths.lock)

    def stop(self) -> bool:
        """Request that the running job stops, in any process; return false if none is running."""
        job = self.read()
        if job is None or not job.running:
            return False
        share(self.paths.stop_request, job.job_id, fsync=False)
        return True

    def dismiss(self) -> None:
        """Delete the snapshot of a job that has ended."""
        job = self.read()
        if job is not None and not job.running:
            unshare(self.paths.snapshot)

    def _drop_stop_request(self) -> None:
        if not is_lost(self.paths.lock):
            unshare(self.paths.stop_request)

    def _as_interrupted(self, job: Job) -> Job:
        progress = replace(job.progress, seconds_left=None)
        return replace(job, state=JobState.INTERRUPTED, message=self.interrupted, progress=progress)


@dataclass(frozen=True, slots=True)
class BegunJob(Generic[T]):
    """A begun job and its work; run it once, in any thread.

    Attributes:
        reporter: Reporter of the begun job, which holds the lock.
        work: Does the work; gets the reporter.
    """

    reporter: JobReporter
    work: Callable[[JobReporter], T]

    def run(self) -> T:
        """Do the work and store how it ends; an error is stored and raised."""
        with self.reporter:
            return self.work(self.reporter)

    def fail(self, error: BaseException) -> None:
        """End the job where its run could not begin; does nothing once it has ended."""
        if self.reporter.job.running:
            self.reporter.__exit__(type(error), error, None)
