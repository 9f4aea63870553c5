"""Lists of results as files: what stands in them, and that no text runs as a formula."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from core.domain import Item, Photo, Variant
from core.domain.result_list import ResultList, ResultRow
from core.errors import QueryError
from core.search.result_files import csv_bytes, format_of, json_bytes, xlsx_bytes

NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
PHOTO = Photo("a" * 64, 10, 10, "0" * 16)
EVIL = '=HYPERLINK("http://x.example","click")'


def row(title: str, **more: object) -> ResultRow:
    item = Item(
        "-1", title, PHOTO, price="+9,90 €", url="https://shop.example/1",
        variants=(Variant("v1", {"Size": "M"}, "9,90 €"),),
    )  # fmt: skip
    return ResultRow(
        item, "clip", "f" * 64, 1, 0.5, 0.25, ("words: cup",), duplicates=("b", "c"),
        photo="https://studio.example/p.jpg", **more,
    )  # fmt: skip


def results(*rows: ResultRow) -> ResultList:
    query = {"words": "@cup", "department": ["home", "garden"]}
    return ResultList("shop", query, rows, "https://studio.example/explore?q=cup", "2026-11-28")


def cells(content: bytes, sheet: int = 1) -> list[list[tuple[str, str]]]:
    """Every cell as (kind, value), and whether a formula is in it."""
    book = zipfile.ZipFile(io.BytesIO(content))
    texts = [
        "".join(part.text or "" for part in entry.iter(f"{{{NS['m']}}}t"))
        for entry in ET.fromstring(book.read("xl/sharedStrings.xml")).findall("m:si", NS)
    ]
    tree = ET.fromstring(book.read(f"xl/worksheets/sheet{sheet}.xml"))
    assert tree.findall(".//m:f", NS) == []
    return [
        [
            (kind := entry.get("t", ""),
             texts[int(entry.findtext("m:v", "0", NS))] if kind == "s"
             else entry.findtext("m:v", "", NS))
            for entry in line.findall("m:c", NS)
        ]
        for line in tree.findall(".//m:row", NS)
    ]  # fmt: skip


def test_csv_names_what_was_asked_and_where_everything_is() -> None:
    read = list(csv.DictReader(io.StringIO(csv_bytes(results(row("Cup"))).decode("utf-8-sig"))))
    assert len(read) == 1
    assert read[0]["title"] == "Cup"
    assert read[0]["rank"] == "1"
    assert read[0]["score"] == "0.5"
    assert read[0]["engine"] == "clip"
    assert read[0]["catalog"] == "shop"
    assert read[0]["product_link"] == "https://shop.example/1"
    assert read[0]["photo"] == "https://studio.example/p.jpg"
    assert read[0]["near_duplicates"] == "b, c"
    assert read[0]["query"] == "words: @cup; department: home, garden"


@pytest.mark.parametrize("title", [EVIL, "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "'=1"])
def test_no_text_of_a_listing_is_a_formula(title: str) -> None:
    read = list(csv.DictReader(io.StringIO(csv_bytes(results(row(title))).decode("utf-8-sig"))))
    assert read[0]["title"] == "'" + title
    assert read[0]["item_id"] == "'-1"
    assert read[0]["price"] == "'+9,90 €"
    line = cells(xlsx_bytes(results(row(title)), lambda _: Path("none")))[1]
    assert ("s", title) in line


def test_the_query_is_no_formula_either() -> None:
    asked = ResultList("shop", {"=cmd|' /C calc'!A0": "=1"}, (row("Cup"),))
    assert "\r\n=" not in csv_bytes(asked).decode()
    assert ",=" not in csv_bytes(asked).decode()
    cells(xlsx_bytes(asked, lambda _: Path("none")), sheet=2)


def test_excel_has_numbers_links_and_thumbnails(tmp_path: Path) -> None:
    picture = tmp_path / "a.jpg"
    Image.new("RGB", (32, 16), "red").save(picture)
    content = xlsx_bytes(results(row("Cup"), row("Mug")), lambda _: picture)
    head, line, *_ = cells(content)
    assert [value for _, value in head][:5] == ["picture", "engine", "rank", "item_id", "title"]
    assert ("", "1") in line
    assert ("", "0.25") in line
    book = zipfile.ZipFile(io.BytesIO(content))
    assert any(name.startswith("xl/media/image") for name in book.namelist())
    rels = book.read("xl/worksheets/_rels/sheet1.xml.rels").decode()
    assert "https://shop.example/1" in rels
    about = dict(zip(*[iter(value for line in cells(content, 2) for _, value in line)] * 2,
                     strict=True))  # fmt: skip
    assert about["asked: words"] == "@cup"
    assert about["catalog"] == "shop"


def test_a_title_that_is_an_address_is_no_link() -> None:
    content = xlsx_bytes(results(row("https://evil.example/x")), lambda _: Path("none"))
    rels = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/_rels/sheet1.xml.rels")
    assert b"evil" not in rels


def test_a_damaged_thumbnail_leaves_its_row(tmp_path: Path) -> None:
    broken = tmp_path / "a.jpg"
    broken.write_bytes(b"no picture")
    assert len(cells(xlsx_bytes(results(row("Cup")), lambda _: broken))) == 2


def test_json_keeps_everything_as_it_is() -> None:
    read = json.loads(json_bytes(results(row(EVIL))))
    assert read["query"] == {"words": "@cup", "department": ["home", "garden"]}
    (only,) = read["results"]
    assert only["title"] == EVIL
    assert only["near_duplicates"] == ["b", "c"]
    assert only["variants"] == [{"item_id": "v1", "options": {"Size": "M"}, "price": "9,90 €"}]
    assert only["fingerprint"] == "f" * 64


def test_an_empty_list_is_a_file_too() -> None:
    assert len(csv_bytes(results()).decode().splitlines()) == 1
    assert json.loads(json_bytes(results()))["results"] == []
    assert len(cells(xlsx_bytes(results(), lambda _: Path("none")))) == 1


def test_a_file_of_another_kind_is_refused_in_a_sentence() -> None:
    assert format_of("List.XLSX") == "xlsx"
    with pytest.raises(QueryError, match=r"\.csv, \.xlsx or \.json"):
        format_of("list.pdf")
