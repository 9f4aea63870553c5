"""Files of judgments, ours and others': every row as plain values with the line it stands on.

Our own CSV, JSON lines and Parquet are read here, others' in ``core.judging.foreign``.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.domain import EventKind, JudgmentEvent, JudgmentQuery
from core.errors import JudgmentError
from core.judging import foreign
from core.judging.exporting import COLUMNS
from core.judging.judgment_rows import File, Rejected, Row, file_of

#: First-version exports lack these.
_LATER = {"query_picture", "round", "page", "guidelines", "rule", "grade_by_rule", "adjudicated"}


def read(source: Path) -> File:
    """Read a file of judgments.

    Raises:
        JudgmentError: It can't be read at all, or holds no judgments.
    """
    ending = source.suffix.lower()
    try:
        if ending == ".parquet":
            return _parquet(source)
        text = source.read_text(encoding="utf-8-sig")
        if ending in {".jsonl", ".ndjson", ".json"}:
            return _jsonl(text)
        if ending in {".csv", ".tsv"}:
            return _csv(text, source)
        return foreign.qrels(text)
    except (OSError, UnicodeDecodeError, pa.ArrowException, csv.Error) as error:
        raise JudgmentError(f"{source.name} can't be read: {error}.") from None


def read_query_texts(source: Path) -> dict[str, str]:
    """Texts by query id, for qrels: two columns (tab or comma), no header needed.

    Raises:
        JudgmentError: The file can't be read, or a line has no two columns.
    """
    try:
        text = source.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise JudgmentError(f"{source.name} can't be read: {error}.") from None
    delimiter = "\t" if "\t" in text else ","
    found = {}
    for line, cells in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter), 1):
        if not cells:
            continue
        if len(cells) < 2:
            raise JudgmentError(f"{source.name}, line {line} is not “query id, text”.")
        found[cells[0].strip()] = cells[1].strip()
    return found


def _csv(text: str, source: Path) -> File:
    head = text.split("\n", 1)[0]
    delimiter = "\t" if source.suffix.lower() == ".tsv" else max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    names = {"_".join((name or "").lower().split()): name for name in reader.fieldnames or ()}
    if set(COLUMNS) - _LATER <= set(names):
        rows = ((reader.line_num, {k: _restored(v or "") for k, v in row.items() if k})
                for row in reader)  # fmt: skip
        return file_of("our own CSV", (_own(line, row) for line, row in rows))
    return foreign.csv_rows(reader, names, source.name)


def _jsonl(text: str) -> File:
    definition: dict[str, Any] = {}

    def parse() -> Iterator[Row | Rejected]:
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip():
                continue
            try:
                entry = json.loads(line)
            except ValueError:
                entry = None
            if not isinstance(entry, dict):
                yield Rejected(number, "is no JSON object")
            elif "judgment_set" in entry:
                definition.update(entry["judgment_set"])
            elif "event_id" in entry:
                yield _own(number, entry)
            else:
                yield foreign.json_row(number, entry)

    rows = list(parse())
    return file_of("JSON lines", rows, definition)


def _parquet(source: Path) -> File:
    table = pq.read_table(source)
    names = set(table.column_names)
    if "event_id" not in names:
        raise JudgmentError(f"{source.name} is no export of judgments: it has no event_id column.")
    metadata = table.schema.metadata or {}
    definition = json.loads(metadata.get(b"judgment_set", b"{}"))
    rows = (_own(number, row) for number, row in enumerate(table.to_pylist(), 1))
    return file_of("Parquet", rows, definition)


def _own(line: int, row: Mapping[str, Any]) -> Row | Rejected:
    try:
        grade = row["grade"]
        event = JudgmentEvent(
            event_id=str(row["event_id"]),
            kind=EventKind(row["kind"]),
            set_id=str(row["set_id"]),
            query_id=str(row["query_id"]),
            item_id=str(row["item_id"]),
            annotator=str(row["annotator"]),
            grade=None if grade in ("", None) else int(grade),
            note=str(row["note"] or ""),
            at=_time(row["at"]),
            seconds=float(row["seconds"] or 0),
            round=int(row.get("round") or 0),
            page=str(row.get("page") or ""),
            guidelines=int(row.get("guidelines") or 1),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        return Rejected(line, f"is no label: {error}")
    query = JudgmentQuery(
        event.query_id,
        str(row.get("query_text") or ""),
        str(row.get("query_item_id") or ""),
        str(row.get("query_picture") or ""),
    )
    return Row(line, query, event.item_id, event.grade, event.annotator, event)


def _time(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _restored(value: str) -> str:
    return value[1:] if value.startswith("'") else value
