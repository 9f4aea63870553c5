"""Evaluations that pages and commands start: seen, stopped and kept like all long work."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from core.domain import Job, OnProgress, Progress, Report
from core.errors import EvaluationError, EvaluationStopped
from core.jobs import JobFile, JobReporter, Stage
from core.jobs.files import JobPaths

KIND = "evaluation"
#: Expected seconds per engine, where no earlier run of the task has measured it.
_ENGINE = 10.0
_INTERRUPTED = "It was interrupted. Start it again; what is fine-tuned so far is kept."


class EvaluationJobs:
    """One evaluation per catalogue and task at a time, over all processes.

    Args:
        root: Where the reports are stored.
    """

    def __init__(self, root: Path) -> None:
        self._root = root / ".jobs"

    def file(self, catalog: str, task: str) -> JobFile:
        """The job of a task on a catalogue."""
        name = re.sub(r"[^a-z0-9-]+", "-", task.lower())[:60]
        folder = self._root / re.sub(r"[^a-z0-9-]+", "-", catalog.lower())[:60]
        paths = JobPaths(folder / f".{name}", folder / f"{name}.json", folder / f".{name}.stop")
        busy = (
            f"The task “{task[:60]}” is being measured on “{catalog[:60]}” already. Wait until "
            "that is done, or stop it first."
        )
        return JobFile(KIND, task[:60], paths, busy, EvaluationError, _INTERRUPTED)

    def run(
        self,
        catalog: str,
        task: str,
        engines: int,
        work: Callable[[OnProgress], Report],
        *,
        author: str = "",
        on_progress: OnProgress | None = None,
    ) -> Report:
        """Evaluate in this thread; how far it is and how it ended is seen in ``of``.

        Args:
            catalog: Name of the catalogue.
            task: Names the job; another word than a task's may do.
            engines: How many are measured.
            work: Evaluates; what it is given takes its progress, and raises where it should stop.
            author: Who started it.
            on_progress: Called with snapshots.

        Raises:
            EvaluationError: The task is being measured there already.
            EvaluationStopped: Somebody, in whatever process, asked it to stop.
        """
        plan = (Stage("preparing", max(1, engines), _ENGINE),)
        job = self.file(catalog, task).begin(plan, author=author, on_progress=on_progress)
        with job as reporter:
            return work(lambda progress: _follow(reporter, progress))

    def of(self, catalog: str) -> tuple[Job, ...]:
        """The jobs on a catalogue that run, or that did not get to their end; newest first."""
        folder = self.file(catalog, "").paths.snapshot.parent
        names = sorted(path.stem for path in folder.glob("*.json"))
        jobs = [job for name in names if (job := self.file(catalog, name).read())]
        open_ones = [job for job in jobs if job.running or job.unfinished]
        return tuple(sorted(open_ones, key=lambda job: job.started, reverse=True))

    def stop(self, catalog: str, task: str) -> bool:
        """Ask a task to stop where it next reports; false where it does not run."""
        return self.file(catalog, task).stop()

    def dismiss(self, catalog: str) -> None:
        """Forget what is said of a catalogue's evaluations that have ended."""
        for job in self.of(catalog):
            self.file(catalog, job.subject).dismiss()


def _follow(reporter: JobReporter, progress: Progress) -> None:
    if reporter.step(progress):
        raise EvaluationStopped
