"""Group rows: a product with the rows of its variants and pictures below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from core.base.tables import TableRow
from core.catalog.cells import is_nothing, plain
from core.catalog.column_names import folded
from core.catalog.columns import ColumnMap
from core.catalog.text import clean

#: Most rows of one product; further rows become products of their own.
_MOST_PARTS = 5000
#: Names of such rows in a column such as Wix's "fieldType" or BigCommerce's "Item Type".
_PARTS = {"variant", "variation", "sku", "rule", "image", "picture"}
#: Those of them that always belong to the product above.
_BELOW = {"sku", "rule", "image", "picture"}
#: Names of the product itself in such a column.
_HEADS = {"product", "parent"}
#: Kinds of rows that also stand in a column of categories.
_CATEGORIES = {"variant", "variation", "product", "parent"}
#: Columns of ids that all rows of a product share.
_SHARED = {"handle", "handle_id", "url_handle"}


@dataclass(frozen=True, slots=True)
class Product:
    """A row and the rows below it for the same product."""

    row: TableRow
    parts: tuple[TableRow, ...] = ()

    @property
    def rows(self) -> int:
        """Number of rows of the file that it is made of."""
        return len({row.number for row in (self.row, *self.parts)})


def products(rows: Iterable[TableRow], columns: ColumnMap) -> Iterator[Product]:
    """Group rows of variants and pictures with the product above them, as they are read."""
    head: TableRow | None = None
    parts: list[TableRow] = []
    belongs = _Belongs(columns)
    for row in rows:
        if head is not None and len(parts) < _MOST_PARTS and belongs(row, head):
            parts.append(row)
            continue
        if head is not None:
            yield Product(head, tuple(parts))
        head, parts = row, []
    if head is not None:
        yield Product(head, tuple(parts))


class _Belongs:
    def __init__(self, columns: ColumnMap) -> None:
        self._columns = columns
        self._shared = folded(columns.item_id) in _SHARED

    def __call__(self, row: TableRow, head: TableRow) -> bool:
        if row.problem or head.problem:
            return False
        if row.number == head.number or self._kind(row.cells) in _BELOW:
            return True
        title = self._title(row.cells)
        if title and not self._shared:
            return False
        top = self._title(head.cells)
        if not top:
            return False
        item_id, head_id = self._id(row.cells), self._id(head.cells)
        is_part = self._kind(row.cells) in _PARTS
        if title:
            return bool(item_id) and item_id == head_id and (title == top or is_part)
        if head_id and _text(row.cells.get(self._columns.group)) == head_id:
            return True  # the row names the one above as its parent
        if not item_id:
            return is_part or self._has_option(row.cells)
        return item_id == head_id or is_part

    def _title(self, cells: Mapping[str, object]) -> str:
        return next(
            (text for name in self._columns.of("title") if (text := _text(cells.get(name)))), ""
        )

    def _id(self, cells: Mapping[str, object]) -> str:
        return _text(cells.get(self._columns.item_id)) if self._columns.item_id else ""

    def _kind(self, cells: Mapping[str, object]) -> str:
        return row_kind(cells, self._columns)

    def _has_option(self, cells: Mapping[str, object]) -> bool:
        return any(not is_nothing(cells.get(value)) for _, value in self._columns.options)


def row_kind(cells: Mapping[str, object], columns: ColumnMap) -> str:
    """Return a row's value in the column of kinds, in lower case.

    Without such a column, a category that says "product" or "product_variation" counts.
    """
    if columns.row_kind:
        return _last_word(cells.get(columns.row_kind))
    kinds = (_last_word(cells.get(name)) for name in columns.categories)
    return next((kind for kind in kinds if kind in _CATEGORIES), "")


def _last_word(value: object) -> str:
    return _text(value).lower().replace("_", " ").rpartition(" ")[2]


def is_head(cells: Mapping[str, object], columns: ColumnMap) -> bool:
    """Tell whether a row is marked as the product itself and not as a variant."""
    return row_kind(cells, columns) in _HEADS


def _text(value: object) -> str:
    return clean(plain(value), 500)
