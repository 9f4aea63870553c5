"""Read queries and relevance judgments from files, and write results per query.

Queries: CSV, TSV or Parquet with ``query_id``, ``text``, ``image`` (a path relative to the file, or
bytes in Parquet), ``item_id``; also lines of ``query_id<TAB>text`` without a header, if the file's
name does not end in ``.csv``, and TREC topics.
Judgments: CSV or TSV or Parquet with ``query_id``, ``item_id``, ``relevance``; also TREC qrels.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from core.base.csv_cells import cell
from core.base.tables import (
    FileReport,
    Line,
    Reading,
    Table,
    is_qrels_line,
    is_topics,
    open_lines,
    open_table,
    topics,
)
from core.domain import EvalQuery, Report
from core.errors import EvaluationError
from core.evaluation import trec

#: Lines that tell whether a file has TREC topics.
_TOPICS_HEAD = 10
#: Endings of files that may have lines without a header; all others are tables.
_PLAIN = {"", ".txt", ".qrels", ".topics", ".trec", ".tab"}
#: Columns of judgments that need not be there.
_OF_QRELS = ("relevance",)
#: Names that other tools give to columns: BEIR, Quepid, OpenSearch, WANDS.
_OTHER_NAMES = {
    "query_id": ("query-id", "qid", "_id"),
    "text": ("query",),
    "item_id": ("corpus-id", "docid", "doc_id", "product_id"),
    "relevance": ("score", "rating", "grade", "label"),
}


def read_queries(
    path: Path, pictures: bool = True, report: FileReport | None = None
) -> tuple[EvalQuery, ...]:
    """Read the queries of a file, in its order; a row without an id or a query is left out.

    Args:
        path: The file.
        pictures: Whether picture paths are allowed; must be false for uploaded files.
        report: Receives notes on guesses and the rows that were left out.

    Raises:
        EvaluationError: The file can't be read, or none of its rows is a query.
    """
    queries: dict[str, EvalQuery] = {}
    reading = Reading(path.name, report)
    rows = _rows(
        path, ("query_id",), ("text", "image", "item_id"), reading, headerless=("query_id", "text")
    )
    for place, cells in rows:
        query = EvalQuery(
            _text(cells, "query_id"),
            _text(cells, "text"),
            _image(cells.get("image"), path.parent),
            _text(cells, "item_id"),
        )
        column, problem = _problem(query, query.query_id in queries, pictures)
        if problem:
            reading.leave_out(place, column, problem)
        else:
            queries[query.query_id] = query
    if not queries:
        raise EvaluationError(f"There is no query in {path.name}{reading.why()}.")
    reading.end(len(queries))
    return tuple(queries.values())


def _problem(query: EvalQuery, repeated: bool, pictures: bool) -> tuple[str, str]:
    """Return the column and the reason why a query can't be used; empty texts if it can."""
    if not query.query_id:
        return "query_id", "there is no query_id"
    if repeated:
        return "query_id", f"the id “{query.query_id[:80]}” comes twice; the first counts"
    if isinstance(query.image, Path) and not pictures:
        return "image", (
            "picture paths work on the command line only; here, put the pictures into a Parquet "
            "file"
        )
    if not (query.text or query.item_id or query.image):
        return "", f"the query “{query.query_id[:80]}” has neither text nor image nor item_id"
    return "", ""


def read_qrels(path: Path, report: FileReport | None = None) -> dict[str, dict[str, int]]:
    """Read the relevance grades of a file: ``qrels[query_id][item_id]``; a missing grade is 1.

    Args:
        path: The file.
        report: Receives notes on guesses and the rows that were left out.

    Raises:
        EvaluationError: The file can't be read, or none of its rows is a judgment.
    """
    if is_qrels_line(_head(path)):
        return trec.read_qrels(path, report)
    qrels: dict[str, dict[str, int]] = {}
    reading, in_words = Reading(path.name, report), False
    for place, cells in _rows(path, ("query_id", "item_id"), (), reading):
        query_id, item_id = _text(cells, "query_id"), _text(cells, "item_id")
        if not (query_id and item_id):
            column = "item_id" if query_id else "query_id"
            reading.leave_out(place, column, f"there is no {column}")
            continue
        try:
            grade = trec.whole_grade(_text(cells, "relevance") or "1")
        except ValueError as problem:
            in_words = True
            reading.leave_out(place, "relevance", str(problem))
            continue
        trec.put_grade(qrels, query_id, item_id, grade, reading, place)
    if not qrels:
        hint = (
            " `judgments import` takes labels in words and other scales in, as a judgment set."
            if in_words
            else ""
        )
        raise EvaluationError(f"There is no judgment in {path.name}{reading.why()}.{hint}")
    reading.end(sum(map(len, qrels.values())))
    return qrels


