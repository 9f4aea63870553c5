"""The words of a file's queries, where they stand in a file of their own."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

from core.base.tables import (
    FileReport,
    Line,
    Reading,
    is_topics,
    json_lines,
    open_lines,
    open_table,
    topics,
)
from core.errors import JudgmentError
from core.judging.judgment_rows import cell_text

#: Names of the columns, in small letters with underscores.
_IDS = ("query_id", "qid", "queryid", "_id", "id", "topic_id", "number")
#: Lines that tell what kind of file it is.
_HEAD = 10
_WORDS = ("query", "text", "query_text", "querytext", "title")
#: Files that are no text.
_BINARY = {".xlsx", ".xlsm", ".parquet", ".pq"}
#: Further columns of files that have nothing but queries.
_OF_QUERIES = {
    *_WORDS, "query_class", "metadata", "description", "desc", "narrative", "narr", "topic",
    "language", "locale", "country", "count", "frequency", "split", "notes", "information_need",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beside:
    """Content of the file beside qrels or CSV: the queries' words by id, or the whole set."""

    texts: Mapping[str, str] = field(default_factory=dict)
    definition: Mapping[str, Any] = field(default_factory=dict)

    def words(self) -> Mapping[str, str]:
        """Return the queries' words by id: an export has an item's id in place of words."""
        described = self.definition.get("queries")
        without = {
            str(query[0])
            for query in (described if isinstance(described, list) else ())
            if isinstance(query, list) and len(query) > 1 and not query[1]
        }
        return {name: text for name, text in self.texts.items() if name not in without}


def read_beside(source: Path, report: FileReport | None = None) -> Beside:
    """Read the file that an export writes beside qrels and CSV, or the words of the queries.

    Raises:
        JudgmentError: The file can't be read.
    """
    if source.suffix.lower() != ".json":
        return Beside(read_query_texts(source, report))
    facts = _facts(source)
    if facts is None:
        raise JudgmentError(
            f"{source.name} is not the file that an export writes beside qrels or CSV."
        )
    queries = facts["queries"]
    definition = facts.get("judgment_set")
    return Beside(
        {str(query_id): str(words) for query_id, words in queries.items()},
        definition if isinstance(definition, dict) else {},
    )


def is_beside(source: Path) -> bool:
    """Tell whether an export wrote the file beside qrels or CSV.

    Raises:
        JudgmentError: The file can't be read.
    """
    return source.suffix.lower() == ".json" and _facts(source) is not None


def _facts(source: Path) -> dict[str, Any] | None:
    """Return the content of a file that an export wrote beside another; ``None`` for any other."""
    text = "\n".join(line.text for line in open_lines(source, JudgmentError).lines())
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return None
    is_described = isinstance(facts, dict) and isinstance(facts.get("queries"), dict)
    return facts if is_described else None


def words_alone(source: Path) -> dict[str, str] | None:
    """Return the words by query id of a file that has nothing else; ``None`` for other files."""
    return read_query_texts(source) if _is_words_alone(source) else None


def _is_words_alone(source: Path) -> bool:
    """Tell whether a file has queries with their words, and neither items nor labels."""
    if source.suffix.lower() in _BINARY:
        table = open_table(source, JudgmentError)
        return _names_words_alone(_plain(table.columns))
    lines = open_lines(source, JudgmentError).lines()
    head = list(islice((line for line in lines if line.text.strip()), _HEAD))
    if not head or any(line.problem for line in head):
        return False
    first = head[0].text.lstrip()
    if is_topics(head):
        return True
    if first.startswith(("{", "[")):
        rows = list(json_lines(head[:1]))
        return bool(rows) and _names_words_alone(_plain(rows[0].cells))
    cells = _cells(first)
    if _header(cells):
        return _names_words_alone(_plain(cells))
    rows_of_two = all("\t" in line.text and len(_cells(line.text)) == 2 for line in head)
    return rows_of_two and not all(_cells(line.text)[1].strip().isdecimal() for line in head)


