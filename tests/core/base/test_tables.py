"""One reader of tables: formats, damage, limits. Encodings are in ``test_encodings.py``."""

from __future__ import annotations

import csv
import gzip
import json
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.base.tables import TableRow, open_lines, open_table
from core.errors import CatalogError, EvaluationError
from tests.work_and_memory import MOST_GROWTH, growth


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(path: Path) -> list[TableRow]:
    return list(open_table(path, CatalogError).rows())


def cells(path: Path) -> list[dict[str, object]]:
    return [row.cells for row in rows(path)]


# ── CSV ──────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_delimiters_are_seen(tmp_path, mark):
    path = write(tmp_path / "items.csv", f'id{mark}title\n1{mark}"a{mark}b"\n2{mark}c\n')
    table = open_table(path, CatalogError)
    assert (table.columns, table.delimiter) == (("id", "title"), mark)
    assert [(row.number, row.line) for row in table.rows()] == [(1, 2), (2, 3)]
    assert cells(path) == [{"id": "1", "title": f"a{mark}b"}, {"id": "2", "title": "c"}]
    assert table.count() == 2


def test_what_was_understood_is_said(tmp_path):
    text = "id;titel;preis\n1;Grüner Stuhl;1.299,00 €\n2;Sofa für draußen;9,50 €\n"
    table = open_table(write(tmp_path / "items.csv", text.encode("cp1252")))
    assert table.understood == "CSV with semicolons, Windows-1252"
    assert "“Grüner”" in table.notes[0]
    packed = write(tmp_path / "items.tsv.gz", gzip.compress(b"id\ttitle\n1\ta\n"))
    assert open_table(packed).understood == "CSV with tabs, UTF-8, unpacked with gzip"


def test_commas_in_numbers_do_not_beat_the_delimiter(tmp_path):
    path = write(tmp_path / "items.csv", "id;size, cm;price\n1;4,5;9,50\n2;3,5;8,00\n")
    assert open_table(path).columns == ("id", "size, cm", "price")


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_a_sep_line_is_no_header(tmp_path, first):
    path = write(tmp_path / "items.csv", f"{first}\r\nid;title\r\n1;a, b\r\n")
    assert cells(path) == [{"id": "1", "title": "a, b"}]


def test_a_sep_line_may_name_a_tab(tmp_path):
    assert cells(write(tmp_path / "a.csv", "sep=\t\nid\tb\n1\t2\n")) == [{"id": "1", "b": "2"}]


def test_blank_rows_and_empty_trailing_cells_are_no_defects(tmp_path):
    text = "id,title,image\n\n1,Red chair,a.jpg,\n2,Blue chair,b.jpg,,,\n" + ",,\n" * 30 + " , ,\n"
    path = write(tmp_path / "items.csv", text)
    assert [row.problem for row in rows(path)] == ["", ""]
    assert open_table(path).columns == ("id", "title", "image")


def test_long_cells_line_breaks_and_nul(tmp_path):
    long = "x" * 1_000_000
    text = (
        f'id,title\r\n1,{long}\r\n\r\n2,"a\r\nb\0"\r\n3\r\n4,"{long}, ""{long}""\r\n."\r\n5,z\r\n'
    )
    path = write(tmp_path / "items.csv", text)
    assert cells(path) == [
        {"id": "1", "title": long},
        {"id": "2", "title": "a\r\nb"},
        {"id": "3", "title": ""},
        {"id": "4", "title": f'{long}, "{long}"\r\n.'},
        {"id": "5", "title": "z"},
    ]


def test_the_csv_modules_own_limit_stays_as_it_is(tmp_path):
    before = csv.field_size_limit()
    path = write(tmp_path / "items.csv", f"id,title\n1,{'x' * 500_000}\n")
    with ThreadPoolExecutor(4) as pool:
        lengths = list(pool.map(lambda _: len(str(cells(path)[0]["title"])), range(8)))
    assert lengths == [500_000] * 8
    assert csv.field_size_limit() == before


def test_bad_rows_do_not_stop_the_rest(tmp_path):
    path = write(tmp_path / "items.csv", 'id,title\n1,a,b,c\n2,"x"y\n3,good\n')
    first, second, third = rows(path)
    assert "line 2) has 4 fields and the header has 2" in first.problem
    assert "quotation marks" in second.problem
    assert third.cells == {"id": "3", "title": "good"}


