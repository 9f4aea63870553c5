"""Read lists of an engine from a table: one row per query and item, with its place."""

from __future__ import annotations

from pathlib import Path

from core.base.tables import open_table
from core.errors import ExperimentError
from core.experiments.log_columns import log_columns

_NEEDED = ("query", "item_id")


def read_lists(path: Path) -> dict[str, list[str]]:
    """Return words of a query → item ids, best first.

    Args:
        path: A table with columns for query, item and place, named as in a log; without places
            the order of the rows counts.

    Raises:
        ExperimentError: The file can't be read, or a column or all rows are missing.
    """
    lists: dict[str, list[tuple[float, str]]] = {}
    for row in open_table(path, ExperimentError).rows():
        fields = log_columns(row.cells).fields
        if missing := [name for name in _NEEDED if name not in fields]:
            raise ExperimentError(
                f"{path.name} has no column for “{missing[0]}”; lists have the columns query, "
                "item_id and position."
            )
        words, item = (str(row.cells.get(fields[name]) or "").strip() for name in _NEEDED)
        if row.problem or not words or not item:
            continue
        entries = lists.setdefault(words, [])
        entries.append((_place(row.cells.get(fields.get("position", "")), len(entries)), item))
    if not lists:
        raise ExperimentError(f"{path.name} has no row with a query and an item.")
    return {words: [item for _, item in sorted(rows)] for words, rows in lists.items()}


def _place(value: object, otherwise: int) -> float:
    try:
        return float(str(value))
    except ValueError:
        return float(otherwise)
