"""Read files of judgments, our own and other tools': each row as plain values with its line.

Our own CSV, JSON lines and Parquet are read here, others' in ``core.judging.foreign``,
``foreign_json`` and ``rank_lines``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.base.tables import (
    TABLE_ENDINGS,
    BadTable,
    Table,
    TableRow,
    is_qrels_line,
    json_lines,
    open_lines,
    open_table,
    parquet_metadata,
)
from core.domain import EventKind, JudgmentEvent, JudgmentQuery
from core.errors import JudgmentError
from core.judging import foreign, foreign_json
from core.judging.foreign_frame import Frame, frame_of
from core.judging.grade_columns import plain_names
from core.judging.judgment_rows import File, Rejected, Row, file_of
from core.judging.label_export import COLUMNS
from core.judging.list_rows import unfolded
from core.judging.rank_lines import is_rank_lines, rank_rows

#: First-version exports lack these.
_LATER = {"query_picture", "round", "page", "guidelines", "rule", "grade_by_rule", "adjudicated"}
#: Endings of tables that are text; in one of them there may be qrels.
_TEXT_TABLES = {".csv", ".tsv", ".tab", ".txt", ".gz"}
_MARKS = (",", ";", "\t", "|")
#: What the note on a list's frame says, and what it says where its name or scale is taken.
_REST = "the rest of the file is not read"
_READ = "of the rest only the name and the names of grades are read"


def read(source: Path, people: Sequence[str] = ()) -> File:
    """Read a file of judgments.

    Args:
        source: The file.
        people: The raters' columns of a table with a column per rater; guessed if not given.

    Raises:
        JudgmentError: It can't be read at all, or holds no judgments.
    """
    ending = source.suffix.lower()
    if ending in {".jsonl", ".ndjson", ".json"}:
        return _json(source)
    if ending in _TEXT_TABLES or ending not in TABLE_ENDINGS:
        lines = open_lines(source, JudgmentError)
        if is_rank_lines(lines.lines()):
            file = rank_rows(lines.lines())
            return replace(file, notes=lines.notes + file.notes)
    if _is_qrels(source, ending):
        text = open_lines(source, JudgmentError)
        return replace(foreign.qrels(text.lines()), notes=text.notes)
    table = open_table(source, JudgmentError)
    if table.format == "Parquet":
        return _parquet(table, people)
    if table.format.startswith("JSON"):
        return _json(source)
    return _csv(table, people)


def _is_qrels(source: Path, ending: str) -> bool:
    """Tell whether a file has lines of qrels: MS MARCO's have the ending of a table."""
    if ending not in _TEXT_TABLES:
        return ending not in TABLE_ENDINGS
    lines = open_lines(source, JudgmentError).lines()
    first = next((line.text for line in lines if line.text.strip()), "")
    if ending == ".txt" and not any(mark in first for mark in _MARKS):
        return True
    return is_qrels_line(first)


def _csv(table: Table, people: Sequence[str]) -> File:
    names = plain_names(table.columns)
    if set(COLUMNS) - _LATER <= set(names):
        rows = (_unless_problem(row, _restored_row) for row in table.rows())
        return _said(file_of("our own CSV", rows), table)
    return _said(foreign.csv_rows(table, names, people), table)


def _restored_row(row: TableRow) -> Row | Rejected:
    return _own(row.line, {name: _restored(str(cell)) for name, cell in row.cells.items()})


def _unless_problem(row: TableRow, taken: Callable[[TableRow], Row | Rejected]) -> Row | Rejected:
    if row.problem:
        return Rejected(row.line, f"can't be read: {row.problem}")
    return taken(row)


def _said(file: File, table: Table) -> File:
    """Return a sentence on a file's unusual encoding and on what was guessed."""
    format = file.format if table.format == "CSV" else file.format.replace("CSV", table.format)
    named = f"{format}, {table.encoding}"
    plain = table.encoding in ("", "UTF-8")
    return replace(file, format=format if plain else named, notes=table.notes + file.notes)


def _json(source: Path) -> File:
    """Read the lines of our own export, or any JSON with objects in it."""
    definition: dict[str, Any] = {}
    file, frame = open_lines(source, JudgmentError), Frame()

    def judged(rows: Iterable[TableRow]) -> Iterator[Row | Rejected]:
        for row in rows:
            described = row.cells.get("judgment_set")
            if row.problem:
                yield Rejected(row.line, f"is no JSON object: {row.problem}")
            elif isinstance(described, dict):
                definition.update(described)
            elif "event_id" in row.cells:
                yield _own(row.line, row.cells)
            else:
                yield from foreign_json.json_rows(row.line, row.cells)

    first = next((line.text for line in file.lines() if line.text.strip()), "")
    if first.lstrip().startswith(('{"judgment_set"', '{"event_id"')):
        rows, notes = list(judged(json_lines(file.lines()))), file.notes
        kind = "JSON lines"
    else:
        table = open_table(source, JudgmentError)
        rows, notes = list(judged(table.rows())), table.notes
        kind = foreign_json.kind_of(table.columns)
        kind = table.format if kind == "JSON" else kind
        if table.format == "JSON":
            frame = frame_of("\n".join(line.text for line in file.lines()))
            if frame != Frame():
                notes = tuple(note.replace(_REST, _READ) for note in notes)
    label = file.encoding.label
    kind = kind if label == "UTF-8" else f"{kind}, {label}"
    read = file_of(kind, rows, definition)
    return replace(read, notes=notes, name=frame.name, scale=frame.scale)


def _parquet(table: Table, people: Sequence[str]) -> File:
    if "event_id" not in table.columns:
        table = unfolded(table)
        file = foreign.csv_rows(table, plain_names(table.columns), people)
        return replace(file, format=file.format.replace("CSV", "Parquet"))
    try:
        definition = json.loads(parquet_metadata(table.path).get(b"judgment_set", b"{}"))
    except (BadTable, ValueError, RecursionError):
        definition = None
    if not isinstance(definition, dict):
        raise JudgmentError(f"{table.path.name} describes no judgment set.")
    rows = (_unless_problem(row, lambda row: _own(row.line, row.cells)) for row in table.rows())
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
