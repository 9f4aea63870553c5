"""Open a catalogue file: any table with at least one row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.base.tables import Table, open_table
from core.catalog.columns import name_score
from core.catalog.nested import with_nested
from core.errors import CatalogError


@dataclass(frozen=True, slots=True)
class FileLook:
    """Summary of how a catalogue file was read.

    Attributes:
        rows: Number of rows; 0 if the file is damaged (rows before the damage can be indexed).
        notes: Sentences for people on format, encoding and guesses.
    """

    rows: int
    notes: tuple[str, ...]


def look(path: Path) -> FileLook:
    """Read a catalogue file once, to say how many rows it has and how it was understood.

    Raises:
        CatalogError: As ``open_catalog``.
    """
    table = open_catalog(path)
    try:
        rows = table.count()
    except CatalogError:
        rows = 0
    return FileLook(rows, (f"“{path.name}” was read as {table.understood}.", *table.notes))


def open_catalog(path: Path) -> Table:
    """Open a catalogue file and read its head.

    Raises:
        CatalogError: The file is missing, empty, has no rows, is of another kind than its name
            says, damaged, or in an encoding that can't be told.
    """
    table = with_nested(open_table(path, CatalogError, name_score))
    rows = table.rows()
    if next(rows, None) is None:
        raise CatalogError(
            f"“{path.name}” has column names but no rows below them, so there is nothing to index."
        )
    return table
