"""Orders to the rewriting agent, and the job that carries them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.domain import Job, JobState, RewriteProgress, RewriteReport
from core.errors import CatalogBusy
from core.jobs import JobFile
from core.jobs.job_paths import JobPaths

KIND = "rewriting"


@dataclass(frozen=True, slots=True)
class AgentOrder:
    """An order to the agent.

    Attributes:
        item_ids: Only these; empty means all that are left.
        limit: Largest number of items; ``None`` means all.
        dollars: Most that it may spend.
        tokens: Most tokens that it may use.
        retry: Include items without a usable text from earlier jobs.
        batch: In batches: half the price, answers within a day.
    """

    item_ids: tuple[str, ...] = ()
    limit: int | None = None
    dollars: float | None = None
    tokens: int | None = None
    retry: bool = False
    batch: bool = False


@dataclass(frozen=True, slots=True)
class AgentDetails:
    """Data that a rewriting job stores besides that of every job.

    Attributes:
        order: The order.
        progress: How far it is, with what it costs; ``None`` until the first item is looked at.
        report: Its result.
    """

    order: AgentOrder = AgentOrder()
    progress: RewriteProgress | None = None
    report: RewriteReport | None = None

    @classmethod
    def of(cls, job: Job) -> AgentDetails:
        """Return a job's details; those that can't be read are left out."""
        try:
            return _DETAILS.validate_python(dict(job.details), strict=False)
        except ValidationError:
            return cls()


_DETAILS = TypeAdapter(AgentDetails)
#: Details of a job that was never started.
NO_DETAILS = AgentDetails()


def details(
    order: AgentOrder | None = None,
    progress: RewriteProgress | None = None,
    report: RewriteReport | None = None,
) -> dict[str, Any]:
    """Return the given parts of a job's details as JSON values."""
    given = {"order": order, "progress": progress, "report": report}
    return {name: _JSON.dump_python(value, mode="json") for name, value in given.items() if value}


_JSON: TypeAdapter[Any] = TypeAdapter(Any)


def rewriting_job(root: Path) -> JobFile:
    """Return the agent's job on the catalogue in ``root``."""
    paths = JobPaths(
        root / ".rewriting", root / "agent-job.json", root / ".rewriting.stop",
        lambda old: _from_old(root, old),
    )  # fmt: skip
    busy = (
        f"The catalogue “{root.name}” is being rewritten already: the agent is at work on it. Wait "
        "until that is done, or stop it first."
    )
    return JobFile(KIND, root.name, paths, busy, CatalogBusy)


def shard_job(folder: Path, catalog: str, number: int) -> JobFile:
    """Return the agent's job on one shard of a catalogue."""
    paths = JobPaths(folder / ".lock", folder / "job.json", folder / ".stop")
    busy = f"Shard {number} of “{catalog}” is being described by another process."
    return JobFile(KIND, catalog, paths, busy, CatalogBusy)


def _from_old(root: Path, old: Mapping[str, Any]) -> Job:
    """Convert a snapshot of an earlier version."""
    report, problem = old["report"], str(old["problem"])
    state = JobState.FAILED if problem else JobState.DONE if report else JobState.RUNNING
    kept = {"order": old["order"], "progress": old["progress"], "report": report}
    return Job("", KIND, root.name, state, message=problem, author=str(old["author"]), details=kept)
