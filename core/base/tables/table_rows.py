"""The result of all table readers: numbered rows, with a sentence for each unreadable row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

#: Longest row that is read, in characters; a longer one is left out.
LONGEST = 16 * 2**20
#: Most columns that a table may have.
MOST_COLUMNS = 4000


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table.

    Attributes:
        number: Its number; the first row below the column names is 1, blank rows don't count.
            Rows that were made of one row of the file share its number.
        line: The line of the file on which it begins (in Parquet, its number).
        cells: Column → cell. Cells of CSV files are text, those of others have any type.
        problem: Why the row can't be read, one sentence; such a row has no cells.
    """

    number: int
    line: int
    cells: dict[str, object] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """A table that was opened.

    Attributes:
        format: Its format for people: ``CSV``.
        columns: Names of its columns.
        rows: Its rows, read one by one; they can be read only once.
        delimiter: Delimiter of a CSV file.
        notes: Sentences on what was guessed.
    """

    format: str
    columns: tuple[str, ...]
    rows: Iterator[TableRow]
    delimiter: str = ""
    notes: tuple[str, ...] = ()


class BadTable(Exception):
    """A table can't be read; the text follows the file's name: ``is empty.``"""


def column_names(names: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return complete and different column names, and notes on what was changed.

    Raises:
        BadTable: There are too many.
    """
    check_width(len(names))
    used: dict[str, int] = {}
    plain, repeated = [], []
    for number, name in enumerate((name.strip() for name in names), 1):
        name = name or f"column {number}"
        if name in used:
            repeated.append(name)
            while (other := f"{name} ({used[name] + 1})") in used:
                used[name] += 1
            used[name] += 1
            name = other
        used[name] = used.get(name, 0) + 1
        plain.append(name)
    shown = ", ".join(f"“{name[:40]}”" for name in dict.fromkeys(repeated[:5]))
    note = f"Several columns have one name: {shown}. The later ones were given a number."
    return plain, (note,) if repeated else ()


def check_width(count: int) -> None:
    """Refuse a table with too many columns.

    Raises:
        BadTable
    """
    if count > MOST_COLUMNS:
        raise BadTable(
            f"has more than {MOST_COLUMNS:,} columns. Keep those that say something about the "
            "rows, or check what stands between its cells."
        )
