"""What stands in each file of labels, to the letter: other people's tools read them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from core.domain import EventKind, ExamplePair, Grade, JudgmentQuery, Pair, Rules
from core.errors import JudgmentError
from core.judging.label_export import (
    COLUMNS,
    Labels,
    facts_of,
    facts_path,
    format_of,
    write,
)
from core.judging.sets import to_json
from tests.core.judging.desks import START, event, small_set

QUERIES = (
    JudgmentQuery("q", "Stühle"), JudgmentQuery("r", item_id="lamp-1"),
    JudgmentQuery("s", picture="a" * 64),
)  # fmt: skip
RULES = Rules(
    (Grade(0, "nein", "Nie."), Grade(1, "grün")), "Sieh hin.", (ExamplePair("Stuhl", "x", 1, "w"),),
    2, frozenset({("r", "b"), ("q", "a")}), 0.25,
)  # fmt: skip
MADE = replace(
    small_set(rules=RULES), pairs=tuple(Pair(q, i) for q, i in zip(QUERIES, "abc", strict=True)),
    revision=3, engines=("clip", "vl-clip"), depth=7,
)  # fmt: skip
CURRENT = [
    event(1.5, "ada", "a", 1, seconds=2.5, page="9", guidelines=3, note="schön"),
    event(2, "bob", "a", 0),
    event(3, "ada", "b", 0, query_id="r"),
]
REPEAT = event(4, "ada", "c", None, kind=EventKind.UNSURE, query_id="s", round=1)
STRAY = event(5, "ada", "z", 1, query_id="gone")
DECISIONS = {("r", "b"): event(6, "lea", "b", 1, kind=EventKind.ADJUDICATE, query_id="r")}
WHAT = Labels(MADE, [*CURRENT, REPEAT, STRAY], CURRENT, DECISIONS, "mean")

FIRST = {
    "set_id": "set", "query_id": "q", "query_text": "Stühle", "query_item_id": "",
    "query_picture": "", "item_id": "a", "annotator": "ada", "kind": "grade", "grade": 1,
    "note": "schön", "at": "2026-01-01T00:00:01.500000+00:00", "seconds": 2.5, "event_id": "1.5",
    "round": 0, "page": "9", "guidelines": 3, "rule": "mean", "grade_by_rule": 0.5,
    "adjudicated": False,
}  # fmt: skip
DEFINITION = {
    "name": "Chairs", "revision": 3, "guidelines": "Sieh hin.",
    "scale": [[0, "nein", "Nie."], [1, "grün", ""]], "examples": [["Stuhl", "x", 1, "w"]],
    "overlap": 2, "calibration": [["q", "a"], ["r", "b"]], "repeats": 0.25,
    "engines": ["clip", "vl-clip"], "depth": 7,
    "queries": [["q", "Stühle", "", ""], ["r", "", "lamp-1", ""], ["s", "", "", "a" * 64]],
    "pairs": [["q", "a"], ["r", "b"], ["s", "c"]], "set_id": "set", "created": START.isoformat(),
}  # fmt: skip


def test_json_lines_begin_with_the_set_and_have_every_label(tmp_path: Path) -> None:
    text = write(WHAT, tmp_path / "new" / "folder" / "labels.jsonl", "jsonl").read_text("utf-8")
    assert "Stühle" in text
    assert "schön" in text
    definition, *rows = map(json.loads, text.splitlines())
    assert definition == {"judgment_set": DEFINITION}
    assert list(rows[0]) == list(COLUMNS)
    assert rows[0] == FIRST
    assert [(row["event_id"], row["grade_by_rule"], row["adjudicated"]) for row in rows] == [
        ("1.5", 0.5, False), ("2", 0.5, False), ("3", 1, True), ("4", None, None), ("5", None, None)
    ]  # fmt: skip
    picked = ("kind", "grade", "round", "query_picture")
    assert [[row[name] for name in picked] for row in rows[3:]] == [
        ["unsure", None, 1, "a" * 64], ["grade", 1, 0, ""],
    ]  # fmt: skip
    assert (rows[2]["query_text"], rows[2]["query_item_id"]) == ("", "lamp-1")
    assert (rows[4]["query_text"], rows[4]["query_item_id"]) == ("", "")


def test_a_csv_has_the_same_columns(tmp_path: Path) -> None:
    file = write(WHAT, tmp_path / "labels.csv", "csv")
    with file.open(encoding="utf-8", newline="") as opened:
        names, first, *rest = csv.reader(opened)
    assert tuple(names) == COLUMNS
    assert first == [str(value) for value in FIRST.values()]
    assert len(rest) == 4
    assert rest[2] == [
        "set", "s", "", "", "a" * 64, "c", "ada", "unsure", "", "",
        "2026-01-01T00:00:04+00:00", "1.0", "4", "1", "", "1", "mean", "", "",
    ]  # fmt: skip


def test_parquet_has_types_and_the_set(tmp_path: Path) -> None:
    table = pq.read_table(write(WHAT, tmp_path / "labels.parquet", "parquet"))
    assert json.loads(table.schema.metadata[b"judgment_set"]) == DEFINITION
    assert "Stühle".encode() in table.schema.metadata[b"judgment_set"]
    assert table.to_pylist()[0] == FIRST
    types = {field.name: str(field.type) for field in table.schema}
    others = {"grade": "int8", "round": "int8", "guidelines": "int32", "seconds": "double",
              "grade_by_rule": "double", "adjudicated": "bool"}  # fmt: skip
    assert types == dict.fromkeys(COLUMNS, "string") | others


def test_qrels_are_sorted_whole_grades_and_a_file_beside_them_says_what_they_are(
    tmp_path: Path,
) -> None:
    other = event(9, "ada", "ä", 1, query_id="r")
    what = replace(WHAT, current=[other, *CURRENT])
    file = write(what, tmp_path / "a.qrels", "qrels")
    assert file.read_text("utf-8") == "q 0 a 0\nr 0 b 1\nr 0 ä 1\n"
    assert facts_path(file) == tmp_path / "a.qrels.json"
    text = facts_path(file).read_text("utf-8")
    assert "Stühle" in text
    assert text.startswith('{\n  "set_id": "set",\n')
    facts = json.loads(text)
    age = datetime.now(UTC) - datetime.fromisoformat(facts.pop("exported"))
    assert 0 <= age.total_seconds() < 60
    assert facts.pop("judgment_set") == {
        **json.loads(json.dumps(to_json(MADE))), "set_id": "set", "created": START.isoformat(),
    }  # fmt: skip
    assert facts == {
        "set_id": "set", "name": "Chairs", "revision": 3, "rule": "mean", "adjudicated": 1,
        "scale": {"0": "nein", "1": "grün"},
        "queries": {"q": "Stühle", "r": "lamp-1", "s": "a" * 64}, "annotators": ["ada", "bob"],
    }  # fmt: skip
    assert facts_of(what)["exported"].endswith("+00:00")
    assert len(facts_of(what)["exported"]) == len("2026-01-01T00:00:00+00:00")
    write(what, tmp_path / "a.csv", "csv")
    assert json.loads(facts_path(tmp_path / "a.csv").read_text("utf-8"))["judgment_set"]


@pytest.mark.parametrize(("query", "item"), [("q 1", "a"), ("q", "a\u00a0b"), ("q", "a\t")])
def test_an_id_with_a_blank_in_it_is_no_qrels_and_leaves_no_half_file(
    tmp_path: Path, query: str, item: str
) -> None:
    what = replace(WHAT, current=[event(1, "ada", item, query_id=query)])
    with pytest.raises(JudgmentError, match="has a space in it"):
        write(what, tmp_path / "a.qrels", "qrels")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_can_not_be_written_is_said_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(JudgmentError, match="folder can't be written: Is a directory"):
        write(WHAT, tmp_path / "folder", "csv")
    with pytest.raises(JudgmentError, match=r"no format “docx”\. There are: qrels, csv, jsonl"):
        write(WHAT, tmp_path / "a", "docx")
    with pytest.raises(JudgmentError, match="no rule “best”"):
        write(replace(WHAT, rule="best"), tmp_path / "a", "csv")


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("r1.qrels", "qrels"), ("r1", "qrels"), ("r1.txt", "qrels"), ("r1.CSV", "csv"),
        ("r1.jsonl", "jsonl"), ("r1.ndjson", "jsonl"), ("r1.parquet", "parquet"),
        ("r1.opensearch.json", "opensearch"),
    ],
)  # fmt: skip
def test_the_ending_of_a_file_s_name_means_a_format(name: str, format: str) -> None:
    assert format_of(Path(name)) == format


@pytest.mark.parametrize("name", ["r1.xlsx", "r1.tsv", "r1.csv.gz"])
def test_an_ending_that_means_no_format_is_refused(name: str) -> None:
    with pytest.raises(JudgmentError, match=rf"“{name}”.*Use .qrels, .txt, .csv.*--format"):
        format_of(Path(name))
