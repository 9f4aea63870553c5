"""Turn a file's rows into drafts of items, with a reason for each row that can't become one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from core.base.counts import counted, verb
from core.catalog.cells import is_nothing, plain
from core.catalog.columns import ColumnMap
from core.catalog.photos import Origin
from core.catalog.product_types import ProductTypes
from core.catalog.products import Product
from core.catalog.rows import Draft, Rejected, read_row

#: How spreadsheets shorten long numbers: `4,00638E+12`.
_SHORTENED = re.compile(r"\d([.,]\d+)?E\+?\d+", re.I)

#: Rows that a note names.
_NAMED = 3


class Drafts:
    """One pass over one file's products; remembers which ids were used.

    Args:
        folder: Folder of the pictures, resolved.
        columns: What the columns mean.
        types: Decides product types and departments.
        salt: Text that stands for the options of photo storage; part of the row key.
        parents: What rows call their product → its group.

    Attributes:
        repeated: Rows that are equal to an earlier one and were merged with it.
        parts: Rows of variants or pictures that were merged with their product.
        with_parts: Products that have such rows.
        without_id: Rows without an id, in a file that has ids.
        replaced: Rows that name a photo that is missing and got another one.
    """

    def __init__(
        self,
        folder: Path,
        columns: ColumnMap,
        types: ProductTypes,
        salt: str,
        parents: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._columns = columns
        self._types = types
        self._salt = salt
        self._parents = parents or {}
        self._seen: dict[str, tuple[int, str]] = {}
        self.repeated = self.parts = self.with_parts = self.without_id = self.replaced = 0
        self._replaced: list[str] = []

    def of(self, product: Product) -> Draft | None:
        """Return the draft of a product; ``None`` if an earlier row is equal.

        Raises:
            Rejected: The row can't become an item; the sentence says why.
        """
        row = product.row
        if row.problem:
            raise Rejected(row.problem)
        parts = [part.cells for part in product.parts]
        draft = read_row(
            row.cells, self._columns, self._folder, self._salt, self._types, parts, self._parents
        )
        first, key = self._seen.setdefault(draft.item_id, (row.number, draft.row_key))
        if first != row.number:
            if key == draft.row_key:
                self.repeated += 1
                return None
            raise Rejected(self._reason(draft.item_id, first), self._columns.item_id, draft.item_id)
        self._count(product, draft)
        return draft

    def notes(self) -> tuple[str, ...]:
        """Return sentences on rows that were merged with others or got another photo."""
        notes = []
        if self.parts:
            are = verb(self.parts, "is a variant or picture", "are variants or pictures")
            of = counted(self.with_parts, "product")
            notes.append(f"{counted(self.parts, 'row')} {are} of {of}.")
        if self.repeated:
            rows = f"{counted(self.repeated, 'row')} {verb(self.repeated, 'says', 'say')}"
            own = verb(self.repeated, "item of its own", "items of their own")
            notes.append(f"{rows} the same as an earlier one and became no {own}.")
        if self.without_id:
            rows = f"{counted(self.without_id, 'row')} {verb(self.without_id, 'has', 'have')}"
            notes.append(f"{rows} no id; each was given one that is made of its title and photo.")
        if self.replaced:
            rows = f"{counted(self.replaced, 'row')} {verb(self.replaced, 'names', 'name')}"
            named = ", ".join(self._replaced) + (" …" if self.replaced > _NAMED else "")
            notes.append(f"{rows} a photo that is not there, and another was taken: {named}.")
        return tuple(notes)

    def _count(self, product: Product, draft: Draft) -> None:
        """Count a new draft for the notes."""
        id_column = self._columns.item_id
        cell = product.row.cells.get(id_column) if id_column else ""
        self.without_id += bool(id_column) and is_nothing(plain(cell))
        self.parts += product.rows - 1
        self.with_parts += product.rows > 1
        if draft.missing and draft.origin is not None:
            self.replaced += 1
            if len(self._replaced) < _NAMED:
                taken = _name(draft.origin)
                self._replaced.append(f"row {product.row.number} “{draft.missing}” → “{taken}”")

    def _reason(self, item_id: str, first: int) -> str:
        if not self._columns.item_id:
            return f"The row repeats row {first}."
        reason = f"The id “{item_id}” is already used by row {first}."
        if _SHORTENED.fullmatch(item_id):
            reason += (
                " A spreadsheet has shortened the number, so that different products got the same "
                "one: format the column as text there, and save the file anew."
            )
        return reason


def _name(origin: Origin) -> str:
    """Return a photo's file name or address."""
    if isinstance(origin, Path):
        return origin.name
    return "the picture in the file" if isinstance(origin, bytes) else origin[:80]
