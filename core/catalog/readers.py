"""Open a catalogue file, or several as one feed: any table with at least one row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.base.tables import Table, open_table
from core.catalog.columns import name_score
from core.catalog.feed_parts import joined, parts_of, places
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
        rows, parts = table.count(), places(table)
    except CatalogError:
        rows, parts = 0, ()
    notes = (f"“{path.name}” was read as {table.understood}.", *parts, *table.notes)
    return FileLook(rows, notes)


def open_catalog(path: Path) -> Table:
    """Open a catalogue file, or all files of a folder or pattern, and read their heads.

    Raises:
        CatalogError: The file is missing, empty, has no rows, is of another kind than its name
            says, damaged, or in an encoding that can't be told.
    """
    tables = [with_nested(open_table(p, CatalogError, name_score)) for p in parts_of(path)]
    table = joined(path, tables)
    rows = table.rows()
    if next(rows, None) is None:
        raise CatalogError(
            f"“{path.name}” has column names but no rows below them, so there is nothing to index."
        )
    return table
