"""The files of a job: its lock, its snapshot, and the wish to stop it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.base.atomic import atomic_write
from core.domain.job import Job

_log = logging.getLogger(__name__)
_JSON = TypeAdapter(Job)

#: Said of a job whose process ended before the job did.
INTERRUPTED = "It was interrupted. Start it again: it goes on where it was."

#: Reads a snapshot that an earlier version wrote, as a mapping; ``None`` where it can't.
FromOld = Callable[[Mapping[str, Any]], Job | None]


@dataclass(frozen=True, slots=True)
class JobPaths:
    """Where a job's files lie.

    Attributes:
        lock: Held by the running job.
        snapshot: How it stands.
        wish: Holds the id of the job that somebody wants to stop.
        from_old: Reads a snapshot of an earlier version.
    """

    lock: Path
    snapshot: Path
    wish: Path
    from_old: FromOld = lambda values: None

    def read(self) -> Job | None:
        """The snapshot as it was written; ``None`` where there is none that can be read."""
        try:
            text = self.snapshot.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            _log.warning("%s can't be read: %s", self.snapshot.name, error.strerror)
            return None
        try:
            return _JSON.validate_json(text)
        except ValidationError:
            return self._read_old(text)

    def _read_old(self, text: bytes) -> Job | None:
        try:
            values = json.loads(text)
            return self.from_old(values) if isinstance(values, dict) else None
        except (ValueError, TypeError, LookupError, RecursionError):
            _log.warning("%s can't be read.", self.snapshot.name)
            return None

    def write(self, job: Job, *, fsync: bool = False) -> None:
        """Write a snapshot; a disk that refuses is logged, and the job goes on."""
        try:
            atomic_write(self.snapshot, _JSON.dump_json(job), fsync=fsync)
        except OSError as error:
            _log.warning("%s can't be written: %s", self.snapshot.name, error.strerror)

    def wishes_stop(self, job_id: str) -> bool:
        """Whether somebody wants this very job to stop."""
        try:
            return self.wish.read_text("utf-8") == job_id
        except (OSError, UnicodeDecodeError):
            return False
