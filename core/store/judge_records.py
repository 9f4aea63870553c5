"""Records of a model's judgments of engines, one JSON line per job."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path

from core.base.shared_files import append, latest
from core.domain.judge import JudgeRecord

_log = logging.getLogger(__name__)


class JudgeRecords:
    """The append-only records of one catalogue.

    Args:
        root: The catalogue's folder.
    """

    def __init__(self, root: Path) -> None:
        self._file = root / "judge.jsonl"

    def add(self, record: JudgeRecord) -> None:
        """Append a record."""
        append(self._file, json.dumps(asdict(record)) + "\n")

    def all(self) -> tuple[JudgeRecord, ...]:
        """Return all records, latest first; a line that a crash left half written is left out."""
        if not latest(self._file).is_file():
            return ()
        records = []
        for line in self._file.read_text(encoding="utf-8").splitlines():
            try:
                records.append(JudgeRecord(**json.loads(line)))
            except (ValueError, TypeError):
                _log.warning("A line of %s can't be read.", self._file.name)
        return tuple(reversed(records))
