"""The indexing job of a catalogue; only one job at a time writes its items and vectors."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from core.base.locks import START
from core.domain.job import Job, JobState, Progress
from core.errors import CatalogBusy
from core.jobs import JobFile
from core.jobs.job_paths import JobPaths

KIND = "indexing"
#: Message of a job whose process ended before the job did.
_INTERRUPTED = (
    "It was interrupted. Start it again: it goes on where it was. If the system ended it for lack "
    "of memory, index for fewer engines at a time (index FILE --engines A,B)."
)


def indexing_job(root: Path) -> JobFile:
    """Return the job of the catalogue in ``root``."""
    paths = JobPaths(
        root / ".lock", root / "progress.json", root / ".stop", lambda old: _from_old(root, old)
    )
    busy = (
        f"The catalogue “{root.name}” is being indexed already. Wait until the job is done, or "
        "stop it first."
    )
    return JobFile(KIND, root.name, paths, busy, CatalogBusy, _INTERRUPTED)


def writing(root: Path, patience: float = START) -> AbstractContextManager[None]:
    """Hold the catalogue's lock for a few writes; raises ``CatalogBusy`` after ``patience`` s."""
    return indexing_job(root).locked(patience)


def _from_old(root: Path, old: Mapping[str, Any]) -> Job:
    """Convert a snapshot of earlier versions (stage, done, total, message, running) to a job."""
    stage = str(old["stage"])
    ended = {"done": JobState.DONE, "failed": JobState.FAILED, "stopped": JobState.STOPPED}
    state = JobState.RUNNING if old["running"] else ended.get(stage, JobState.INTERRUPTED)
    progress = Progress(stage, int(old["done"]), int(old["total"]))
    return Job("", KIND, root.name, state, progress, str(old["message"]))
