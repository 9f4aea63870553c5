"""What somebody asked the agent to do on a catalogue, and a file that tells after a restart."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from core.domain import RewriteProgress, RewriteReport

_log = logging.getLogger(__name__)

#: Progress is written no more often than this, seconds; starts and ends always are.
_EVERY = 2.0


@dataclass(frozen=True, slots=True)
class AgentOrder:
    """What somebody asks the agent to do.

    Attributes:
        item_ids: Only these; empty means all that are left.
        limit: So many at most; ``None`` means all.
        dollars: Most that it may spend.
        tokens: Most tokens that it may use.
        retry: Also items for which it found no usable words.
        batch: In batches: half the price, answers within a day.
    """

    item_ids: tuple[str, ...] = ()
    limit: int | None = None
    dollars: float | None = None
    tokens: int | None = None
    retry: bool = False
    batch: bool = False


@dataclass(frozen=True, slots=True)
class AgentJob:
    """The running or last job on a catalogue.

    Attributes:
        catalog: Which.
        author: Who started it.
        order: What was asked.
        progress: How far it is; ``None`` until the first item is looked at.
        report: How it ended.
        problem: Why it could not go on at all.
        cut_off: The app ended in the middle of it.
    """

    catalog: str
    author: str
    order: AgentOrder
    progress: RewriteProgress | None = None
    report: RewriteReport | None = None
    problem: str = ""
    cut_off: bool = False

    @property
    def running(self) -> bool:
        """It has not ended."""
        return self.report is None and not self.problem and not self.cut_off


_JSON = TypeAdapter(AgentJob)


class JobFile:
    """The last job of one catalogue on disk, whole or not at all.

    Args:
        folder: Of the catalogue.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "agent-job.json"
        self._written = -_EVERY

    def write(self, job: AgentJob) -> None:
        """Note how a job stands; a running one only now and then."""
        if job.running and job.progress is not None:
            now = time.monotonic()
            if now - self._written < _EVERY:
                return
            self._written = now
        partial = self._path.with_suffix(".partial")
        try:
            partial.write_bytes(_JSON.dump_json(job))
            partial.replace(self._path)
        except OSError:  # the job itself matters more than the note of it
            _log.warning("%s can't be written.", self._path.name)

    def read(self) -> AgentJob | None:
        """The job as it was last noted; ``None`` where there is none."""
        try:
            return _JSON.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError):
            _log.warning("%s can't be read.", self._path.name)
            return None
