"""Jobs: the progress of long work, and the snapshot that any process can read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class JobState(StrEnum):
    """State of a job; ``INTERRUPTED`` means that its process ended before the job did."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of long work.

    Attributes:
        stage: The present stage in one word: ``reading``, ``embedding``, ``training`` …
        done: Units of the stage that are done.
        total: Units of the stage; 0 if unknown.
        message: One sentence for people; empty if stage and numbers are enough.
        seconds_left: Estimated time for this and all later stages; ``None`` if unknown.
        skipped: Units of ``done`` that needed no work; the time left is estimated without them.
        per_second: Units that needed work, a second, since the stage's first; ``None`` if unknown.
    """

    stage: str = ""
    done: int = 0
    total: int = 0
    message: str = ""
    seconds_left: float | None = None
    skipped: int = 0
    per_second: float | None = None

    @property
    def ended(self) -> int:
        """Units that are finished, including those that failed."""
        return self.done

    @property
    def percent(self) -> int | None:
        """Finished share of the stage, 0 to 100; ``None`` if the total is unknown."""
        return min(100, round(100 * self.ended / self.total)) if self.total else None

    @property
    def time_left(self) -> str:
        """The estimate as text, such as “about 3 minutes left”; empty if unknown."""
        return "" if self.seconds_left is None else f"{_duration(self.seconds_left)} left"

    @property
    def throughput(self) -> str:
        """Units a second as text, such as “2.4 a second”, or a minute; empty if unknown."""
        if not self.per_second:
            return ""
        if self.per_second >= 1:
            return f"{self.per_second:,.1f} a second"
        return f"{60 * self.per_second:,.1f} a minute"


#: Called with each progress report. An exception that it raises ends the work.
OnProgress = Callable[[Progress], None]


def no_progress(progress: Progress) -> None:
    """Ignore progress; the default callback."""


@dataclass(frozen=True, slots=True)
class Job:
    """A snapshot of a running job or the last one; it is on disk, so any process can read it.

    Attributes:
        job_id: Random id of this run.
        kind: ``indexing``, ``rewriting``, ``fine-tuning`` or ``evaluation``.
        subject: Name of the catalogue or engine that it works on.
        state: Its state.
        progress: Its progress, or the last progress before it ended.
        message: How it ended, one sentence for people; empty while it runs.
        author: Name of the person who started it; empty for the program itself.
        started: ISO time, UTC.
        updated: ISO time of this snapshot, UTC.
        stopping: Whether a stop was requested and the job still runs.
        paces: Seconds per unit by stage, measured in this run or an earlier one.
        details: Data of this kind of job only, as JSON values.
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
        """Whether it is in the state ``RUNNING``."""
        return self.state is JobState.RUNNING

    @property
    def advice(self) -> str:
        """The message without what the state says already, for a sentence that names the state."""
        return self.message.removeprefix(f"It was {self.state}. ")

    @property
    def unfinished(self) -> bool:
        """Whether it ended before its work was done: failed, stopped or interrupted."""
        return self.state in (JobState.FAILED, JobState.STOPPED, JobState.INTERRUPTED)


def _duration(seconds: float) -> str:
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds / 10) * 10} seconds"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} minutes"
    return f"about {max(2, round(seconds / 3600))} hours"
