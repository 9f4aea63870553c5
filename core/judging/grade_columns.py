"""Decide which columns of another tool's table have grades, and read grades that are words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from core.base.tables import Table

#: Names of a column with one grade a row, lower case.
_RATING = ("rating", "grade", "judgment", "relevance", "label", "score")
#: Last words of such names: `esci_label`. A rater's own column may end in "rating" or "grade".
_RATING_ENDS = {"label", "relevance", "judgment", "judgement"}
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
#: Scales of words; a column counts where all of its values are of one scale.
_SCALES: tuple[Mapping[str, int], ...] = (
    {"e": 3, "s": 2, "c": 1, "i": 0},
    {"exact": 3, "substitute": 2, "complement": 1, "irrelevant": 0},
    {"exact": 3, "partial": 1, "irrelevant": 0},
)
#: Number of rows that are read.
_LOOKED_AT = 2000
_HIGHEST = 10


@dataclass(frozen=True, slots=True)
class GradeColumns:
    """Columns of a table that have grades.

    Attributes:
        rating: The column with one grade a row; empty where raters have columns of their own.
        raters: The raters' columns.
        scale: Words of the rating column → grade; empty where grades are numbers.
        notes: Sentences on what was guessed.
    """

    rating: str = ""
    raters: tuple[str, ...] = ()
    scale: Mapping[str, int] | None = None
    notes: tuple[str, ...] = ()

    def value(self, cell: str) -> str:
        """Return a cell's grade as the text of a number; other cells stay as they are."""
        grade = (self.scale or {}).get(cell.strip().lower())
        return cell if grade is None else str(grade)


def grade_columns(table: Table, names: Mapping[str, str], used: set[str]) -> GradeColumns:
    """Decide which columns have grades, by their names and their values.

    Args:
        table: The table.
        names: Its columns by their names in lower case.
        used: Columns of queries and items.
    """
    rating = next((names[name] for name in _RATING if name in names), "")
    named = [column for name, column in names.items() if _last(name) in _RATING_ENDS]
    rating = rating or (named[0] if len(named) == 1 else "")
    if rating:
        return _rated(table, rating)
    put_aside = used | {
        column
        for name, column in names.items()
        if name in _NO_RATER or _last(name) in _NO_RATER_ENDS
    }
    candidates = [column for column in table.columns if column not in put_aside]
    values = _values(table, candidates)
    graded = tuple(column for column in candidates if _mostly_grades(values[column]))
    unused = tuple(column for column in candidates if not values[column])
    raters = graded or unused  # a book that nobody has judged yet
    used_columns = {*raters, *unused, *used}
    others = [column for column in table.columns if column not in used_columns]
    shown = ", ".join(f"“{column[:40]}”" for column in others[:8])
    notes = (f"These columns were not taken for people's grades: {shown}.",) if others else ()
    return GradeColumns(raters=raters, notes=notes)


def _rated(table: Table, rating: str) -> GradeColumns:
    values = {value.lower() for value in _values(table, [rating])[rating]}
    scale = next((scale for scale in _SCALES if values and values <= set(scale)), None)
    if scale is None:
        return GradeColumns(rating)
    words = ", ".join(f"{word} = {grade}" for word, grade in scale.items())
    return GradeColumns(rating, scale=scale, notes=(f"Grades were read as {words}.",))


def _values(table: Table, columns: Sequence[str]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {column: [] for column in columns}
    for row in islice(table.rows(), _LOOKED_AT):
        for column in columns:
            if text := str(row.cells.get(column, "")).strip():
                values[column].append(text)
    return values


def _mostly_grades(values: Sequence[str]) -> bool:
    """Tell whether at least half of a column's values are small whole numbers."""
    grades = sum(value.isdecimal() and int(value) <= _HIGHEST for value in values if len(value) < 9)
    return bool(values) and 2 * grades >= len(values)


def _last(name: str) -> str:
    return name.rpartition("_")[2]