def per_query(report: Report) -> str:
    """Write CSV with a row per query: main measure and first relevant rank of every engine."""
    engines, out = report.names(), io.StringIO()
    writer = csv.writer(out)
    columns = [f"{name} {figure}" for name in engines for figure in (report.main, "rank")]
    writer.writerow(["query_id", "text", "department", "product_type", *columns])
    for row in report.rows:
        about = [cell(text) for text in (row.query_id, row.text, row.department, row.label)]
        figures = [(f"{row.values[name]:.6g}", row.ranks.get(name, "")) for name in engines]
        writer.writerow([*about, *(figure for pair in figures for figure in pair)])
    return out.getvalue()


def _rows(
    path: Path,
    needed: Sequence[str],
    either: Sequence[str],
    reading: Reading,
    headerless: Sequence[str] = (),
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a table, by column names in small letters, and the place where each stands.

    Args:
        path: CSV (also with semicolons), TSV, Parquet, or lines with a tab.
        needed: Columns that must be there.
        either: One of these must be there, too.
        reading: Told what was guessed, and which rows can't be read.
        headerless: Columns of a file that is no ``.csv`` and has no header.
    """
    head = _head(path)
    if not head:
        return
    ending = path.suffix.lower()
    if headerless and ending in _PLAIN | {".xml"} and is_topics(_first_lines(path)):
        for number, topic in enumerate(topics(open_lines(path, EvaluationError).lines()), 1):
            yield f"topic {number}", dict(zip(headerless, topic, strict=True))
        return
    if headerless and _is_headerless(ending, head, needed[0]):
        text = open_lines(path, EvaluationError)
        reading.guessed(text.notes)
        for line in text.lines():
            if line.problem:
                reading.leave_out(f"line {line.number}", "", line.problem)
            elif line.text.strip():
                yield (
                    f"line {line.number}",
                    dict(zip(headerless, _cells(line.text), strict=False)),
                )
        return
    table = open_table(path, EvaluationError)
    names = _named(table.columns, (*needed, *(either[:1] or _OF_QRELS)))
    _check_columns(table, set(names.values()), needed, either)
    reading.guessed(table.notes)
    for row in table.rows():
        if row.problem:
            reading.leave_out(f"row {row.number}", "", row.problem)
        else:
            yield f"row {row.number}", {names[name]: cell for name, cell in row.cells.items()}


def _is_headerless(ending: str, head: str, needed: str) -> bool:
    """Tell whether the first line has no names of columns; MS MARCO's queries are such a .tsv."""
    cells = _cells(head)
    named = bool(_plain(cells) & {needed, *_OTHER_NAMES[needed]})
    return not named and (ending in _PLAIN or (ending == ".tsv" and len(cells) == 2))


def _named(columns: Sequence[str], wanted: Sequence[str]) -> dict[str, str]:
    """Return the names that columns mean: their own, or that of another tool's name for it."""
    names = {column: column.strip().lower() for column in columns}
    for name in wanted:
        if name not in names.values():
            others = _OTHER_NAMES.get(name, ())
            column = next((c for other in others for c, own in names.items() if own == other), None)
            names |= {column: name} if column is not None else {}
    return names


def _check_columns(
    table: Table, names: Collection[str], needed: Sequence[str], either: Sequence[str]
) -> None:
    missing = [f"“{name}”" for name in needed if name not in names]
    if either and not any(name in names for name in either):
        missing.append(" or ".join(f"“{name}”" for name in either))
    if missing:
        present = ", ".join(name[:40] for name in table.columns[:12])
        raise EvaluationError(
            f"{table.path.name} has no column {' and no '.join(missing)}; it has: {present}. "
            "Where one file has the words of queries and grades, such as an export of a judgment "
            "set, give it alone, as the queries."
        )


def _cells(line: str) -> list[str]:
    """Split a line without quotation marks, as in TREC topics."""
    return line.split("\t" if "\t" in line else ";")


def _plain(names: Sequence[str]) -> set[str]:
    return {name.strip().lower() for name in names}


def _head(path: Path) -> str:
    """Return the first line; for a non-empty file that is not text, its ending."""
    if path.is_file() and path.suffix.lower() not in _PLAIN | {".csv", ".tsv"}:
        return path.suffix if path.stat().st_size else ""
    lines = open_lines(path, EvaluationError).lines()
    return next((line.text for line in lines if line.text.strip()), "")


def _first_lines(path: Path) -> list[Line]:
    lines = (line for line in open_lines(path, EvaluationError).lines() if line.text.strip())
    return list(islice(lines, _TOPICS_HEAD))


def _text(cells: dict[str, Any], name: str) -> str:
    value = cells.get(name)
    return "" if value is None else str(value).strip()


def _image(cell: object, folder: Path) -> Path | bytes | None:
    if isinstance(cell, dict):  # how Hugging Face data sets store pictures
        cell = cell.get("bytes")
    if isinstance(cell, bytes):
        return cell
    text = str(cell or "").strip()
    return folder / text if text else None
