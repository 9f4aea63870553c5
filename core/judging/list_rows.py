"""Rows that hold a whole list of judgments: items and grades side by side, or objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from core.base.tables import Table, TableRow
from core.judging.foreign import DOC
from core.judging.grade_columns import RATING

#: Columns whose lists belong together: item and grade of one judgment.
_SIDE_BY_SIDE = frozenset({*DOC, *RATING})
#: Rows that tell whether a table has lists.
_HEAD = 100


def unfolded(table: Table) -> Table:
    """Return a table with a row for each judgment, where its rows have lists of them."""
    if not any(_has_lists(row.cells) for row in islice(table.rows(), _HEAD)):
        return table
    columns: dict[str, None] = {}
    for row in islice(table.rows(), _HEAD):
        for cells in _rows_of(row):
            columns.update(dict.fromkeys(cells.cells))

    def change(rows: Iterator[TableRow]) -> Iterator[TableRow]:
        for row in rows:
            yield from _rows_of(row)

    return table.changed(tuple(columns), change)


def judgments_of(cells: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the cells of each judgment of a row: itself, or one for each place of its lists.

    Raises:
        ValueError: It has more items than grades, or fewer.
    """
    if not _has_lists(cells):
        return [dict(cells)]
    lists = {name: value for name, value in cells.items() if isinstance(value, list)}
    alone = {name: value for name, value in cells.items() if name not in lists}
    sides = {name: lists[name] for name in lists if _singular(name) in _SIDE_BY_SIDE}
    objects = {name: value for name, value in sides.items() if _are_objects(value)}
    if objects:
        return [{**alone, **entry} for value in objects.values() for entry in value]
    lengths = {name: len(value) for name, value in sides.items()}
    if len(set(lengths.values())) > 1:
        lengths_text = ", ".join(f"{length} of “{name[:40]}”" for name, length in lengths.items())
        raise ValueError(f"has lists of different lengths: {lengths_text}")
    length = next(iter(lengths.values()))
    beside = {name: value for name, value in lists.items() if name in sides or len(value) == length}
    return [
        {**alone, **{_column(name): value[place] for name, value in beside.items()}}
        for place in range(length)
    ]


def _rows_of(row: TableRow) -> Iterator[TableRow]:
    try:
        for cells in judgments_of(row.cells):
            yield TableRow(row.number, row.line, cells, row.problem)
    except ValueError as problem:
        yield TableRow(row.number, row.line, problem=str(problem))


def _has_lists(cells: Mapping[str, object]) -> bool:
    """Tell whether a row has lists of items and of grades, or a list of objects with both."""
    lists = {_singular(name): cell for name, cell in cells.items() if isinstance(cell, list)}
    items, grades = set(lists) & set(DOC), set(lists) & set(RATING)
    return bool(items and grades) or any(_are_objects(lists[name]) for name in items | grades)


def _are_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(e, dict) for e in value)


def _singular(name: str) -> str:
    """Return a column's name as that of one judgment: ``Doc IDs`` → ``doc_id``."""
    plain = "_".join(name.lower().replace("-", " ").split())
    single = plain.removesuffix("s")
    return single if single in _SIDE_BY_SIDE else plain


def _column(name: str) -> str:
    return _singular(name) if _singular(name) in _SIDE_BY_SIDE else name