@pytest.mark.parametrize(
    "behind",
    [
        "5,b\n6,c\n",  # nobody closes it
        '5,"b, b"\n6,c\n',  # the next mark seems to
        '5,"b"\n6,"c"\n7,""\n',
        '5,b ""quoted""\n6,c\n',
    ],
)
def test_an_unclosed_quote_costs_one_row(tmp_path, behind):
    path = write(tmp_path / "items.csv", f'id,title\n1,a\n4,"never closed\n{behind}')
    read = rows(path)
    assert [row.number for row in read if row.problem] == [2]
    assert "opened in line 3" in read[1].problem
    assert [row.cells["id"] for row in read if row.cells][:3] == ["1", "5", "6"]


def test_an_unclosed_quote_behind_a_long_cell_names_its_own_line(tmp_path):
    text = 'id,text,title\n1,"two\nlines","never closed\n2,b,c\n'
    first, second = rows(write(tmp_path / "items.csv", text))
    assert "opened in line 3" in first.problem
    assert second.cells == {"id": "2", "text": "b", "title": "c"}


def test_rows_swallowed_up_to_another_unclosed_quote_are_given_back(tmp_path):
    text = 'id,title,image\n1,"Red,a.jpg\n2,Blue,b.jpg\n3,"Green",c.jpg\n4,Grey",d.jpg\n'
    read = rows(write(tmp_path / "items.csv", text))
    assert read[0].problem
    assert [row.cells.get("id") for row in read[1:3]] == ["2", "3"]


def test_cells_of_many_lines_stay_whole(tmp_path):
    body = "\n".join(f"line {n}, and a comma" for n in range(2000))
    path = write(tmp_path / "items.csv", f'id,body\n1,"{body}"\n2,b\n')
    assert cells(path) == [{"id": "1", "body": body}, {"id": "2", "body": "b"}]


def test_many_unclosed_quotes_stay_linear_or_are_refused(tmp_path):
    def prepare(count):
        return write(tmp_path / f"{count}.csv", "id,title\n" + '5",a,"b\n' * count)

    def read(path):
        with pytest.raises(CatalogError, match="quotation marks that are never closed"):
            rows(path)

    assert growth(prepare, read, 6_000) < MOST_GROWTH


def test_lines_that_never_end_are_left_out_in_bounded_memory(tmp_path):
    path = tmp_path / "items.csv"
    with path.open("w") as file:
        file.write("id,title\n1,a\n2,")
        for _ in range(60):
            file.write("x" * 2**20)
        file.write("\n3,c\n")
    tracemalloc.start()
    first, second, third = rows(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "longer than" in second.problem
    assert (first.cells["id"], third.cells["id"]) == ("1", "3")
    assert peak < 120 * 2**20


def test_very_many_columns_are_a_sentence_at_once(tmp_path):
    def prepare(count):
        header = ",".join(f"c{n}" for n in range(count))
        return write(tmp_path / f"{count}.csv", header + "\n1,2\n")

    def refused(path):
        with pytest.raises(CatalogError, match="more than 4,000 columns"):
            open_table(path, CatalogError)

    assert growth(prepare, refused, 100_000) < MOST_GROWTH
    wide = write(tmp_path / "wide.csv", ",".join(f"c{n}" for n in range(4000)) + "\n1,2\n")
    assert len(open_table(wide).columns) == 4000


def test_column_names_that_repeat_are_numbered_and_said(tmp_path):
    table = open_table(write(tmp_path / "items.csv", "id,image,image,image (2),\n1,a,b,c\n"))
    assert table.columns == ("id", "image", "image (2)", "image (2) (2)")
    assert "“image”" in table.notes[0]
    assert next(table.rows()).cells["image"] == "a"


def test_blank_column_names_get_a_number(tmp_path):
    assert open_table(write(tmp_path / "a.csv", "id,,x\n1,2,3\n")).columns == (
        "id",
        "column 2",
        "x",
    )


# ── files that are no tables ─────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("items.csv", b"", "is empty"),
        ("items.csv", b" \n \n", "is empty"),
        ("items.csv", b"\xef\xbb\xbf\n", "is empty"),
        ("items.csv", b"PK\x03\x04 a spreadsheet", "an Excel or zip file and not a text file"),
        ("items.csv", b"PAR1 parquet", "a Parquet file and not a text file"),
        ("items.csv", b"a\0b\0c", "not a text file"),
        ("items.jsonl", b"PAR1", "not a text file"),
        ("items.jsonl", b"[1, 2]\n3\n", "no JSON objects"),
        ("items.json", b"[]", "no JSON objects"),
        ("items.json", b'{"products": 3', "no JSON objects"),
        ("items.parquet", b"id,title\n", "not a Parquet file"),
        ("items.parquet", b"PAR1 and nothing sound", "not a sound Parquet file"),
        ("items.xlsx", b"PK\x03\x04", "Save it as CSV"),
        ("items", b"id,title\n", "Save it as CSV"),
        ("items.csv.gz", gzip.compress(b"id,title\n1,a\n", mtime=0)[:-15], "cut short"),
        ("items.csv.gz", b"\x1f\x8b damaged, all of it", "can't be unpacked"),
    ],
)
def test_unusable_files_give_a_sentence(tmp_path, name, content, match):
    path = write(tmp_path / name, content)
    with pytest.raises(EvaluationError, match=match):
        list(open_table(path, EvaluationError).rows())


