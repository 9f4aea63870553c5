"""Find the parent of a row: shops write its id, `id:` and its id, or its code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.base.tables import TableRow
from core.catalog.cells import plain
from core.catalog.columns import ColumnMap
from core.catalog.text import clean

_LIMIT = 200


def parents(rows: Iterable[TableRow], columns: ColumnMap) -> Mapping[str, str]:
    """Return the name of each parent as written in the rows → its group.

    Args:
        rows: All rows of the file; read only where there are columns of a group and an id.
        columns: What the columns mean.
    """
    if not (columns.group and columns.item_id):
        return {}
    called: set[str] = set()
    ids: dict[str, str] = {}
    for row in rows:
        item_id = clean(plain(row.cells.get(columns.item_id)), _LIMIT)
        parent = clean(plain(row.cells.get(columns.group)), _LIMIT)
        if parent:
            called.add(parent)
        elif item_id:  # only a product without a parent can be one
            ids[item_id] = item_id
            for column in columns.codes:
                code = clean(plain(row.cells.get(column)), _LIMIT)
                if code:
                    ids.setdefault(code, item_id)
    groups = {name: _id(name, ids) for name in called}
    named_groups = {name: group for name, group in groups.items() if group}
    return named_groups | {group: group for group in named_groups.values()}


def _id(name: str, ids: Mapping[str, str]) -> str:
    return ids.get(name) or ids.get(name.removeprefix("id:").strip(), "")
