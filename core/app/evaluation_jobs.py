"""Evaluation as jobs: pages and commands start them, see their progress and stop them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from core.domain import Job, OnProgress, Progress, Report
from core.errors import EvaluationError, EvaluationStopped
from core.jobs import JobFile, JobReporter, Stage
from core.jobs.job_paths import JobPaths

KIND = "evaluation"
#: Expected seconds per engine, if no earlier run of the task has measured it.
_ENGINE = 10.0
_INTERRUPTED = "It was interrupted. Start it again; what is fine-tuned so far is kept."


class EvaluationJobs:
    """Jobs of evaluation; one per catalogue and task runs at a time, over all processes.

    Args:
        root: Folder of the reports.
    """

    def __init__(self, root: Path) -> None:
        self._root = root / ".jobs"

    def file(self, catalog: str, task: str) -> JobFile:
        """Return the job of a task on a catalogue."""
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
        """Evaluate in this thread; ``of`` shows progress and result.

        Args:
            catalog: Name of the catalogue.
            task: Name of the job, usually that of a task.
            engines: Number of engines.
            work: Does the evaluation; its argument takes progress reports and raises
                ``EvaluationStopped`` if the job should stop.
            author: Name of the person who started it.
            on_progress: Called with each progress report.

        Raises:
            EvaluationError: The same task already runs on the catalogue.
            EvaluationStopped: A stop was requested, in any process.
        """
        plan = (Stage("preparing", max(1, engines), _ENGINE),)
        job = self.file(catalog, task).begin(plan, author=author, on_progress=on_progress)
        with job as reporter:
            return work(lambda progress: _follow(reporter, progress))

    def of(self, catalog: str) -> tuple[Job, ...]:
        """Return a catalogue's jobs that run or ended before they were done, newest first."""
        folder = self.file(catalog, "").paths.snapshot.parent
        names = sorted(path.stem for path in folder.glob("*.json"))
        jobs = [job for name in names if (job := self.file(catalog, name).read())]
        open_ones = [job for job in jobs if job.running or job.unfinished]
        return tuple(sorted(open_ones, key=lambda job: job.started, reverse=True))

    def dismiss(self, catalog: str) -> None:
        """Delete the snapshots of a catalogue's evaluations that have ended."""
        for job in self.of(catalog):
            self.file(catalog, job.subject).dismiss()


def _follow(reporter: JobReporter, progress: Progress) -> None:
    if reporter.step(progress):
        raise EvaluationStopped
