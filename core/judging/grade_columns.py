"""Decide which columns of another tool's table have grades."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from core.base.tables import Table
from core.errors import JudgmentError
from core.judging.judgment_rows import cell_text

#: Names of a column with one grade a row, lower case.
RATING = ("rating", "grade", "judgment", "relevance", "label", "score")
#: Last words of such names: `esci_label`. A rater's own column may end in "rating" or "grade".
_RATING_ENDS = {"label", "relevance", "judgment", "judgement"}
#: Last words of the name of a rater's own column.
_RATER_ENDS = {"rating", "grade", "label", "judgment", "judgement", "relevance"}
#: Columns that are no rater, and last words of the names of such columns.
_NO_RATER = {
    "name", "title", "description", "position", "doc_position", "final_rating", "url", "rank",
    "team_name", "case_name", "case_id", "date", "notes", "information_need",
}  # fmt: skip
_NO_RATER_ENDS = {
    "id", "ids", "version", "split", "fold", "locale", "language", "country", "market", "rank",
    "index", "position", "count", "number", "price", "year", "date", "time", "timestamp", "clicks",
    "views", "impressions", "orders", "page", "url",
}  # fmt: skip
_WHOLE = re.compile(r"[0-9]+(\.0*)?")
#: Number of rows that are read.
_LOOKED_AT = 2000
_HIGHEST = 10


@dataclass(frozen=True, slots=True)
class GradeColumns:
    """Columns of a table that have grades.

    Attributes:
        rating: The column with one grade a row; empty where raters have columns of their own.
        raters: The raters' columns.
        notes: Sentences on what was guessed.
    """

    rating: str = ""
    raters: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def grade_columns(
    table: Table, names: Mapping[str, str], used: set[str], people: Sequence[str] = ()
) -> GradeColumns:
    """Decide which columns have grades, by their names and their values.

    Args:
        table: The table.
        names: Its columns by their names in lower case.
        used: Columns of queries and items.
        people: The raters' columns, where a person named them.

    Raises:
        JudgmentError: The table has no such column.
    """
    if people:
        absent = [column for column in people if column not in table.columns]
        if absent:
            raise JudgmentError(
                f"{table.path.name} has no column “{absent[0][:60]}”; it has: "
                f"{', '.join(column[:40] for column in table.columns[:20])}."
            )
        return GradeColumns(raters=tuple(people))
    rating = next((names[name] for name in RATING if name in names), "")
    named = [column for name, column in names.items() if _last(name) in _RATING_ENDS]
    rating = rating or (named[0] if len(named) == 1 else "")
    if rating:
        return GradeColumns(rating)
    put_aside = used | {
        column
        for name, column in names.items()
        if name in _NO_RATER or _last(name) in _NO_RATER_ENDS
    }
    candidates = [column for column in table.columns if column not in put_aside]
    values = _values(table, candidates)
    graded = tuple(column for column in candidates if _mostly_grades(values[column]))
    by_name = tuple(column for column in graded if _last(_plain(column)) in _RATER_ENDS)
    unused = tuple(column for column in candidates if not values[column])
    # Only a table of queries, items and raters, as Quepid writes it, has names alone.
    book = len(graded) + len(unused) == len(candidates)
    raters = (graded or unused) if book else by_name
    if not raters and graded:
        raise JudgmentError(
            f"Which columns of {table.path.name} are people? {_quoted(graded)} "
            f"{'has' if len(graded) == 1 else 'have'} small numbers, and the table has other "
            "columns beside. Name the people's columns, with commas between."
        )
    used_columns = {*raters, *unused, *used}
    others = [column for column in table.columns if column not in used_columns]
    notes = []
    if raters and len(by_name) < len(raters):
        notes.append(f"These columns were taken for people's grades: {_quoted(raters)}.")
    if others:
        notes.append(f"These columns were not taken for people's grades: {_quoted(others)}.")
    return GradeColumns(raters=raters, notes=tuple(notes))


def _quoted(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - 8} more" if len(columns) > 8 else ""
    return ", ".join(f"“{column[:40]}”" for column in columns[:8]) + more


def plain_names(columns: Sequence[str]) -> dict[str, str]:
    """Return columns by their names in small letters, with underscores between words."""
    return {_plain(column): column for column in columns}


def _plain(column: str) -> str:
    return "_".join(column.lower().replace("-", " ").split())


def _values(table: Table, columns: Sequence[str]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {column: [] for column in columns}
    for row in islice(table.rows(), _LOOKED_AT):
        for column in columns:
            if text := cell_text(row.cells.get(column)).strip():
                values[column].append(text)
    return values


def _mostly_grades(values: Sequence[str]) -> bool:
    """Tell whether at least half of a column's values are small whole numbers: 3, or 3.0."""
    grades = sum(
        bool(_WHOLE.fullmatch(value)) and float(value) <= _HIGHEST
        for value in values
        if len(value) < 9
    )
    return bool(values) and 2 * grades >= len(values)


def _last(name: str) -> str:
    return name.rpartition("_")[2]
