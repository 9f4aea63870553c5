"""The content of a file of judgments in any format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.domain import JudgmentEvent, JudgmentQuery

#: Largest number that is a label.
_LARGEST = 1e12


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that does not fit, with the reason."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One judgment of a file.

    Attributes:
        line: Number of its line.
        query: The query as the file gives it; its id is empty where the file has none.
        item_id: The item.
        grade: The grade (``None`` for other events, and for labels that are no whole number).
        annotator: Name of the annotator; empty if the file has none.
        event: The whole event; only in our own files.
        label: The label as a mapping names it (``grade_maps.label_of``); only in others' files.
        note: What the annotator wrote about it; only in others' files.
    """

    line: int
    query: JudgmentQuery
    item_id: str
    grade: int | None
    annotator: str = ""
    event: JudgmentEvent | None = None
    label: str = field(default="", compare=False)
    note: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class File:
    """Content of a file.

    Attributes:
        format: Its format, for people.
        rows: Its judgments.
        rejected: Lines that are none, with reasons.
        definition: The set, in our own files that describe it.
        notes: Sentences on what was guessed.
        name: The name that another tool's file gives its list; empty if none.
        scale: Names by grade, in another tool's file that has them.
    """

    format: str
    rows: tuple[Row, ...]
    rejected: tuple[Rejected, ...]
    definition: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    name: str = ""
    scale: Mapping[int, str] = field(default_factory=dict)


def file_of(
    format: str, read: Iterable[Row | Rejected], definition: Mapping[str, Any] | None = None
) -> File:
    """Return rows and rejected lines, as they come out of a parser."""
    parsed = list(read)
    rows = tuple(entry for entry in parsed if isinstance(entry, Row))
    rejected = tuple(entry for entry in parsed if isinstance(entry, Rejected))
    return File(format, rows, rejected, definition or {})


def graded(
    line: int, query: JudgmentQuery, item_id: str, value: str, who: str = "", note: str = ""
) -> Row | Rejected:
    """Return a row with the grade in the file, or a rejection with the reason."""
    if not (query.query_id or query.text):
        return Rejected(line, "has no query")
    if not item_id:
        return Rejected(line, "has no item")
    label = label_of(value)
    if not label:
        return Rejected(line, "has no grade")
    number = number_of(label)
    whole = number is not None and number.is_integer()
    return Row(line, query, item_id, int(label) if whole else None, who, label=label, note=note)


def cell_text(cell: object) -> str:
    """Return the text of a cell; empty for one that has no value, also as data frames write it."""
    return "" if cell is None or cell != cell else str(cell)


def label_of(text: str) -> str:
    """Return a label as mappings name it: in small letters, numbers without needless zeros."""
    label = " ".join(text.split()).casefold()
    value = number_of(label)
    return label if value is None else plain_number(value)


def number_of(label: str) -> float | None:
    """Return a label's number, or ``None`` if it is no number, or one beyond any scale."""
    try:
        value = float(label)
    except ValueError:
        return None
    return value if abs(value) <= _LARGEST and "_" not in label else None


def plain_number(value: float) -> str:
    """Return a number without needless zeros."""
    return str(int(value)) if float(value).is_integer() else repr(value)
