"""Turn a file's rows into drafts of items, and say why a row can't become one."""

from __future__ import annotations

from pathlib import Path

from core.base.tables import TableRow
from core.catalog.columns import ColumnMap
from core.catalog.product_types import ProductTypes
from core.catalog.rows import Draft, Rejected, read_row


class Drafts:
    """One pass over one file's rows; remembers which ids were used.

    Args:
        folder: Folder of the pictures, resolved.
        columns: What the columns mean.
        types: Decides product types and departments.
        salt: What the stored photo depends on besides its source.
    """

    def __init__(self, folder: Path, columns: ColumnMap, types: ProductTypes, salt: str) -> None:
        self._folder = folder
        self._columns = columns
        self._types = types
        self._salt = salt
        self._seen: dict[str, int] = {}

    def of(self, row: TableRow) -> Draft:
        """Return the draft of a row.

        Raises:
            Rejected: The row can't be taken; the sentence says why.
        """
        if row.problem:
            raise Rejected(row.problem)
        draft = read_row(row.cells, self._columns, self._folder, self._salt, self._types)
        first = self._seen.setdefault(draft.item_id, row.number)
        if first != row.number:
            reason = (
                f"The id “{draft.item_id}” is already used by row {first}."
                if self._columns.item_id
                else f"The row repeats row {first}."
            )
            raise Rejected(reason, self._columns.item_id, draft.item_id)
        return draft
