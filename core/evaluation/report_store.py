"""Stored reports: one JSON file each, under ``DATA_DIR/evaluations``."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from core.base.shared_files import latest, latest_in, share, unshare
from core.domain import Report
from core.errors import EvaluationError, no_report

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,119}")
_ADAPTER = TypeAdapter(Report)


class ReportStore:
    """The stored reports."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def add(self, report: Report) -> Path:
        """Store a report atomically; return its path."""
        path = self._path(report.report_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        share(path, _ADAPTER.dump_json(report))
        return path

    def ids(self) -> tuple[str, ...]:
        """Return the ids of all reports, the newest first."""
        files = sorted(latest_in(self._root, "*.json"), key=lambda path: -path.stat().st_mtime)
        return tuple(path.stem for path in files)

    def get(self, report_id: str) -> Report:
        """Read one report.

        Raises:
            EvaluationError: There is no such report, or its file is damaged.
        """
        path = self._path(report_id)
        try:
            return _ADAPTER.validate_json(latest(path).read_bytes())
        except OSError:
            raise no_report(report_id) from None
        except ValidationError:
            raise EvaluationError(f"The stored report {path} is damaged.") from None

    def take_in(self, path: Path) -> None:
        """Add the report of a file, unless it is there already.

        Raises:
            EvaluationError: The file can't be read.
        """
        try:
            report = _ADAPTER.validate_json(path.read_bytes())
        except (OSError, ValidationError):
            raise EvaluationError(f"The report {path} is missing or damaged.") from None
        if not latest(self._path(report.report_id)).exists():
            self.add(report)

    def remove(self, report_id: str) -> None:
        """Delete a report, if it exists."""
        unshare(self._path(report_id))

    def _path(self, report_id: str) -> Path:
        if not _ID.fullmatch(report_id):
            raise EvaluationError(f"“{report_id[:120]}” is no id of a report.")
        return self._root / f"{report_id}.json"
