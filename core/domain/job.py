"""Long work: how far it is, and what any process can read of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class JobState(StrEnum):
    """How a job stands; an interrupted job's process ended before the job did."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far long work is.

    Attributes:
        stage: What is being done, in a word: ``reading``, ``embedding``, ``training`` …
        done: Units of the stage that are done.
        total: Units of the stage; 0 while unknown.
        message: One sentence for people; empty where stage and numbers say all.
        seconds_left: Estimate for all that is left, later stages too; ``None`` while unknown.
    """

    stage: str = ""
    done: int = 0
    total: int = 0
    message: str = ""
    seconds_left: float | None = None

    @property
    def ended(self) -> int:
        """Units that are through, also those that failed."""
        return self.done

    @property
    def percent(self) -> int | None:
        """How much of the stage is through, 0 to 100; ``None`` while the total is unknown."""
        return min(100, round(100 * self.ended / self.total)) if self.total else None

    @property
    def time_left(self) -> str:
        """The estimate in words, such as “about 3 minutes left”; empty while unknown."""
        return "" if self.seconds_left is None else f"{_duration(self.seconds_left)} left"


#: Called with snapshots. What it raises ends the work.
OnProgress = Callable[[Progress], None]


def no_progress(progress: Progress) -> None:
    """Ignore progress: the default where nobody watches."""


@dataclass(frozen=True, slots=True)
class Job:
    """A snapshot of a running job, or of the last one; written to disk, so any process reads it.

    Attributes:
        job_id: Names this very run.
        kind: ``indexing``, ``rewriting``, ``fine-tuning`` or ``evaluation``.
        subject: What it works on or makes: a catalogue, an engine.
        state: How it stands.
        progress: How far it is, or was when it ended.
        message: How it ended, one sentence for people; empty while it runs.
        author: Who started it; empty for the program itself.
        started: ISO time, UTC.
        updated: ISO time of this snapshot, UTC.
        stopping: Somebody asked it to stop, and it has not stopped yet.
        paces: Seconds per unit by stage, measured in this run or an earlier one.
        details: What only this kind of job has, as JSON values.
    """

    job_id: str
    kind: str
    subject: str
    state: JobState = JobState.RUNNING
    progress: Progress = Progress()
    message: str = ""
    author: str = ""
    started: str = ""
    updated: str = ""
    stopping: bool = False
    paces: Mapping[str, float] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        """A live process works on it."""
        return self.state is JobState.RUNNING

    @property
    def unfinished(self) -> bool:
        """It ended before its work was done: failed, stopped or interrupted."""
        return self.state in (JobState.FAILED, JobState.STOPPED, JobState.INTERRUPTED)


def _duration(seconds: float) -> str:
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds / 10) * 10} seconds"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} minutes"
    return f"about {max(2, round(seconds / 3600))} hours"
