"""Read files of judgments, our own and other tools': each row as plain values with its line.

Our own CSV, JSON lines and Parquet are read here, others' in ``core.judging.foreign``.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.base.tables import (
    BadTable,
    FileReport,
    Reading,
    Table,
    TableRow,
    open_lines,
    open_table,
    parquet_metadata,
)
from core.domain import EventKind, JudgmentEvent, JudgmentQuery
from core.errors import JudgmentError
from core.judging import foreign
from core.judging.judgment_rows import File, Rejected, Row, file_of
from core.judging.label_export import COLUMNS

#: First-version exports lack these.
_LATER = {"query_picture", "round", "page", "guidelines", "rule", "grade_by_rule", "adjudicated"}


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
    if ending not in {".csv", ".tsv", ".parquet", ".gz"}:
        text = open_lines(source, JudgmentError)
        return replace(foreign.qrels(text.lines()), notes=text.notes)
    table = open_table(source, JudgmentError)
    if table.format == "Parquet":
        return _parquet(table, people)
    return _csv(table, people) if table.format == "CSV" else _json(source)


@dataclass(frozen=True, slots=True)
class Beside:
    """Content of the file beside qrels or CSV: the queries' words by id, or the whole set."""

    texts: Mapping[str, str] = field(default_factory=dict)
    definition: Mapping[str, Any] = field(default_factory=dict)


def read_beside(source: Path, report: FileReport | None = None) -> Beside:
    """Read the file that an export writes beside qrels and CSV, or lines of “query id, text”.

    Raises:
        JudgmentError: The file can't be read.
    """
    if source.suffix.lower() != ".json":
        return Beside(read_query_texts(source, report))
    text = "\n".join(line.text for line in open_lines(source, JudgmentError).lines())
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        facts = None
    queries = facts.get("queries") if isinstance(facts, dict) else None
    if not isinstance(facts, dict) or not isinstance(queries, dict):
        raise JudgmentError(
            f"{source.name} is not the file that an export writes beside qrels or CSV."
        )
    definition = facts.get("judgment_set")
    return Beside(
        {str(query_id): str(words) for query_id, words in queries.items()},
        definition if isinstance(definition, dict) else {},
    )


def read_query_texts(source: Path, report: FileReport | None = None) -> dict[str, str]:
    """Return texts by query id, for qrels: two columns (tab or comma), no header needed.

    Args:
        source: The file.
        report: Receives notes on guesses and the lines that were left out.

    Raises:
        JudgmentError: The file can't be read, or no line has two columns.
    """
    texts: dict[str, str] = {}
    file, reading = open_lines(source, JudgmentError), Reading(source.name, report)
    reading.guessed(file.notes)
    for line in file.lines():
        if line.problem:
            reading.leave_out(f"line {line.number}", "", line.problem)
            continue
        if not line.text.strip():
            continue
        delimiter = "\t" if "\t" in line.text else ","
        try:
            cells = next(csv.reader([line.text], delimiter=delimiter, strict=True))
        except csv.Error:
            cells = line.text.split(delimiter, 1)
        if len(cells) < 2:
            reading.leave_out(f"line {line.number}", "", "it is not “query id, text”")
            continue
        texts[cells[0].strip()] = cells[1].strip()
    if reading.count and not texts:
        raise JudgmentError(f"There is no “query id, text” in {source.name}{reading.why()}.")
    reading.end(len(texts))
    return texts


def _csv(table: Table, people: Sequence[str]) -> File:
    names = {"_".join(name.lower().split()): name for name in table.columns}
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
    named = f"{file.format}, {table.encoding}"
    plain = table.encoding in ("", "UTF-8")
    return replace(file, format=file.format if plain else named, notes=table.notes + file.notes)


def _json(source: Path) -> File:
    """Read the lines of our own export, or any JSON with objects in it."""
    definition: dict[str, Any] = {}
    file = open_lines(source, JudgmentError)

    def own() -> Iterator[Row | Rejected]:
        for line in file.lines():
            if not line.text.strip() and not line.problem:
                continue
            try:
                entry = json.loads(line.text)
            except (ValueError, RecursionError):
                entry = None
            if not isinstance(entry, dict):
                yield Rejected(line.number, "is no JSON object")
            elif isinstance(entry.get("judgment_set"), dict):
                definition.update(entry["judgment_set"])
            elif "event_id" in entry:
                yield _own(line.number, entry)
            else:
                yield from foreign.json_rows(line.number, entry)

    def others(table: Table) -> Iterator[Row | Rejected]:
        for row in table.rows():
            if row.problem:
                yield Rejected(row.line, f"is no JSON object: {row.problem}")
            elif "event_id" in row.cells:
                yield _own(row.line, row.cells)
            else:
                yield from foreign.json_rows(row.line, row.cells)

    first = next((line.text for line in file.lines() if line.text.strip()), "")
    if first.lstrip().startswith(('{"judgment_set"', '{"event_id"')):
        rows, notes = list(own()), file.notes
        document, listed = False, False
    else:
        table = open_table(source, JudgmentError)
        rows, notes = list(others(table)), table.notes
        document, listed = table.format == "JSON", "ratings" in table.columns
    label = file.encoding.label
    if rows and listed:
        kind = "OpenSearch's judgment list"
    elif document:
        kind = "JSON"
    else:
        kind = "JSON lines"
    kind = kind if label == "UTF-8" else f"{kind}, {label}"
    return replace(file_of(kind, rows, definition), notes=notes)


def _parquet(table: Table, people: Sequence[str]) -> File:
    if "event_id" not in table.columns:
        names = {"_".join(name.lower().split()): name for name in table.columns}
        file = foreign.csv_rows(table, names, people)
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
