"""Excel workbooks (.xlsx): the sheet that looks like a table, read with `python-calamine`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from core.base.tables.header import NameScore, header_rows
from core.base.tables.table_rows import BadTable, Content, TableRow, column_names

#: Most bytes that a workbook may unpack to; it is read into memory.
_MOST_UNPACKED = 512 * 2**20
#: Most times its own size that a workbook of more than 32 MB unpacked may unpack to.
_MOST_TIMES = 200
_ALWAYS_UNPACKED = 32 * 2**20
#: Number of filled rows that are searched for the column names.
_HEAD = 20
#: Most bytes of memory for reading a workbook.
_MOST_MEMORY = 3 * 2**30
#: Longest time for reading a workbook, seconds.
_PATIENCE = 300
_SAVE_AS = "Save it as CSV (in Excel: Save as, “CSV UTF-8”)."
_UNSOUND = "is not a sound Excel workbook (.xlsx), or is locked with a password"
_TOO_LARGE = f"is too large for an Excel workbook that is read here. {_SAVE_AS}"

Row = tuple[int, list[object]]


@dataclass(slots=True)
class _Sheet:
    """A sheet among the rows that were read: its name, where it begins, its first filled rows."""

    name: str
    start: int
    head: list[Row] = field(default_factory=list)


def read_workbook(path: Path, score: NameScore | None = None) -> Content:
    """Open a workbook: the sheet with the most known column names, else the first with two rows.

    Args:
        path: The file.
        score: Counts known names in a row.

    Raises:
        BadTable: It is damaged, locked with a password, too large, or has no rows.
    """
    _check_size(path)
    file = _read_apart(path)
    filled = [sheet for sheet in _sheets(file) if len(sheet.head) > 1]
    if not filled:
        raise BadTable("holds no sheet with column names and rows below them.")

    def columns_named(sheet: _Sheet) -> int:
        return max(score(_texts(row)) for _, row in sheet.head) if score else 0

    sheet = max(filled, key=columns_named)
    heads = [_texts(row) for _, row in sheet.head]
    best, below = header_rows(heads, score) if score else (0, 1)
    header = heads[best]
    while len(header) > 1 and not header[-1]:
        header.pop()
    names, notes = column_names(header)
    if len(filled) > 1:
        notes = (f"The rows are those of the sheet “{sheet.name[:60]}”.", *notes)
    return Content("Excel", tuple(names), _rows(file, sheet, below, names), notes=notes)


def _read_apart(path: Path) -> IO[bytes]:
    """Return the rows of all sheets, as a process of its own has written them.

    Raises:
        BadTable: It ended without all of them.
    """
    reader = Path(__file__).with_name("workbook_reader.py")
    file = tempfile.TemporaryFile()  # noqa: SIM115 (its rows are read later)
    try:
        done = subprocess.run(
            [sys.executable, "-P", str(reader), str(path.resolve()), str(_MOST_MEMORY)],
            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.PIPE, timeout=_PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise BadTable(_TOO_LARGE) from None
    if done.returncode:
        *_, why = done.stderr.decode("utf-8", "replace").strip().splitlines() or [""]
        if done.returncode < 0 or why in ("MemoryError", "[Errno 27] File too large"):
            raise BadTable(_TOO_LARGE)
        raise BadTable(f"{_UNSOUND}: {why[:120]}. {_SAVE_AS}")
    return file


def _sheets(file: IO[bytes]) -> list[_Sheet]:
    """Return all sheets with their first filled rows."""
    sheets: list[_Sheet] = []
    file.seek(0)
    while line := file.readline():
        if line.startswith(b'"'):
            sheets.append(_Sheet(json.loads(line), file.tell()))
        elif len(sheets[-1].head) < _HEAD:
            sheets[-1].head.append(_row(line))
    return sheets


def _rows(file: IO[bytes], sheet: _Sheet, below: int, names: list[str]) -> Iterator[TableRow]:
    with file:
        file.seek(sheet.start)
        for number, line in enumerate(file, 1 - below):
            if line.startswith(b'"'):  # the next sheet
                return
            if number > 0:
                at, cells = _row(line)
                cells = cells[: len(names)] + [""] * (len(names) - len(cells))
                yield TableRow(number, at, dict(zip(names, cells, strict=True)))


def _row(line: bytes) -> Row:
    at, *cells = json.loads(line)
    return at, cells


def _texts(row: list[object]) -> list[str]:
    return [str(cell).strip() for cell in row]


def _check_size(path: Path) -> None:
    """Refuse a workbook that would fill the memory.

    Raises:
        BadTable
    """
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
    except (zipfile.BadZipFile, OSError, ValueError):
        raise BadTable(f"is not a sound Excel workbook (.xlsx). {_SAVE_AS}") from None
    too_much = size > _ALWAYS_UNPACKED and size > _MOST_TIMES * path.stat().st_size
    if size > _MOST_UNPACKED or too_much:
        raise BadTable(_TOO_LARGE)
