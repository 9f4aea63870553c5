"""The fine-tuning run of a data directory: one at a time, visible to all processes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.domain import Job, JobState, OnProgress, Progress
from core.embedding.recipes import RECIPE
from core.errors import TrainingError
from core.jobs import JobFile, JobReporter, Stage
from core.jobs.job_paths import JobPaths

if TYPE_CHECKING:
    from core.training.training_loop import OnStep

KIND = "fine-tuning"
#: Sentence of the error for a second run.
BUSY = "An engine is being fine-tuned already. Wait until that is done, or stop it first."
#: Allowed names of engines.
ENGINE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
#: Characters of a digest in a folder's name.
_DIGEST = 16
#: Expected seconds for preparing, one step, embedding and measuring, on two cores.
_PREPARING, _STEP, _EMBEDDING, _MEASURING = 5.0, 0.3, 15.0, 15.0


@dataclass(frozen=True, slots=True)
class AdaptRun:
    """The running, or the last, run.

    Attributes:
        job: Its job; the stages are preparing, training, embedding and measuring.
        engine: Name of the new engine.
        catalog: Whose items it learns from, or the file of its pairs.
        base: The engine that it starts from.
        report: Id of the report of before and after, once it is done.
    """

    job: Job
    engine: str
    catalog: str
    base: str
    report: str = ""

    @classmethod
    def of(cls, job: Job) -> AdaptRun:
        """Return the run of a snapshot."""
        names = {name: str(job.details.get(name, "")) for name in ("catalog", "base", "report")}
        return cls(job, job.subject, **names)

    @property
    def running(self) -> bool:
        """A live process works on it."""
        return self.job.running


def on_step(reporter: JobReporter) -> OnStep:
    """Return a callback for training steps, which reports them and returns whether to stop."""

    def step(done: int, total: int) -> bool:
        if not total:
            return reporter.stopping()
        return reporter.step(Progress("training", done, total))

    return step


class Runs:
    """Runs in a folder, one at a time over all processes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        paths = JobPaths(root / ".lock", root / ".run.json", root / ".stop", _from_old)
        self.job = JobFile(KIND, "", paths, BUSY, TrainingError)

    def begin(
        self, engine: str, catalog: str, base: str, steps: int = 0, *,
        author: str = "", on_progress: OnProgress | None = None,
    ) -> JobReporter:  # fmt: skip
        """Begin a run; raises ``TrainingError`` if one is active.

        Args:
            engine: Name of the new engine.
            catalog: What it learns from.
            base: Engine that it starts from.
            steps: Of training, as far as is known.
            author: Who starts it.
            on_progress: Called with snapshots.
        """
        plan = (
            Stage("preparing", 1, _PREPARING),
            Stage("training", steps, _STEP),
            Stage("embedding", 1, _EMBEDDING),
            Stage("measuring", 1, _MEASURING),
        )
        details = {"catalog": catalog, "base": base}
        return self.job.begin(
            plan, subject=engine, author=author, details=details, on_progress=on_progress
        )

    def latest(self) -> AdaptRun | None:
        """Return the running or last run."""
        job = self.job.read()
        return AdaptRun.of(job) if job else None

    def engines(self) -> tuple[str, ...]:
        """Return the names of the engines in the folder."""
        return tuple(sorted(path.parent.name for path in self._root.glob(f"*/{RECIPE}")))

    def work(self, engine: str, digest: str) -> Path:
        """Return the folder of a run's state; another input has another folder."""
        return self._root / f".{engine}-{digest[:_DIGEST]}"

    def unfinished(self, engine: str) -> bool:
        """Tell whether a run that was not completed has left files of an engine."""
        return bool(self._left(engine))

    def tidy(self, engine: str) -> None:
        """Remove the folders that an unfinished run of an engine has left."""
        for folder in self._left(engine):
            shutil.rmtree(folder, ignore_errors=True)

    def _left(self, engine: str) -> list[Path]:
        named = ENGINE_NAME.fullmatch(engine)
        return list(self._root.glob(f".{engine}-{'[0-9a-f]' * _DIGEST}")) if named else []

    def forget(self, engine: str) -> None:
        """Delete the record of the last run if it made this engine."""
        run = self.latest()
        if run is not None and run.engine == engine:
            self.job.dismiss()


def _from_old(old: Mapping[str, Any]) -> Job:
    """Convert a snapshot of an earlier version."""
    stage = str(old["stage"])
    ended = {"done": JobState.DONE, "failed": JobState.FAILED, "stopped": JobState.STOPPED}
    state = JobState.RUNNING if old["running"] else ended.get(stage, JobState.INTERRUPTED)
    return Job(
        "", KIND, str(old["engine"]), state, Progress(stage, int(old["done"]), int(old["total"])),
        str(old["message"]),
        details={name: str(old[name]) for name in ("catalog", "base", "report")},
    )  # fmt: skip