def test_missing_file_and_folder(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for path, match in ((tmp_path / "no.csv", "not exist"), (tmp_path / "folder.csv", "folder")):
        with pytest.raises(CatalogError, match=match):
            open_table(path, CatalogError)


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────
def test_json_lines(tmp_path):
    lines = [
        '{"id": 1, "title": "a"}',
        "",
        "{broken",
        "[1]",
        '{"id": 2, "price": 3.5}',
        "[" * 99_999,
        '{"id": ' + "9" * 5000 + "}",
        '{"id": 3, "title": "half \\ud83d"}',
        '{"id": 4, "price": NaN}',
    ]
    path = write(tmp_path / "items.jsonl", "\ufeff" + "\n".join(lines))
    table, read = open_table(path), rows(path)
    assert read[0] == TableRow(1, 1, {"id": 1, "title": "a"})
    assert read[3] == TableRow(4, 5, {"id": 2, "price": 3.5})
    assert [row.number for row in read if row.problem] == [2, 3, 5, 6]
    assert read[6].cells == {"id": 3, "title": "half "}
    assert table.columns == ("id", "title", "price")
    assert (table.count(), table.format) == (8, "JSON lines")


@pytest.mark.parametrize(
    "text",
    [
        '[{"id": 1, "t": "a, ]}"}, {"id": 2, "more": [{"x": [1]}]}]',
        '[\n  {\n    "id": 1,\n    "t": "a, ]}"\n  },\n  {"id": 2, "more": [{"x": [1]}]}\n]\n',
        '{"products": [{"id": 1, "t": "a, ]}"}, {"id": 2, "more": [{"x": [1]}]}]}',
        '{\n"count": 2, "data": {"tags": ["x"],\n"products": [\n{"id": 1, "t": "a, ]}"},\n'
        '{"id": 2, "more": [{"x": [1]}]}]}}',
        '{\n"id": 1, "t": "a, ]}"\n}\n{\n"id": 2, "more": [{"x": [1]}]\n}\n',
        '{"id": 1, "t": "a, ]}"}\n{"id": 2, "more": [{"x": [1]}]}\n',
    ],
)
@pytest.mark.parametrize("name", ["items.json", "items.jsonl", "items.gz"])
def test_json_in_every_shape(tmp_path, text, name):
    content = text.encode()
    path = write(tmp_path / name, gzip.compress(content) if name.endswith("gz") else content)
    assert cells(path) == [{"id": 1, "t": "a, ]}"}, {"id": 2, "more": [{"x": [1]}]}]


def test_the_list_that_was_taken_is_named(tmp_path):
    path = write(tmp_path / "a.json", '{"shop": {"products": [{"id": 1}], "brands": [{"id": 9}]}}')
    table = open_table(path)
    assert "“shop.products”" in table.notes[0]
    assert [row.cells for row in table.rows()] == [{"id": 1}]


def test_broken_elements_of_a_list_are_left_out_alone(tmp_path):
    text = '[{"id": 1},\n{"id": 2, broken},\n7, [8],\n{"id": 3}, {"id": 4'
    read = rows(write(tmp_path / "items.json", text))
    assert [row.cells.get("id") for row in read] == [1, None, None, None, 3, None]
    assert "line 2" in read[1].problem
    assert "ends in the middle" in read[5].problem


def test_a_large_list_is_read_in_bounded_memory(tmp_path):
    path = tmp_path / "items.json"
    with path.open("w") as file:
        file.write("[")
        for number in range(9_000):
            file.write(json.dumps({"id": number, "text": "x" * 600}) + ",")
        file.write('{"id": -1}]')
    tracemalloc.start()
    count = open_table(path).count()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 9_001
    assert peak < 6 * 2**20


# ── Parquet ──────────────────────────────────────────────────────────────────────────────────────
def test_parquet_keeps_types_and_streams(tmp_path):
    path = tmp_path / "items.parquet"
    images = [{"bytes": bytes([n % 256]), "path": f"{n}.jpg"} for n in range(200)]
    pq.write_table(pa.table({"id": list(range(200)), "image": images}), path)
    table, read = open_table(path), rows(path)
    assert table.columns == ("id", "image")
    assert table.count() == len(read) == 200
    assert read[150] == TableRow(
        151, 151, {"id": 150, "image": {"bytes": b"\x96", "path": "150.jpg"}}
    )


def test_damaged_parquet_gives_a_sentence(tmp_path):
    path = tmp_path / "items.parquet"
    pq.write_table(pa.table({"id": [json.dumps(n) * 50 for n in range(5000)]}), path)
    data = bytearray(path.read_bytes())
    data[100:4000] = b"\xff" * 3900
    path.write_bytes(data)
    with pytest.raises(CatalogError, match=r"damaged|sound"):
        rows(path)


def test_values_that_python_can_not_hold_cost_at_most_their_row(tmp_path):
    path = tmp_path / "items.parquet"
    seconds = pa.array([0, 2**60, None], pa.int64()).cast(pa.timestamp("ms"))
    raw = pa.array([b"ok", b"ok", b"\xff\xfe"], pa.binary())
    text = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    pq.write_table(pa.table({"id": [1, 2, 3], "seen": seconds, "title": text}), path)
    first, second, third = rows(path)
    assert first.cells == {"id": 1, "seen": datetime(1970, 1, 1), "title": "ok"}
    assert second.problem or isinstance(second.cells["seen"], str)
    assert "“title” can't be converted" in third.problem


def test_parquet_of_odd_shapes(tmp_path):
    path = tmp_path / "items.parquet"
    extremes = pa.array([-(2**63), 2**63 - 1])
    nested = pa.array([[{"a": [1, None]}], None], pa.list_(pa.struct([("a", pa.list_(pa.int8()))])))
    pairs = pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int64()))
    columns = [extremes, nested, pairs, pa.array([1.5, float("nan")]), pa.nulls(2)]
    pq.write_table(pa.Table.from_arrays(columns, ["n", "x", "x", "f", ""]), path)
    table = open_table(path)
    assert table.columns == ("n", "x", "x (2)", "f", "column 5")
    assert "“x”" in table.notes[0]
    first = next(table.rows()).cells
    assert first["n"] == -(2**63)
    assert first["x"] == [{"a": [1, None]}]
    assert first["x (2)"] == [("k", 1)]


def test_an_empty_parquet_file_opens(tmp_path):
    pq.write_table(pa.table({"id": pa.array([], pa.int64())}), tmp_path / "a.parquet")
    assert rows(tmp_path / "a.parquet") == []


# ── lines ────────────────────────────────────────────────────────────────────────────────────────
def test_lines_are_decoded_as_tables_are(tmp_path):
    path = write(tmp_path / "queries.log", "grüner Stuhl\nSofa für draußen\r\n".encode("cp1252"))
    file = open_lines(path, EvaluationError)
    assert [line.text for line in file.lines()] == ["grüner Stuhl", "Sofa für draußen"]
    assert "Windows-1252" in file.notes[0]
