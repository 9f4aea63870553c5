"""Our own files of labels, and files whose content is not what their name says."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.base.tables import FileReport
from core.domain import JudgmentQuery
from core.errors import JudgmentError
from core.judging.judgment_readers import read
from core.judging.judgment_rows import Rejected, Row
from core.judging.label_export import COLUMNS, Labels, write
from core.judging.query_texts import read_query_texts
from tests.core.judging.desks import event, small_set

OWN = {
    "event_id": "1", "kind": "grade", "set_id": "set", "query_id": "q", "item_id": "a",
    "annotator": "ada", "grade": 1, "note": "", "at": "2026-01-01T00:00:01", "seconds": 1.0,
}  # fmt: skip


@pytest.mark.parametrize(("ending", "format"), [("jsonl", "JSON lines"), ("parquet", "Parquet"),
                                                ("csv", "our own CSV")])  # fmt: skip
def test_our_own_files_are_read_with_their_set(tmp_path: Path, ending: str, format: str) -> None:
    events = [event(1, note="=1+1", page="9", guidelines=2, round=1, seconds=2.5),
              event(2, item="b", grade=None)]  # fmt: skip
    file = read(write(Labels(small_set(), events, [], {}), tmp_path / f"a.{ending}", ending))
    query = JudgmentQuery("q", "chair")
    assert file.format == format
    assert file.rows == (Row(file.rows[0].line, query, "a", 1, "ada", events[0]),
                         Row(file.rows[1].line, query, "b", None, "ada", events[1]))  # fmt: skip
    assert [row.line for row in file.rows] == ([1, 2] if ending == "parquet" else [2, 3])
    assert (file.rejected, file.notes) == ((), ())
    assert file.definition.get("set_id") == (None if ending == "csv" else "set")


def lines(tmp_path: Path, *entries: object, name: str = "a.jsonl") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(e if isinstance(e, str) else json.dumps(e) for e in entries))
    return path


def test_what_the_first_version_did_not_write_has_its_default(tmp_path: Path) -> None:
    (row,) = read(lines(tmp_path, OWN)).rows
    assert row == Row(1, JudgmentQuery("q"), "a", 1, "ada", event(1))
    full = OWN | {
        "query_text": "lamp", "query_item_id": "i", "query_picture": "p", "round": None,
        "page": None, "guidelines": None, "note": None, "seconds": None, "grade": "",
    }  # fmt: skip
    (row,) = read(lines(tmp_path, full)).rows
    assert row.query == JudgmentQuery("q", "lamp", "i", "p")
    assert row.event == event(1, grade=None, seconds=0.0)
    zoned = OWN | {"at": "2026-01-01T02:00:01+02:00"}
    (row,) = read(lines(tmp_path, zoned)).rows
    assert row.event is not None
    assert row.event.at == datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "change",
    [{"kind": "smell"}, {"grade": "x"}, {"at": "noon"}, {"seconds": "long"}, {"round": "twice"},
     {"guidelines": "two"}],
)  # fmt: skip
def test_a_row_of_our_own_that_is_damaged_is_rejected(tmp_path: Path, change: dict) -> None:
    file = read(lines(tmp_path, OWN | change, "", OWN))
    assert [row.line for row in file.rows] == [3]
    (bad,) = file.rejected
    assert bad.line == 1
    assert bad.reason.startswith("is no label: ")


@pytest.mark.parametrize("missing", ["kind", "set_id", "query_id", "item_id", "annotator", "note",
                                     "at", "seconds", "grade"])  # fmt: skip
def test_a_row_of_our_own_that_lacks_something_is_rejected(tmp_path: Path, missing: str) -> None:
    short = {name: value for name, value in OWN.items() if name != missing}
    (bad,) = read(lines(tmp_path, short)).rejected
    assert bad == Rejected(1, f"is no label: '{missing}'")


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.JSON"])
def test_lines_of_an_export_that_are_no_objects_are_rejected(tmp_path: Path, name: str) -> None:
    other = {"query": "lamp", "docid": "b", "rating": 2}
    file = read(lines(tmp_path, OWN, "{", "[1]", "3", other, "", name=name))
    assert [(row.line, row.item_id) for row in file.rows] == [(1, "a"), (5, "b")]
    assert [bad.line for bad in file.rejected] == [2, 3, 4]
    assert all(bad.reason.startswith("is no JSON object: This line ") for bad in file.rejected)
    first = lines(tmp_path, "", {"judgment_set": {"set_id": "s"}}, OWN, name=name)
    assert read(first).definition == {"set_id": "s"}


def test_other_json_may_be_one_list(tmp_path: Path) -> None:
    entries = [{"query": "lamp", "docid": "b", "rating": 2}, OWN, 5]
    file = read(lines(tmp_path, json.dumps(entries), name="a.json"))
    assert [(row.line, row.item_id, row.event is None) for row in file.rows] == [
        (1, "b", True), (1, "a", False),
    ]  # fmt: skip
    (bad,) = file.rejected
    assert bad.reason.startswith("is no JSON object: ")


def test_an_unusual_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        json.dumps(OWN | {"query_text": "Stühle"}, ensure_ascii=False).encode("cp1252")
    )
    file = read(path)
    assert file.format == "JSON lines, Windows-1252"
    assert file.rows[0].query.text == "Stühle"
    assert "Windows-1252" in file.notes[0]
    path = tmp_path / "a.csv"
    path.write_bytes("query,docid,rating\nStühle für,a,1\n".encode("cp1252"))
    file = read(path)
    assert file.format == "CSV with one rating a row, Windows-1252"
    path.write_bytes("query,docid,rating\nlamp,a,E\n".encode("utf-16"))
    file = read(path)
    assert file.format.startswith("CSV with one rating a row, UTF-16")
    assert file.rows[0].label == "e"


@pytest.mark.parametrize("name", ["a.tsv", "a.csv", "a.csv.gz"])
def test_tables_are_read_whatever_their_ending(tmp_path: Path, name: str) -> None:
    path, text = tmp_path / name, b"query\tdocid\trating\nlamp\ta\t1\n"
    path.write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    (row,) = read(path).rows
    assert row == Row(2, JudgmentQuery("", "lamp"), "a", 1)


def test_packed_json_and_other_endings(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(OWN).encode()))
    assert read(path).rows[0].event == event(1)
    path = tmp_path / "labels"
    path.write_text("q 0 a 1\n")
    assert read(path).format == "TREC qrels"


def test_our_own_csv_without_the_later_columns_is_our_own_all_the_same(tmp_path: Path) -> None:
    later = ("query_picture", "round", "page", "guidelines", "rule", "grade_by_rule", "adjudicated")
    path = tmp_path / "a.csv"
    head = [name for name in COLUMNS if name not in later]
    values = [str(OWN.get(name, "")) for name in head]
    path.write_text(",".join(head) + "\n" + ",".join(values) + "\n" + ",".join(values) + ",x,y\n")
    file = read(path)
    assert (file.format, file.rows) == (
        "our own CSV",
        (Row(2, JudgmentQuery("q"), "a", 1, "ada", event(1)),),
    )
    (bad,) = file.rejected
    assert bad.reason.startswith("can't be read: ")
    path.write_text(",".join(head[1:]) + "\n" + ",".join(values[1:]) + "\n")
    assert read(path).format != "our own CSV"


def test_parquet_of_others_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(JudgmentError, match=r"a\.parquet has no column for the query"):
        read(path)
    for text in ("[1]", "{", "5"):
        table = pa.Table.from_pylist([OWN]).replace_schema_metadata({"judgment_set": text})
        pq.write_table(table, path)
        with pytest.raises(JudgmentError, match=r"a\.parquet describes no judgment set"):
            read(path)
    pq.write_table(pa.Table.from_pylist([OWN]), path)
    file = read(path)
    assert (file.format, dict(file.definition), file.rows[0].event) == ("Parquet", {}, event(1))


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("q1\tlamp, red\nq2\t rug \n", {"q1": "lamp, red", "q2": "rug"}),
        ('q1,"lamp, red"\n\n q2 , rug ,x\n', {"q1": "lamp, red", "q2": "rug"}),
        ('q1,3" nail\nq2,"a"b\n', {"q1": '3" nail', "q2": '"a"b'}),
        ("", {}),
    ],
)
def test_query_texts_have_two_columns(tmp_path: Path, text: str, texts: dict[str, str]) -> None:
    path = tmp_path / "texts.tsv"
    path.write_text(text or "\n")
    report = FileReport()
    assert read_query_texts(path, report) == texts
    assert (report.left_out, report.notes) == ([], [])


def test_lines_without_a_text_are_reported_and_nothing_else_is_an_error(tmp_path: Path) -> None:
    path, report = tmp_path / "texts.tsv", FileReport()
    good = "q1,lamp\nalone\n\nq3,Stół\nq4,Łóżko\nq5,żółte\n"
    path.write_bytes(good.encode() + b"q6,\x81\xfd\x90\nq2,rug\n")
    texts = {"q1": "lamp", "q3": "Stół", "q4": "Łóżko", "q5": "żółte", "q2": "rug"}
    assert read_query_texts(path, report) == texts
    assert [(row.place, row.column) for row in report.left_out] == [("line 2", ""), ("line 7", "")]
    assert report.left_out[0].reason == "it is not “query id, text”"
    assert report.left_out[1].reason.startswith("Line 7 holds characters")
    assert "left out" in report.guesses[0]
    assert "2 of 7 rows were left out" in report.notes[-1]
    path.write_text("alone\nq2 rug\n")
    with pytest.raises(JudgmentError, match=r"no “query id, text” in texts\.tsv \(line 1: it is"):
        read_query_texts(path)
