"""One job of a kind on a subject, over all processes that share the folder."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from core.base.atomic import atomic_write
from core.base.locks import START, file_lock, is_locked
from core.domain.job import Job, JobState, OnProgress
from core.errors import StudioError
from core.jobs.files import INTERRUPTED, JobPaths
from core.jobs.reporter import JobReporter, now
from core.jobs.time_left import Stage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JobFile:
    """Begins, shows and stops a job; ``running`` is true only while a live process holds its lock.

    Attributes:
        kind: ``indexing``, ``rewriting``, ``fine-tuning`` or ``evaluation``.
        subject: What it works on; ``begin`` may say another.
        paths: Its files.
        busy: What a second starter is told.
        error: What is raised then.
        interrupted: What is said of a job whose process ended first.
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
        """Take the lock and write the first snapshot; the reporter's block is the job.

        Whatever thread leaves the reporter's block lets the lock go. A wish to stop the job before
        is none for this one.

        Args:
            plan: The stages, for the time that is left.
            subject: Instead of the file's.
            author: Who starts it.
            details: What only this kind of job has, as JSON values.
            on_progress: Called with snapshots.

        Raises:
            StudioError: ``error`` with the sentence ``busy``: another job holds the lock.
        """
        with ExitStack() as held:
            held.enter_context(self.locked())
            before = self.paths.read()
            self.paths.wish.unlink(missing_ok=True)
            held.callback(self.paths.wish.unlink, missing_ok=True)
            job = Job(
                secrets.token_hex(8), self.kind, subject or self.subject, author=author,
                started=now(), paces=before.paces if before else {}, details=details or {},
            )  # fmt: skip
            return JobReporter(self.paths, job, held.pop_all(), tuple(plan), on_progress)

    @contextmanager
    def locked(self, patience: float = START) -> Iterator[None]:
        """Hold the lock without a job, for writes that take a moment; raises as ``begin`` does."""
        with file_lock(self.paths.lock, patience, self.busy, self.error):
            left = self.paths.read()
            if left is not None and left.running:  # its process ended: the lock was free
                self.paths.write(self._as_interrupted(left))
            yield

    def read(self) -> Job | None:
        """The running or last job; ``None`` when there was none, or it was dismissed."""
        job = self.paths.read()
        if job is None or not job.running:
            return job
        if self.busy_now():
            return replace(job, stopping=self.paths.wishes_stop(job.job_id))
        again = self.paths.read()  # it may have ended between the two looks
        if again is None or not again.running or again.job_id != job.job_id:
            return again
        return self._as_interrupted(again)

    def busy_now(self) -> bool:
        """Whether a live process holds the lock; looking never keeps anybody from starting."""
        return is_locked(self.paths.lock)

    def stop(self) -> bool:
        """Ask the running job, of whatever process, to stop; false where none is running."""
        job = self.read()
        if job is None or not job.running:
            return False
        atomic_write(self.paths.wish, job.job_id, fsync=False)
        return True

    def dismiss(self) -> None:
        """Forget what is said of a job that has ended."""
        job = self.read()
        if job is not None and not job.running:
            self.paths.snapshot.unlink(missing_ok=True)

    def _as_interrupted(self, job: Job) -> Job:
        progress = replace(job.progress, seconds_left=None)
        return replace(job, state=JobState.INTERRUPTED, message=self.interrupted, progress=progress)


@dataclass(frozen=True, slots=True)
class BegunJob(Generic[T]):
    """A job that holds its lock, and its work; to be run once, in this thread or another.

    Attributes:
        reporter: The begun job.
        work: What is to be done.
    """

    reporter: JobReporter
    work: Callable[[JobReporter], T]

    def run(self) -> T:
        """Do the work; how it ends is stored, and raised."""
        with self.reporter:
            return self.work(self.reporter)
