"""The files of a job: its lock, its snapshot, and the request to stop it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.base.shared_files import latest, share
from core.domain.job import Job
from core.errors import BucketError

_log = logging.getLogger(__name__)
_JSON = TypeAdapter(Job)

#: Message of a job whose process ended before the job did.
INTERRUPTED = "It was interrupted. Start it again: it goes on where it was."

#: Converts a snapshot of an earlier version, given as a mapping; returns ``None`` if it can't.
FromOld = Callable[[Mapping[str, Any]], Job | None]


@dataclass(frozen=True, slots=True)
class JobPaths:
    """Paths of a job's files.

    Attributes:
        lock: Lock file, held by the running job.
        snapshot: The job's latest snapshot, JSON.
        stop_request: File that asks the job to stop: it holds the id of the job to stop.
        from_old: Converts a snapshot of an earlier version.
    """

    lock: Path
    snapshot: Path
    stop_request: Path
    from_old: FromOld = lambda values: None

    def read(self) -> Job | None:
        """Read the snapshot as it was written; return ``None`` if there is no readable one."""
        try:
            text = latest(self.snapshot).read_bytes()
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
        """Write a snapshot; if that fails, log it and let the job go on."""
        try:
            share(self.snapshot, _JSON.dump_json(job), fsync=fsync)
        except (OSError, BucketError) as error:
            reason = getattr(error, "strerror", None) or error
            _log.warning("%s can't be written: %s", self.snapshot.name, reason)

    def stop_requested(self, job_id: str) -> bool:
        """Tell whether a stop was requested for the job with this id."""
        try:
            return latest(self.stop_request).read_text("utf-8") == job_id
        except (OSError, BucketError, UnicodeDecodeError):
            return False
