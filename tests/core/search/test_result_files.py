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
from core.search import result_files
from core.search.result_files import csv_bytes, format_of, json_bytes, result_file, xlsx_bytes

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
    """Return every cell as (kind, value), and whether a formula is in it."""
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


NAMES = [
    "engine", "rank", "item_id", "title", "product_type", "department", "price", "score", "cosine",
    "why", "rewritten", "near_duplicates", "variants", "product_link", "studio_link", "photo",
]  # fmt: skip
FULL = ResultRow(
    Item("i", "Tasse", PHOTO, product_type="mug", department="home", price="5 €", group="g",
         url="https://shop.example/i", attributes={"colour": "grün"},
         variants=(Variant("v", {"Size": "M"}, "9"), Variant("w"))),
    "clip", "f", 3, 0.5, 0.25, ("a", "b"), "a green mug", ("x", "y"), "https://studio.example/i",
    "https://studio.example/p.jpg",
)  # fmt: skip
BARE = ResultRow(Item("j", "Bare", PHOTO))
VALUES = [
    "clip", 3, "i", "Tasse", "mug", "home", "5 €", 0.5, 0.25, "a; b", "a green mug", "x, y", 2,
    "https://shop.example/i", "https://studio.example/i", "https://studio.example/p.jpg",
]  # fmt: skip


def none(row: ResultRow) -> Path:
    return Path("none")


def test_a_csv_has_every_column_of_a_row_and_of_the_query() -> None:
    content = csv_bytes(results(FULL, BARE))
    assert content.startswith("\ufeff".encode())
    head, full, bare = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    about = ["shop", "words: @cup; department: home, garden",
             "https://studio.example/explore?q=cup", "2026-11-28"]  # fmt: skip
    assert head == [*NAMES, "fingerprint", "catalog", "query", "list_link", "made"]
    assert full == [*map(str, VALUES), "f", *about]
    assert bare == ["", "", "j", "Bare", *[""] * 12, "", *about]


def test_json_has_lists_where_a_table_has_texts() -> None:
    content = json_bytes(results(FULL, BARE))
    assert "grün".encode() in content
    assert content.startswith(b'{\n  "catalog": "shop"')
    read = json.loads(content)
    assert {name: read[name] for name in ("catalog", "link", "made")} == {
        "catalog": "shop", "link": "https://studio.example/explore?q=cup", "made": "2026-11-28"
    }  # fmt: skip
    full, bare = read["results"]
    assert full == dict(zip(NAMES, VALUES, strict=True)) | {
        "why": ["a", "b"], "near_duplicates": ["x", "y"], "group": "g", "fingerprint": "f",
        "variants": [{"item_id": "v", "options": {"Size": "M"}, "price": "9"},
                     {"item_id": "w", "options": {}, "price": ""}],
        "attributes": {"colour": "grün"},
    }  # fmt: skip
    assert (bare["rank"], bare["score"], bare["variants"]) == (None, None, [])


@pytest.mark.parametrize("format", ["csv", "json", "xlsx"])
def test_each_format_is_made_by_its_name(format: str) -> None:
    content = result_file(results(FULL), format, none)
    start = {"csv": b"\xef\xbb\xbf", "json": b"{", "xlsx": b"PK"}
    assert content.startswith(start[format])
    with pytest.raises(QueryError, match="csv, xlsx or json"):
        result_file(results(FULL), "CSV", none)


@pytest.mark.parametrize(("name", "format"), [("a.CSV", "csv"), ("b.c.json", "json")])
def test_the_last_ending_decides(name: str, format: str) -> None:
    assert format_of(name) == format


def test_the_sentence_about_another_kind_shows_the_end_of_a_long_name() -> None:
    with pytest.raises(QueryError) as caught:
        format_of("x" * 90 + ".pdf")
    assert f"“{'x' * 56}.pdf”" in str(caught.value)
    with pytest.raises(QueryError):
        format_of("csv")


def part(content: bytes, name: str) -> str:
    return zipfile.ZipFile(io.BytesIO(content)).read(name).decode()


def test_a_workbook_s_rows_have_numbers_and_texts_and_blanks() -> None:
    head, full, bare = cells(xlsx_bytes(results(FULL, BARE), none))
    assert head == [("s", name) for name in ["picture", *NAMES]]
    assert full == [
        ("" if isinstance(value, (int, float)) else "s", str(value)) for value in VALUES
    ]
    assert [entry for entry in bare if entry != ("", "")] == [("s", "j"), ("s", "Bare")]
    assert len(bare) == len(NAMES)
    about = cells(xlsx_bytes(results(FULL, BARE), none), 2)
    assert [[value for _, value in line] for line in about] == [
        ["catalog", "shop"], ["link", "https://studio.example/explore?q=cup"],
        ["made", "2026-11-28"], ["asked: words", "@cup"],
        ["asked: department", "['home', 'garden']"], ["fingerprint of clip", "f"],
    ]  # fmt: skip


