"""Read JSON in pieces: one object per line, a list of objects, or a list under a name."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from core.base.tables.json_walk import Target, elements, find_target
from core.base.tables.table_rows import LONGEST, BadTable, Content, TableRow, check_width
from core.base.tables.text_lines import Line

#: Number of rows that are read to find the columns.
_HEAD = 100
#: Characters of the first line that are read to distinguish lines from a list.
_LONGEST_HEAD = 2**20
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_LONE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class JsonText:
    """A text of JSON: opens its lines (up to a length), and its characters in blocks, anew."""

    lines: Callable[[int], Iterator[Line]]
    blocks: Callable[[], Iterator[str]]


def read_json(text: JsonText) -> Content:
    """Open a file of JSON objects.

    Raises:
        BadTable: It holds no objects.
    """
    target = _target(text)
    if target is None:
        return _content("JSON lines", json_lines(text.lines(LONGEST)))
    note = f"The rows are those of the list “{target.name[:80]}”; the rest of the file is not read."
    return _content("JSON", _document_rows(text.blocks(), target), (note,) if target.name else ())


def _content(format: str, rows: Iterator[TableRow], notes: tuple[str, ...] = ()) -> Content:
    first = list(itertools.islice(rows, _HEAD))
    names = list(dict.fromkeys(name for row in first for name in row.cells))
    if not names:
        problem = next((f" {row.problem}" for row in first if row.problem), "")
        raise BadTable(
            "holds no JSON objects. It takes one a line, or a list of them, like "
            f'{{"title": "…", "image": "…"}}.{problem}'
        )
    check_width(len(names))
    return Content(format, tuple(names), itertools.chain(first, rows), notes=notes)


def _target(text: JsonText) -> Target | None:
    """Return the list that holds the rows; ``None`` where there is one object a line."""
    lines = (line for line in text.lines(_LONGEST_HEAD) if line.problem or line.text.strip())
    head = list(itertools.islice(lines, 2))
    if not head:
        raise BadTable("is empty.")
    if not head[0].problem and _is_lines(head):
        return None
    target = find_target(text.blocks())
    return None if head[0].problem and target.order == 0 else target


def _is_lines(head: list[Line]) -> bool:
    """Return whether the file has one object a line; the first may be broken, too."""
    first = head[0]
    text = first.text.strip()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return not text.endswith(("[", "{", ",", ":")) and text[0] not in "["
    if len(head) > 1:
        return True
    return isinstance(value, dict) and not _is_frame(value)


def _is_frame(value: object) -> bool:
    """Return whether an object is only the frame of a list of objects: ``{"products": [{…}]}``."""
    for _ in range(5):
        if not isinstance(value, dict) or not value:
            return False
        lists = [inner for inner in value.values() if isinstance(inner, list)]
        if lists:
            return any(inner and all(isinstance(e, dict) for e in inner) for inner in lists)
        value = next(iter(value.values()))
    return False


def json_lines(lines: Iterable[Line]) -> Iterator[TableRow]:
    """Yield the object of each line that is not empty; a line without one comes with a problem."""
    number = 0
    for line in lines:
        if line.problem:
            number += 1
            yield TableRow(number, line.number, problem=line.problem)
        elif line.text.strip():
            number += 1
            yield _row(number, line.number, line.text, "line")


def _document_rows(blocks: Iterator[str], target: Target) -> Iterator[TableRow]:
    for number, (line, text, problem) in enumerate(elements(blocks, target), 1):
        if problem:
            yield TableRow(number, line, problem=problem)
        else:
            yield _row(number, line, text, f"row (line {line})")


def _row(number: int, line: int, text: str, what: str) -> TableRow:
    try:
        value = json.loads(text)
        if isinstance(value, dict) and _SURROGATE.search(text):
            value = _without_lone_surrogates(value)
    except RecursionError:
        return TableRow(number, line, problem=f"This {what} is nested too deeply to be read.")
    except json.JSONDecodeError as error:
        return TableRow(number, line, problem=f"This {what} is not valid JSON: {error}.")
    except ValueError:  # a number that Python refuses to read
        return TableRow(
            number, line, problem=f"This {what} holds a number of more than 4,300 digits."
        )
    if not isinstance(value, dict):
        return TableRow(number, line, problem=f"This {what} is not a JSON object.")
    return TableRow(number, line, value)


def _without_lone_surrogates(value: dict[str, object]) -> dict[str, object]:
    """Drop halves of characters (``\ud83d`` alone), which can't be stored."""
    plain = json.dumps(value, ensure_ascii=False)
    mended: dict[str, object] = json.loads(_LONE.sub("", plain))
    return mended
