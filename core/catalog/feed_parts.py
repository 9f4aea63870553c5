"""A feed in several files: a folder of parts, or a pattern such as ``feed/part-*.parquet``.

Engines that write large tables write them in parts; together they are one feed, in the order of
their names.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from core.base.counts import counted
from core.base.tables import TABLE_ENDINGS, Content, Table, TableRow
from core.errors import CatalogError

#: Most parts of a feed: the head of each is read several times before indexing begins.
MOST_PARTS = 10_000
#: Parts whose rows are named in the notes, so that a row that was left out can be found.
_NAMED = 20


def is_pattern(source: Path) -> bool:
    """Tell whether a source is a pattern for files, and no file or folder itself."""
    return glob.has_magic(str(source)) and not source.exists()


def parts_of(source: Path) -> list[Path]:
    """Return the files of a feed, sorted by path; a single file is its only part.

    Of a folder these are the tables directly in it, without hidden files and such as ``_SUCCESS``.

    Raises:
        CatalogError: There are none, or too many.
    """
    if source.is_dir():
        files: Iterator[Path] = (p for p in source.iterdir() if p.name.endswith(TABLE_ENDINGS))
    elif is_pattern(source):
        files = map(Path, glob.iglob(str(source), recursive=True))  # noqa: PTH207 (absolute ones)
    else:
        return [source]
    parts = sorted(p for p in files if p.is_file() and not p.name.startswith((".", "_")))
    if not parts:
        subject = f"The folder {source} has" if source.is_dir() else f"{source} stands for"
        raise CatalogError(
            f"{subject} no file with products: {', '.join(TABLE_ENDINGS)}. Name a file, a folder "
            "of parts, or a pattern such as 'feed/*.parquet'."
        )
    if len(parts) > MOST_PARTS:
        raise CatalogError(
            f"The feed has {len(parts):,} parts; at most {MOST_PARTS:,} are read. Join some."
        )
    return parts


def is_there(source: Path) -> bool:
    """Tell whether a source is a file, a folder, or a pattern that stands for a file."""
    if is_pattern(source):
        return bool(glob.glob(str(source), recursive=True))  # noqa: PTH207 (absolute ones)
    return source.exists()


def folder_of(source: Path) -> Path:
    """Return the folder that photos are relative to: that of the file, or of the parts."""
    if source.is_dir():
        return source
    if not is_pattern(source):
        return source.parent
    return next(folder for folder in source.parents if not glob.has_magic(str(folder)))


def joined(source: Path, tables: Sequence[Table]) -> Table:
    """Return one table of all parts: their columns, and their rows in order, numbered through.

    A part that lacks a column has no cells of it.
    """
    first = tables[0]
    if len(tables) == 1:
        return first
    columns = tuple(dict.fromkeys(name for table in tables for name in table.columns))
    formats = dict.fromkeys(table.understood for table in tables)
    notes = [note for table in tables for note in table.notes]
    return replace(
        first,
        path=source,
        format=f"{len(tables)} files ({'; '.join(formats)})",
        encoding="",
        delimiter="",
        packed=False,
        columns=columns,
        notes=tuple(dict.fromkeys(notes)),
        parts=tuple(tables),
        _open=lambda: Content(first.format, columns, _rows(tables)),
    )


def places(table: Table) -> tuple[str, ...]:
    """Say which rows of a feed are in which part; empty for a single file.

    Raises:
        CatalogError: A part is damaged.
    """
    if not table.parts:
        return ()
    number, lines = 1, []
    for part in table.parts[:_NAMED]:
        rows = part.count()
        lines.append(f"{part.path.name}: rows {number:,} to {number + rows - 1:,}")
        number += rows
    rest = len(table.parts) - _NAMED
    more = f"; and {counted(rest, 'more part')}" if rest > 0 else ""
    return ("; ".join(lines) + more + ".",)


def _rows(tables: Sequence[Table]) -> Iterator[TableRow]:
    before = 0
    for table in tables:
        number = 0
        for row in table.rows():
            number = row.number
            yield replace(row, number=before + number)
        before += number