def test_links_of_a_workbook_are_those_of_the_link_columns() -> None:
    content = xlsx_bytes(results(FULL, BARE), none)
    rels = part(content, "xl/worksheets/_rels/sheet1.xml.rels")
    assert rels.count("Target=") == 3
    for link in ("https://shop.example/i", "https://studio.example/i"):
        assert f'Target="{link}"' in rels
    sheet = part(content, "xl/worksheets/sheet1.xml")
    assert [ref in sheet for ref in ('ref="O2"', 'ref="P2"', 'ref="Q2"')] == [True] * 3
    assert "explore?q=cup" in part(content, "xl/worksheets/_rels/sheet2.xml.rels")


@pytest.mark.parametrize(
    ("address", "linked"),
    [("http://x.example/1", True), ("ftp://x.example", False), ("javascript:alert(1)", False),
     ("https://x.example/" + "a" * 1982, True), ("https://x.example/" + "a" * 1983, False)],
)  # fmt: skip
def test_only_a_web_address_of_a_sane_length_is_a_link(address: str, linked: bool) -> None:
    item = Item("i", "x", PHOTO, url=address)
    content = xlsx_bytes(results(ResultRow(item)), none)
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert ("xl/worksheets/_rels/sheet1.xml.rels" in names) == linked
    assert ("s", address) in cells(content)[1]


def test_a_text_is_cut_to_what_a_cell_can_hold() -> None:
    content = xlsx_bytes(results(ResultRow(Item("i", "x" * 40_000, PHOTO))), none)
    assert ("s", "x" * 32_767) in cells(content)[1]


def test_a_workbook_s_layout(tmp_path: Path) -> None:
    picture = tmp_path / "cup.jpg"
    Image.new("RGB", (160, 40), "red").save(picture)
    content = xlsx_bytes(results(FULL, row("x" * 300)), lambda _: picture)
    sheet, other = (part(content, f"xl/worksheets/sheet{n}.xml") for n in (1, 2))
    assert '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>' in sheet
    columns = [
        width
        for entry in ET.fromstring(sheet).iter(f"{{{NS['m']}}}col")
        for width in [round(float(entry.get("width", 0)))]
        * (int(entry.get("max", 0)) - int(entry.get("min", 0)) + 1)
    ]
    widths = [12, 11, 7, 17, 45, 19, 17, 13, 10, 10, 29, 37, 19, 10, 33, 33, 33]
    assert columns == pytest.approx(widths, abs=1)
    heights = [entry.get("ht") for entry in ET.fromstring(sheet).iter(f"{{{NS['m']}}}row")]
    assert heights == [None, "66", "66"]  # points: 88 pixels
    assert [round(float(entry.get("width", 0))) for entry in
            ET.fromstring(other).iter(f"{{{NS['m']}}}col")] == [27, 91]  # fmt: skip
    book = part(content, "xl/workbook.xml")
    assert book.index('name="Results"') < book.index('name="Query"')
    drawing = part(content, "xl/drawings/drawing1.xml")
    assert 'descr="Tasse"' in drawing
    assert f'descr="{"x" * 200}"' in drawing
    assert drawing.count("<xdr:from><xdr:col>0</xdr:col><xdr:colOff>38100</xdr:colOff>") == 2
    assert drawing.count("<xdr:rowOff>38100</xdr:rowOff></xdr:from>") == 2
    assert drawing.count('editAs="') == 0  # moves and sizes with its cell
    # 80 pixels wide, 20 high, from 4 pixels on
    assert drawing.count("<xdr:colOff>800100</xdr:colOff><xdr:row>1</xdr:row>") == 1
    styles = part(content, "xl/styles.xml")
    assert '<alignment vertical="center" wrapText="1"/>' in styles
    assert "<b/>" in styles


def test_a_picture_may_lie_anywhere_and_need_not_be_one(tmp_path: Path) -> None:
    asked: list[str] = []
    content = xlsx_bytes(
        results(FULL, BARE), lambda row: asked.append(row.item.item_id) or tmp_path
    )
    assert asked == ["i", "j"]
    assert len(cells(content)) == 3


class Sheet:
    """Notes what is written to a sheet."""

    def __init__(self) -> None:
        self.written: list[tuple[object, ...]] = []
        self.options: dict[str, object] = {}

    def write_number(self, *given: object) -> None:
        self.written.append(given)

    def insert_image(self, line: int, place: int, name: str, options: dict[str, object]) -> None:
        self.options = options


def test_a_thumbnail_keeps_its_shape(tmp_path: Path) -> None:
    picture, sheet = tmp_path / "a.jpg", Sheet()
    Image.new("RGB", (32, 16)).save(picture)
    result_files._put_picture(sheet, 1, picture, "Cup")
    assert sheet.options["x_scale"] == sheet.options["y_scale"]


def test_a_number_has_the_style_of_its_column() -> None:
    sheet = Sheet()
    result_files._put(sheet, 1, 2, 0.5, "two digits")
    assert sheet.written == [(1, 2, 0.5, "two digits")]


def test_what_is_said_about_a_list_stands_beside_its_name() -> None:
    book = zipfile.ZipFile(io.BytesIO(xlsx_bytes(results(row("Cup")), lambda _: Path("none"))))
    tree = ET.fromstring(book.read("xl/worksheets/sheet2.xml"))
    places = {entry.get("r", "")[0] for entry in tree.iter(f"{{{NS['m']}}}c")}
    assert places == {"A", "B"}
