"""The words of a file's queries, where they stand in a file of their own."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

from core.base.tables import FileReport, Line, Reading, is_topics, json_lines, open_lines, topics
from core.errors import JudgmentError

#: Names of the columns, in small letters with underscores.
_IDS = ("query_id", "qid", "queryid", "_id", "id", "topic_id", "number")
#: Lines that tell what kind of file it is.
_HEAD = 10
_WORDS = ("query", "text", "query_text", "querytext", "title")


@dataclass(frozen=True, slots=True)
class Beside:
    """Content of the file beside qrels or CSV: the queries' words by id, or the whole set."""

    texts: Mapping[str, str] = field(default_factory=dict)
    definition: Mapping[str, Any] = field(default_factory=dict)


def read_beside(source: Path, report: FileReport | None = None) -> Beside:
    """Read the file that an export writes beside qrels and CSV, or the words of the queries.

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
    """Return texts by query id.

    Lines of two columns (tab or comma), with a header or without; JSON lines with an id and a text
    (BEIR's ``_id`` and ``text``); or TREC topics.

    Args:
        source: The file.
        report: Receives notes on guesses and the lines that were left out.

    Raises:
        JudgmentError: The file can't be read, or no line has two columns.
    """
    file, reading = open_lines(source, JudgmentError), Reading(source.name, report)
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
    names = ["_".join(cell.lower().replace("-", " ").split()) for cell in cells]
    ids = [names.index(name) for name in _IDS if name in names]
    words = [names.index(name) for name in _WORDS if name in names]
    return (ids[0], words[0]) if ids and words else None