def _names_words_alone(names: Sequence[str]) -> bool:
    """Tell whether columns are those of queries: an id and words, no item and no label."""
    is_query = bool(set(names) & set(_IDS)) and bool(set(names) & set(_WORDS))
    return is_query and set(names) <= {*_IDS, *_OF_QUERIES}


def _plain(names: Iterable[str]) -> list[str]:
    return ["_".join(name.lower().replace("-", " ").split()) for name in names]


def read_query_texts(source: Path, report: FileReport | None = None) -> dict[str, str]:
    """Return texts by query id.

    Lines of two columns (tab or comma), with a header or without; JSON lines with an id and a text
    (BEIR's ``_id`` and ``text``); or TREC topics.

    Args:
        source: The file.
        report: Receives notes on guesses and the lines that were left out.

    Raises:
        JudgmentError: The file can't be read, or no line has two columns.
    """
    reading = Reading(source.name, report)
    if source.suffix.lower() in _BINARY:
        texts = _table(source, reading)
        reading.end(len(texts))
        return texts
    file = open_lines(source, JudgmentError)
    reading.guessed(file.notes)
    lines = file.lines()
    head = list(islice((line for line in lines if line.text.strip() or line.problem), _HEAD))
    if not head:
        return {}
    if is_topics(head):
        texts = dict(topics(chain(head, lines)))
        if not texts:
            raise JudgmentError(f"There is no topic with a number and a title in {source.name}.")
        return texts
    rows = _json if head[0].text.lstrip().startswith("{") else _columns
    texts = dict(rows(chain(head, lines), reading))
    if reading.count and not texts:
        raise JudgmentError(f"There is no “query id, text” in {source.name}{reading.why()}.")
    reading.end(len(texts))
    return texts


def _table(source: Path, reading: Reading) -> dict[str, str]:
    """Read the words from a sheet or a Parquet file.

    Raises:
        JudgmentError: It has no column of ids, or none of words.
    """
    table = open_table(source, JudgmentError)
    reading.guessed(table.notes)
    at = _header(table.columns)
    if at is None:
        raise JudgmentError(
            f"{source.name} has no column for the query's id or none for its words; it has: "
            f"{', '.join(name[:40] for name in table.columns[:12])}."
        )
    names = [table.columns[place] for place in at]
    texts = {}
    for row in table.rows():
        query_id, words = (cell_text(row.cells.get(name)).strip() for name in names)
        if query_id and not row.problem:
            texts[query_id] = words
        else:
            reading.leave_out(f"row {row.number}", "", row.problem or "it has no id")
    return texts


def _json(lines: Iterable[Line], reading: Reading) -> Iterator[tuple[str, str]]:
    for row in json_lines(lines):
        named = {name.lower(): value for name, value in row.cells.items()}
        query_id = next((str(named[name]) for name in _IDS if name in named), "")
        words = next((str(named[name]) for name in _WORDS if name in named), "")
        if query_id.strip():
            yield query_id.strip(), words.strip()
        else:
            reading.leave_out(f"line {row.line}", "", row.problem or "it has no id")


def _columns(lines: Iterable[Line], reading: Reading) -> Iterator[tuple[str, str]]:
    at, is_first = (0, 1), True
    for line in lines:
        if line.problem:
            reading.leave_out(f"line {line.number}", "", line.problem)
            continue
        if not line.text.strip():
            continue
        cells = _cells(line.text)
        header = _header(cells) if is_first else None
        is_first = False
        if header is not None:
            at = header
        elif len(cells) <= max(at):
            reading.leave_out(f"line {line.number}", "", "it is not “query id, text”")
        else:
            yield cells[at[0]].strip(), cells[at[1]].strip()


def _cells(text: str) -> list[str]:
    delimiter = "\t" if "\t" in text else ","
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return text.split(delimiter, 1)


def _header(cells: Sequence[str]) -> tuple[int, int] | None:
    """Return the positions of id and text in a row of column names, or ``None`` if it is none."""
    names = _plain(cells)
    ids = [names.index(name) for name in _IDS if name in names]
    words = [names.index(name) for name in _WORDS if name in names]
    return (ids[0], words[0]) if ids and words else None
