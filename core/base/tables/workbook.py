"""Excel workbooks (.xlsx): the sheet that looks like a table, read with `python-calamine`."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, ZipError

from core.base.tables.header import NameScore, header_rows
from core.base.tables.table_rows import BadTable, Content, TableRow, column_names

#: Most bytes that a workbook may unpack to; it is read into memory.
_MOST_UNPACKED = 512 * 2**20
#: Most times its own size that a workbook of more than 32 MB unpacked may unpack to.
_MOST_TIMES = 200
_ALWAYS_UNPACKED = 32 * 2**20
#: Number of rows that are searched for the column names.
_HEAD = 20
_SAVE_AS = "Save it as CSV (in Excel: Save as, “CSV UTF-8”)."

Cell = object
Sheet = tuple[str, list[list[Cell]]]


def read_workbook(path: Path, score: NameScore | None = None) -> Content:
    """Open a workbook: the sheet with the most known column names, else the first with two rows.

    Args:
        path: The file.
        score: Counts known names in a row.

    Raises:
        BadTable: It is damaged, locked with a password, too large, or has no rows.
    """
    _check_size(path)
    name, rows, count = _sheet(path, score)
    best, below = header_rows([_texts(row) for row in rows[:_HEAD]], score) if score else (0, 1)
    header = _texts(rows[best])
    while len(header) > 1 and not header[-1]:
        header.pop()
    names, notes = column_names(header)
    if count > 1:
        notes = (f"The rows are those of the sheet “{name[:60]}”.", *notes)
    return Content("Excel", tuple(names), _rows(rows, below, names), notes=notes)


def _sheet(path: Path, score: NameScore | None) -> tuple[str, list[list[Cell]], int]:
    try:
        with CalamineWorkbook.from_path(path) as book:
            sheets: list[Sheet] = [
                (name, [list(row) for row in book.get_sheet_by_name(name).to_python(False)])
                for name in book.sheet_names
            ]
    except (CalamineError, ZipError, OSError, ValueError) as error:
        lines = str(error).splitlines()
        raise BadTable(
            "is not a sound Excel workbook (.xlsx), or is locked with a password: "
            f"{lines[0][:120] if lines else type(error).__name__}. {_SAVE_AS}"
        ) from None
    filled = [sheet for sheet in sheets if sum(map(_is_filled, sheet[1])) > 1]
    if not filled:
        raise BadTable("holds no sheet with column names and rows below them.")

    def columns_named(sheet: Sheet) -> int:
        return max(map(score, map(_texts, sheet[1][:_HEAD]))) if score else 0

    name, rows = max(filled, key=columns_named)
    start = next(at for at, row in enumerate(rows) if _is_filled(row))
    return name, rows[start:], len(filled)


def _rows(rows: Sequence[Sequence[Cell]], below: int, names: Sequence[str]) -> Iterator[TableRow]:
    number = 0
    for at, row in enumerate(rows[below:], below + 1):
        if not _is_filled(row):
            continue
        number += 1
        cells = [_plain(cell) for cell in row[: len(names)]]
        cells += [""] * (len(names) - len(cells))
        yield TableRow(number, at, dict(zip(names, cells, strict=True)))


def _is_filled(row: Sequence[Cell]) -> bool:
    return any(str(cell).strip() for cell in row)


def _texts(row: Sequence[Cell]) -> list[str]:
    return [str(_plain(cell)).strip() for cell in row]


def _plain(cell: Cell) -> Cell:
    """Return a cell as people see it: 1001.0 is 1001, a day has no midnight."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, (datetime, date, time, timedelta)):
        return str(cell)
    return cell


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
        raise BadTable(f"is too large for an Excel workbook that is read here. {_SAVE_AS}")
