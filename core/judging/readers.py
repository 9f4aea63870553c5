"""Files of judgments, ours and others': every row as plain values with the line it stands on.

Read are our own CSV, JSON lines and Parquet; TREC qrels; CSVs with one rating per row
(``query, docid, rating``, as OpenSearch and Quepid use them) or one column per rater (a Quepid
book).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.domain import EventKind, JudgmentEvent, JudgmentQuery
from core.errors import JudgmentError
from core.judging.export import COLUMNS

#: What other tools call their columns, lower case.
_QUERY = ("query", "query_text", "querytext", "q", "search")
_QUERY_ID = ("qid", "query_id", "queryid")
_DOC = ("docid", "doc_id", "document_id", "item_id", "doc", "product_id", "id")
_RATING = ("rating", "grade", "judgment", "relevance", "label", "score")
_RATER = ("rater", "annotator", "judge", "user", "username")
#: Columns of a wide file that are no raters.
_NO_RATER = {"name", "title", "description", "position", "doc_position", "final_rating", "url"}
#: First-version exports lack these.
_LATER = {"query_picture", "round", "page", "guidelines", "rule", "grade_by_rule", "adjudicated"}


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that does not fit, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One judgment of a file.

    Attributes:
        line: Where it stands.
        query: The query as the file gives it; its id is empty where the file has none.
        item_id: The item.
        grade: The grade (``None`` for other events).
        annotator: Who; empty where the file does not say.
        event: The whole event, for our own files.
    """

    line: int
    query: JudgmentQuery
    item_id: str
    grade: int | None
    annotator: str = ""
    event: JudgmentEvent | None = None


@dataclass(frozen=True, slots=True)
class File:
    """What a file holds: rows, lines that are none, and the set's definition where it has one."""

    format: str
    rows: tuple[Row, ...]
    rejected: tuple[Rejected, ...]
    definition: Mapping[str, Any] = field(default_factory=dict)


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
        return _qrels(text)
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


def _qrels(text: str) -> File:
    """``query 0 item grade`` per line."""

    def parse() -> Iterator[Row | Rejected]:
        for number, line in enumerate(text.splitlines(), 1):
            cells = line.split()
            if not cells:
                continue
            if len(cells) != 4:
                yield Rejected(number, "is not “query 0 item grade”")
                continue
            yield _graded(number, JudgmentQuery(cells[0]), cells[2], cells[3])

    return _file("TREC qrels", parse())


def _csv(text: str, source: Path) -> File:
    head = text.split("\n", 1)[0]
    delimiter = "\t" if source.suffix.lower() == ".tsv" else max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    names = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
    if set(COLUMNS) - _LATER <= set(names):
        rows = ((reader.line_num, {k: _restored(v or "") for k, v in row.items() if k})
                for row in reader)  # fmt: skip
        return _file("our own CSV", (_own(line, row) for line, row in rows))
    query = next((names[n] for n in (*_QUERY, *_QUERY_ID) if n in names), None)
    doc = next((names[n] for n in _DOC if n in names), None)
    if query is None or doc is None:
        raise JudgmentError(
            f"{source.name} has no column for the query or none for the item; it has: "
            f"{', '.join(names) or 'none'}."
        )
    by_id = query.strip().lower() in _QUERY_ID
    rating = next((names[n] for n in _RATING if n in names), None)
    rater = next((names[n] for n in _RATER if n in names), None)
    used = {query, doc, *(names[n] for n in names if n in _NO_RATER | set(_QUERY_ID))}
    raters = [] if rating else [name for name in reader.fieldnames or () if name not in used]
    if rating is None and not raters:
        raise JudgmentError(f"{source.name} has no column with ratings.")

    def parse() -> Iterator[Row | Rejected]:
        for row in reader:
            line, words = reader.line_num, (row[query] or "").strip()
            asked = JudgmentQuery(words) if by_id else JudgmentQuery("", text=words)
            item_id = (row[doc] or "").strip()
            if rating is not None:
                who = (row[rater] or "").strip() if rater else ""
                cells = [(who, row[rating])]
            else:
                cells = [(_rater_name(name), row[name]) for name in raters]
            for who, value in cells:
                if (value or "").strip():  # an empty cell: this person did not judge it
                    yield _graded(line, asked, item_id, value or "", who)

    kind = "CSV with one rating a row" if rating else f"CSV with {len(raters)} raters"
    return _file(kind, parse())


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
                lower = {str(key).lower(): value for key, value in entry.items()}
                words = next((str(lower[n]) for n in _QUERY if n in lower), "")
                item = next((str(lower[n]) for n in _DOC if n in lower), "")
                grade = next((lower[n] for n in _RATING if n in lower), "")
                who = next((str(lower[n]) for n in _RATER if n in lower), "")
                yield _graded(number, JudgmentQuery("", text=words), item, str(grade), who)

    rows = list(parse())
    return _file("JSON lines", rows, definition)


def _parquet(source: Path) -> File:
    table = pq.read_table(source)
    names = set(table.column_names)
    if "event_id" not in names:
        raise JudgmentError(f"{source.name} is no export of judgments: it has no event_id column.")
    metadata = table.schema.metadata or {}
    definition = json.loads(metadata.get(b"judgment_set", b"{}"))
    rows = (_own(number, row) for number, row in enumerate(table.to_pylist(), 1))
    return _file("Parquet", rows, definition)


def _file(
    format: str, found: Iterable[Row | Rejected], definition: Mapping[str, Any] | None = None
) -> File:
    parsed = list(found)
    rows = tuple(entry for entry in parsed if isinstance(entry, Row))
    rejected = tuple(entry for entry in parsed if isinstance(entry, Rejected))
    return File(format, rows, rejected, definition or {})


def _graded(
    line: int, query: JudgmentQuery, item_id: str, value: str, who: str = ""
) -> Row | Rejected:
    if not (query.query_id or query.text):
        return Rejected(line, "has no query")
    if not item_id:
        return Rejected(line, "has no item")
    try:
        grade = float(value)
    except ValueError:
        return Rejected(line, f"the grade “{value.strip()[:20]}” is no number")
    if not grade.is_integer():
        return Rejected(line, f"the grade {value.strip()[:20]} lies between two grades")
    return Row(line, query, item_id, int(grade), who)


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


def _rater_name(column: str) -> str:
    """``agent_1_rating`` → ``agent_1``."""
    name = column.strip()
    for ending in ("_rating", " rating", "_grade"):
        name = name.removesuffix(ending)
    return name or "rater"
