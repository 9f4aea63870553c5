"""Lists of results as files: CSV, Excel with thumbnails, JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from core.base.csv_cells import cell
from core.domain.result_list import ResultList, ResultRow
from core.errors import QueryError

#: Ending of the file → its name for people.
FORMATS = {"csv": "CSV", "xlsx": "Excel", "json": "JSON"}

#: Gives the file of an item's thumbnail; ``None`` where it has no photo.
Thumbnail = Callable[[ResultRow], Path | None]

#: Longest text of a spreadsheet's cell, and longest address of a link.
_LONGEST_CELL, _LONGEST_LINK = 32_767, 2_000
#: Height and width of a thumbnail's cell, pixels.
_PIXELS = 80


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its heading, its width in characters, its value in a row, is it an address."""

    name: str
    width: int
    value: Callable[[ResultRow], object]
    link: bool = False


_COLUMNS = (
    _Column("engine", 10, lambda row: row.engine),
    _Column("rank", 6, lambda row: row.rank or None),
    _Column("item_id", 16, lambda row: row.item.item_id),
    _Column("title", 44, lambda row: row.item.title),
    _Column("product_type", 18, lambda row: row.item.product_type),
    _Column("department", 16, lambda row: row.item.department),
    _Column("price", 12, lambda row: row.item.price),
    _Column("score", 9, lambda row: row.score),
    _Column("cosine", 9, lambda row: row.cosine),
    _Column("why", 28, lambda row: "; ".join(row.reasons)),
    _Column("rewritten", 36, lambda row: row.rewrite),
    _Column("near_duplicates", 18, lambda row: ", ".join(row.duplicates)),
    _Column("variants", 9, lambda row: len(row.item.variants) or None),
    _Column("product_link", 32, lambda row: row.item.url, link=True),
    _Column("studio_link", 32, lambda row: row.page, link=True),
    _Column("photo", 32, lambda row: row.photo, link=True),
)


def format_of(name: str) -> str:
    """Return the format that a file's ending says: ``csv``, ``xlsx`` or ``json``.

    Raises:
        QueryError: It says none of them.
    """
    ending = Path(name).suffix.lower().lstrip(".")
    if ending not in FORMATS:
        raise QueryError(
            f"A list of results is written as .csv, .xlsx or .json; “{name[-60:]}” is none of them."
        )
    return ending


def result_file(results: ResultList, format: str, thumbnail: Thumbnail) -> bytes:
    """Return the content of a file.

    Args:
        results: The list.
        format: ``csv``, ``xlsx`` or ``json``.
        thumbnail: Gives the pictures of the Excel file; those that can't be read are left out.

    Raises:
        QueryError: There is no such format.
    """
    match format:
        case "csv":
            return csv_bytes(results)
        case "json":
            return json_bytes(results)
        case "xlsx":
            return xlsx_bytes(results, thumbnail)
    raise QueryError("A list of results is written as csv, xlsx or json.")


def csv_bytes(results: ResultList) -> bytes:
    """Return UTF-8 with a mark that Excel needs; each row says what was asked."""
    about = [results.catalog, results.sentence, results.link, results.made]
    text = io.StringIO()
    writer = csv.writer(text)
    names = [column.name for column in _COLUMNS]
    writer.writerow([*names, "fingerprint", "catalog", "query", "list_link", "made"])
    for row in results.rows:
        values = [*(column.value(row) for column in _COLUMNS), row.fingerprint, *about]
        writer.writerow([cell(value) for value in values])
    return text.getvalue().encode("utf-8-sig")


def json_bytes(results: ResultList) -> bytes:
    """Return an object with the query and one object per result; values are as they are."""
    content = {
        **_about(results),
        "query": dict(results.query),
        "results": [_fields(row) for row in results.rows],
    }
    return json.dumps(content, ensure_ascii=False, indent=2).encode()


def _about(results: ResultList) -> dict[str, object]:
    return {"catalog": results.catalog, "link": results.link, "made": results.made}


def _fields(row: ResultRow) -> dict[str, object]:
    item = row.item
    plain = {column.name: column.value(row) for column in _COLUMNS}
    return plain | {
        "why": list(row.reasons),
        "near_duplicates": list(row.duplicates),
        "variants": [
            {"item_id": v.item_id, "options": dict(v.options), "price": v.price}
            for v in item.variants
        ],
        "group": item.group,
        "attributes": dict(item.attributes),
        "fingerprint": row.fingerprint,
    }


def xlsx_bytes(results: ResultList, thumbnail: Thumbnail) -> bytes:
    """Return an Excel workbook: the results with thumbnails, and a sheet with the query.

    Every text is written as text, so none can run as a formula.
    """
    import xlsxwriter  # imported when it is needed: most sessions write no workbook

    content = io.BytesIO()
    no_guesses = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, no_guesses) as book:
        sheet, bold = book.add_worksheet("Results"), book.add_format({"bold": True})
        middle = book.add_format({"valign": "vcenter", "text_wrap": True})
        sheet.freeze_panes(1, 0)
        sheet.set_column_pixels(0, 0, _PIXELS + 10)
        sheet.write_string(0, 0, "picture", bold)
        for place, column in enumerate(_COLUMNS, start=1):
            sheet.set_column(place, place, column.width)
            sheet.write_string(0, place, column.name, bold)
        for line, row in enumerate(results.rows, start=1):
            sheet.set_row_pixels(line, _PIXELS + 8)
            if picture := thumbnail(row):
                _put_picture(sheet, line, picture, row.item.title)
            for place, column in enumerate(_COLUMNS, start=1):
                _put(sheet, line, place, column.value(row), middle, link=column.link)
        _about_sheet(book.add_worksheet("Query"), results, bold)
    return content.getvalue()


def _about_sheet(sheet: Any, results: ResultList, bold: Any) -> None:
    engines = dict.fromkeys((row.engine, row.fingerprint) for row in results.rows if row.engine)
    lines: Iterable[tuple[str, object]] = [
        *_about(results).items(),
        *((f"asked: {name}", str(value)) for name, value in results.query.items()),
        *((f"fingerprint of {name}", fingerprint) for name, fingerprint in engines),
    ]
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 90)
    for line, (name, value) in enumerate(lines):
        sheet.write_string(line, 0, name, bold)
        _put(sheet, line, 1, value, None, link=name == "link")


def _put(
    sheet: Any, line: int, place: int, value: object, style: Any, *, link: bool = False
) -> None:
    if value is None or value == "":
        sheet.write_blank(line, place, None, style)
    elif isinstance(value, (int, float)):
        sheet.write_number(line, place, value, style)
    else:
        text = str(value)[:_LONGEST_CELL]
        is_link = text.startswith(("http://", "https://")) and len(text) <= _LONGEST_LINK
        if not (link and is_link) or sheet.write_url(line, place, text, string=text) < 0:
            sheet.write_string(line, place, text, style)


def _put_picture(sheet: Any, line: int, path: Path, title: str) -> None:
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content)) as picture:
            scale = _PIXELS / max(picture.size)
    except (OSError, ValueError):
        return  # the row says more than its picture
    sheet.insert_image(
        line, 0, path.name,
        {"image_data": io.BytesIO(content), "x_scale": scale, "y_scale": scale, "x_offset": 4,
         "y_offset": 4, "object_position": 1, "description": title[:200]},
    )  # fmt: skip
