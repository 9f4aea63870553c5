"""Queries and relevance judgments from files.

Queries: CSV, TSV or Parquet with ``query_id``, ``text``, ``image`` (a path beside the file, or
bytes in Parquet), ``item_id``; also TREC's ``query_id<TAB>text`` lines without a header.
Judgments: CSV or TSV or Parquet with ``query_id``, ``item_id``, ``relevance``; also TREC qrels.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.domain import EvalQuery
from core.errors import EvaluationError
from core.evaluation import trec

_TABLES = {".csv": ",", ".tsv": "\t"}


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
    for row, cells in enumerate(_rows(path, ("query_id", "text")), start=1):
        query_id = str(cells.get("query_id") or "").strip()
        if not query_id or query_id in queries:
            problem = f"the id “{query_id}” comes twice" if query_id else "there is no query_id"
            raise EvaluationError(f"{path}, row {row}: {problem}.")
        text, item_id = (str(cells.get(name) or "").strip() for name in ("text", "item_id"))
        image = _image(cells.get("image"), path.parent)
        if isinstance(image, Path) and not pictures:
            raise EvaluationError(
                f"{path.name}, row {row}: picture paths work on the command line only; here, put "
                "the pictures into a Parquet file."
            )
        if not (text or item_id or image):
            raise EvaluationError(
                f"{path}, row {row}: the query “{query_id}” has neither text nor image nor item_id."
            )
        queries[query_id] = EvalQuery(query_id, text, image, item_id)
    if not queries:
        raise EvaluationError(f"There is no query in {path}.")
    return tuple(queries.values())


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Relevance grades of a file: ``qrels[query_id][item_id]``.

    Raises:
        EvaluationError: The file can't be read, or a grade is no whole number.
    """
    if path.suffix.lower() not in (*_TABLES, ".parquet") or not _has_header(path, "query_id"):
        return trec.read_qrels(path)
    qrels: dict[str, dict[str, int]] = {}
    for row, cells in enumerate(_rows(path, ("query_id", "item_id", "relevance")), start=1):
        query_id, item_id = (str(cells.get(name) or "").strip() for name in ("query_id", "item_id"))
        try:
            grade = float(str(cells.get("relevance", "")).strip() or "1")
        except ValueError:
            grade = -1.5
        if not (query_id and item_id and grade.is_integer()):
            raise EvaluationError(
                f"{path}, row {row}: it takes query_id, item_id and a whole number as relevance."
            )
        qrels.setdefault(query_id, {})[item_id] = int(grade)
    if not qrels:
        raise EvaluationError(f"There is no judgment in {path}.")
    return qrels


def _rows(path: Path, headerless: tuple[str, ...]) -> list[dict[str, Any]]:
    try:
        if path.suffix.lower() == ".parquet":
            return pq.read_table(path).to_pylist()
        delimiter = _TABLES.get(path.suffix.lower(), "\t")
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = None if _has_header(path, "query_id") else headerless
            return list(csv.DictReader(file, fieldnames=names, delimiter=delimiter))
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise EvaluationError(f"{path} can't be read: {error}.") from None


def _has_header(path: Path, column: str) -> bool:
    if path.suffix.lower() == ".parquet":
        return True
    try:
        with path.open(encoding="utf-8-sig") as file:
            return column in file.readline()
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} can't be read: {error}.") from None


def _image(cell: object, folder: Path) -> Path | bytes | None:
    if isinstance(cell, dict):  # how Hugging Face data sets store pictures
        cell = cell.get("bytes")
    if isinstance(cell, bytes):
        return cell
    text = str(cell or "").strip()
    return folder / text if text else None
