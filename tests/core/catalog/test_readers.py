from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.catalog.readers import Unreadable, column_names, count_rows, read_rows
from core.errors import CatalogError


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(path):
    return list(read_rows(path))


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_csv_delimiters(tmp_path, mark):
    text = f'id{mark}title\n1{mark}"a{mark}b"\n2{mark}c\n'
    path = write(tmp_path / "items.csv", text)
    assert column_names(path) == ("id", "title")
    assert rows(path) == [(1, {"id": "1", "title": f"a{mark}b"}), (2, {"id": "2", "title": "c"})]
    assert count_rows(path) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_csv_encodings(tmp_path, encoding):
    path = write(tmp_path / "items.csv", "id,title\n1,Fauteuil crème – 5 €\n".encode(encoding))
    assert rows(path) == [(1, {"id": "1", "title": "Fauteuil crème – 5 €"})]


def test_an_odd_byte_far_into_the_file_still_means_cp1252(tmp_path):
    body = "".join(f"{n},chair\n" for n in range(100_000)).encode() + b"x,cr\xe8me\n"
    path = write(tmp_path / "items.csv", b"id,title\n" + body)
    assert rows(path)[-1] == (100_001, {"id": "x", "title": "crème"})


def test_csv_with_long_fields_line_breaks_and_nul(tmp_path):
    long = "x" * 1_000_000
    path = write(tmp_path / "items.csv", f'id,title\r\n1,{long}\r\n\r\n2,"a\r\nb\0"\r\n3\r\n')
    assert [row for _, row in rows(path)] == [
        {"id": "1", "title": long},
        {"id": "2", "title": "a\r\nb"},
        {"id": "3", "title": ""},
    ]


def test_bad_csv_rows_do_not_stop_the_rest(tmp_path):
    text = 'id,title\n1,a,b,c\n2,"x"y\n3,good\n4,"never closed\n5,swallowed\n'
    read = rows(write(tmp_path / "items.csv", text))
    assert read[2] == (3, {"id": "3", "title": "good"})
    assert [number for number, row in read if isinstance(row, Unreadable)] == [1, 2, 4]
    assert "4 fields and the header has 2" in read[0][1].reason
    assert "quotation marks" in read[3][1].reason


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("items.csv", b"", "empty"),
        ("items.csv", b" \n \n", "empty"),
        ("items.csv", b"id,id\n1,2\n", "more than one column named id"),
        ("items.csv", b"PK\x03\x04 a spreadsheet", "not a text file"),
        ("items.csv", b"PAR1 parquet", "not a text file"),
        ("items.csv", b"a\0b\0c", "not a text file"),
        ("items.jsonl", b"PAR1", "not a text file"),
        ("items.jsonl", b"[1, 2]\n3\n", "no JSON objects"),
        ("items.parquet", b"id,title\n", "not a Parquet file"),
        ("items.parquet", b"PAR1 and nothing sound", "not a sound Parquet file"),
        ("items.xlsx", b"PK\x03\x04", "Save the catalogue as CSV"),
        ("items", b"id,title\n", "Save the catalogue as CSV"),
    ],
)
def test_unusable_files_give_a_sentence(tmp_path, name, content, match):
    path = write(tmp_path / name, content)
    with pytest.raises(CatalogError, match=match):
        column_names(path)


def test_missing_file_and_folder(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for path, match in ((tmp_path / "no.csv", "not exist"), (tmp_path / "folder.csv", "folder")):
        with pytest.raises(CatalogError, match=match):
            read_rows(path)


def test_jsonl(tmp_path):
    lines = [
        '{"id": 1, "title": "a"}',
        "",
        "{broken",
        "[1]",
        '{"id": 2, "price": 3.5}',
        "[" * 99_999,
    ]
    path = write(tmp_path / "items.jsonl", "\ufeff" + "\n".join(lines))
    read = rows(path)
    assert read[0] == (1, {"id": 1, "title": "a"})
    assert read[3] == (4, {"id": 2, "price": 3.5})
    assert [number for number, row in read if isinstance(row, Unreadable)] == [2, 3, 5]
    assert column_names(path) == ("id", "title", "price")
    assert count_rows(path) == 5


def test_parquet_keeps_types_and_streams(tmp_path):
    path = tmp_path / "items.parquet"
    images = [{"bytes": bytes([n % 256]), "path": f"{n}.jpg"} for n in range(200)]
    pq.write_table(pa.table({"id": list(range(200)), "image": images}), path)
    read = rows(path)
    assert column_names(path) == ("id", "image")
    assert count_rows(path) == len(read) == 200
    assert read[150] == (151, {"id": 150, "image": {"bytes": b"\x96", "path": "150.jpg"}})


def test_damaged_parquet_gives_a_sentence(tmp_path):
    path = tmp_path / "items.parquet"
    pq.write_table(pa.table({"id": [json.dumps(n) * 50 for n in range(5000)]}), path)
    data = bytearray(path.read_bytes())
    data[100:4000] = b"\xff" * 3900
    path.write_bytes(data)
    with pytest.raises(CatalogError, match=r"damaged|sound"):
        rows(path)
