"""Excel workbooks that were made to fill the memory or to end the process: a sentence each."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from core.base.tables import open_table, workbook
from core.errors import CatalogError, StudioError

_SHEET = "xl/worksheets/sheet1.xml"
_TEXTS = "xl/sharedStrings.xml"
_SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def made(path: Path, **changed: str) -> Path:
    """Make a sound workbook of two rows, with other content in some of its parts."""
    held = io.BytesIO()
    with xlsxwriter.Workbook(held) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["id", "title"])
        sheet.write_row(1, 0, ["1", "chair"])
    with zipfile.ZipFile(held) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, changed.get(name, old.read(name).decode()))
    return path


def sheet(rows: str) -> dict[str, str]:
    return {_SHEET: f"<worksheet {_SPACE}><sheetData>{rows}</sheetData></worksheet>"}


def cell(place: str) -> str:
    return f'<c r="{place}"><v>1</v></c>'


def many_sheets(count: int) -> dict[str, str]:
    """Sheets that are all one part, of two million cells, two of which are written."""
    entries = "".join(f'<sheet name="s{n}" sheetId="{n + 1}" r:id="rId1"/>' for n in range(count))
    space = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    book = f"<workbook {_SPACE} {space}><sheets>{entries}</sheets></workbook>"
    return {"xl/workbook.xml": book, **sheet(row(1, "A1") + row(200_000, "J200000"))}


def row(number: int, *places: str) -> str:
    return f'<row r="{number}">{"".join(map(cell, places))}</row>'


HOSTILE = {
    "corners": sheet(row(1, "A1") + row(1_048_576, "XFD1048576")),
    "wide and long": sheet(row(1, "A1", "XFD1") + row(9_000, "A9000")),
    "far away": sheet(row(1, "A1") + row(2, "A4294967295")),
    "without places": sheet(
        f"<row>{'<c><v>1</v></c>' * 9000}</row>" + "<row><c><v>1</v></c></row>" * 9000
    ),
    "one text in many cells": {
        _TEXTS: f"<sst {_SPACE}><si><t>{'a' * 2**20}</t></si></sst>",
        **sheet("<row>" + '<c t="s"><v>0</v></c>' * 1000 + "</row>"),
    },
    "many sheets": many_sheets(300),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_workbook_that_would_fill_the_memory_is_refused(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "_MOST_MEMORY", 600 * 2**20)
    path = made(tmp_path / "items.xlsx", **HOSTILE[kind])
    assert path.stat().st_size < 100_000
    with pytest.raises(CatalogError, match="too large for an Excel workbook"):
        open_table(path, CatalogError)


def test_rows_keep_their_number_in_the_sheet(tmp_path: Path) -> None:
    path = tmp_path / "items.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Empty")
        page = book.add_worksheet("Items")
        page.write_row(2, 1, ["id", "title", "price"])
        page.write_row(3, 1, [1, "chair\nof oak", 9.5])
        page.write_row(6, 1, ["b", '"lamp"'])
        book.add_worksheet("Notes").write_row(0, 0, ["one", "row"])
    table = open_table(path, CatalogError)
    assert table.columns == ("id", "title", "price")
    rows = [(row.number, row.line, list(row.cells.values())) for row in table.rows()]
    assert rows == [(1, 4, [1, "chair\nof oak", 9.5]), (2, 7, ["b", '"lamp"', ""])]


_PIECES = st.sampled_from([
    "<row>", "</row>", '<row r="0">', '<row r="-1">', "<c>", "</c>", '<c r="A0">', '<c r="1A">',
    '<c r="ZZZZ9">', '<c t="s">', '<c t="d">', '<c t="e">', '<c t="b">', '<c s="99">', "<v>9</v>",
    "<v>-1</v>", "<v>1e999</v>", "<v>2026-13-45</v>", "<v/>", "<is><t>x</t></is>", "<f>=1</f>",
    "&x;", "<![CDATA[", "<!--", '<mergeCell ref="A1:B"/>', "\0", "é",
])  # fmt: skip


@settings(max_examples=8)
@given(pieces=st.lists(_PIECES, min_size=1, max_size=20))
def test_a_damaged_sheet_is_rows_or_a_sentence(tmp_path: Path, pieces: list[str]) -> None:
    path = made(tmp_path / "items.xlsx", **sheet(row(1, "A1", "B1") + "".join(pieces)))
    said = ""
    try:
        assert all(isinstance(row.number, int) for row in open_table(path).rows())
    except StudioError as error:
        said = str(error)
    assert not said or (said.endswith(".") and "panicked" not in said)
