"""Queries and relevance judgments from files.

Queries: CSV, TSV or Parquet with ``query_id``, ``text``, ``image`` (a path beside the file, or
bytes in Parquet), ``item_id``; also TREC's ``query_id<TAB>text`` lines without a header, in a
file that is no ``.csv``.
Judgments: CSV or TSV or Parquet with ``query_id``, ``item_id``, ``relevance``; also TREC qrels.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.base.csv_cells import cell
from core.base.tables import open_lines, open_table
from core.domain import EvalQuery, Report
from core.errors import EvaluationError
from core.evaluation import trec

#: Endings of files that may be lines without a header; all others are tables.
_PLAIN = {"", ".txt", ".qrels", ".topics", ".trec", ".tab"}


def read_queries(path: Path, pictures: bool = True) -> tuple[EvalQuery, ...]:
    """Queries of a file, in its order.

    Args:
        path: The file.
        pictures: Whether picture paths are followed; not for files that somebody sent.

    Raises:
        EvaluationError: The file can't be read, an id is missing or comes twice, or a query has
            nothing to look for.
    """
    queries: dict[str, EvalQuery] = {}
    rows = _rows(path, ("query_id",), ("text", "image", "item_id"), headerless=("query_id", "text"))
    for row, cells in enumerate(rows, start=1):
        query_id = _text(cells, "query_id")
        if not query_id or query_id in queries:
            problem = f"the id “{query_id}” comes twice" if query_id else "there is no query_id"
            raise EvaluationError(f"{path.name}, row {row}: {problem}.")
        text, item_id = _text(cells, "text"), _text(cells, "item_id")
        image = _image(cells.get("image"), path.parent)
        if isinstance(image, Path) and not pictures:
            raise EvaluationError(
                f"{path.name}, row {row}: picture paths work on the command line only; here, put "
                "the pictures into a Parquet file."
            )
        if not (text or item_id or image):
            raise EvaluationError(
                f"{path.name}, row {row}: the query “{query_id[:80]}” has neither text nor image "
                "nor item_id."
            )
        queries[query_id] = EvalQuery(query_id, text, image, item_id)
    if not queries:
        raise EvaluationError(f"There is no query in {path.name}.")
    return tuple(queries.values())


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Relevance grades of a file: ``qrels[query_id][item_id]``; without a grade, 1.

    Raises:
        EvaluationError: The file can't be read, a grade is no whole number, or a pair has two.
    """
    head = _head(path)
    if len(head.split()) == 4 and "," not in head:
        return _some(trec.read_qrels(path), path)
    qrels: dict[str, dict[str, int]] = {}
    for row, cells in enumerate(_rows(path, ("query_id", "item_id"), ()), start=1):
        query_id, item_id = _text(cells, "query_id"), _text(cells, "item_id")
        try:
            grade = float(_text(cells, "relevance") or "1")
        except ValueError:
            grade = -1.5
        if not (query_id and item_id and grade.is_integer()):
            raise EvaluationError(
                f"{path.name}, row {row}: it takes query_id, item_id and a whole number as "
                "relevance."
            )
        known = qrels.setdefault(query_id, {})
        if known.setdefault(item_id, int(grade)) != grade:
            raise EvaluationError(
                f"{path.name}, row {row}: “{item_id[:80]}” has two grades for the query "
                f"“{query_id[:80]}”."
            )
    return _some(qrels, path)


def per_query(report: Report) -> str:
    """CSV with a row per query: its main measure, and the first right rank, of every engine."""
    engines, held = report.names(), io.StringIO()
    writer = csv.writer(held)
    columns = [f"{name} {what}" for name in engines for what in (report.main, "rank")]
    writer.writerow(["query_id", "text", "department", "product_type", *columns])
    for row in report.rows:
        about = [cell(text) for text in (row.query_id, row.text, row.department, row.label)]
        figures = [(f"{row.values[name]:.6g}", row.ranks.get(name, "")) for name in engines]
        writer.writerow([*about, *(one for pair in figures for one in pair)])
    return held.getvalue()


def _some(qrels: dict[str, dict[str, int]], path: Path) -> dict[str, dict[str, int]]:
    if not qrels:
        raise EvaluationError(f"There is no judgment in {path.name}.")
    return qrels


def _rows(
    path: Path, needed: Sequence[str], either: Sequence[str], headerless: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """The rows of a table, by column names in small letters.

    Args:
        path: CSV (also with semicolons), TSV, Parquet, or lines with a tab.
        needed: Columns that must be there.
        either: One of these must be there, too.
        headerless: Columns of a file that is no ``.csv`` and has no header.
    """
    head = _head(path)
    if not head:
        return []
    ending = path.suffix.lower()
    if headerless and ending in _PLAIN and needed[0] not in _plain(_cells(head)):
        return [
            dict(zip(headerless, _cells(line.text), strict=False))
            for line in open_lines(path, EvaluationError).lines()
            if line.text.strip()
        ]
    table = open_table(path, EvaluationError)
    names = table.columns
    missing = [f"“{name}”" for name in needed if name not in _plain(names)]
    if either and not any(name in _plain(names) for name in either):
        missing.append(" or ".join(f"“{name}”" for name in either))
    if missing:
        there = ", ".join(str(name)[:40] for name in names[:12])
        raise EvaluationError(
            f"{path.name} has no column {' and no '.join(missing)}; it has: {there}."
        )
    rows = []
    for row in table.rows():
        if row.problem:
            raise EvaluationError(f"{path.name}, row {row.number}: {row.problem}")
        rows.append({name.strip().lower(): cell for name, cell in row.cells.items()})
    return rows


def _cells(line: str) -> list[str]:
    """The cells of a line without quotes, as TREC's topics have them."""
    return line.split("\t" if "\t" in line else ";")


def _plain(names: Sequence[str]) -> set[str]:
    return {name.strip().lower() for name in names}


def _head(path: Path) -> str:
    """The first line; of a table that is no text, a word that it is there."""
    if path.is_file() and path.suffix.lower() not in _PLAIN | {".csv", ".tsv"}:
        return path.suffix if path.stat().st_size else ""
    lines = open_lines(path, EvaluationError).lines()
    return next((line.text for line in lines if line.text.strip()), "")


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
