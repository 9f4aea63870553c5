from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import lancedb
import pyarrow as pa
import pytest

from core.domain import (
    JudgmentQuery,
    JudgmentSet,
)
from core.errors import JudgmentError
from core.judging.aggregation import aggregate
from core.judging.importing import carry_out, plan
from core.judging.judgment_queue import JudgmentQueue
from core.judging.label_export import Labels, write
from core.judging.query_texts import Beside
from core.store.database import open_database
from tests.core.judging.desks import export, grade


def test_exports(tmp_path: Path, desk: JudgmentQueue, made: JudgmentSet) -> None:
    for who, value in (("ada", 3), ("bob", 1), ("=cmd()", 1)):
        desk.judge(grade(made, "q1", "q1-0", value, who))
    qrels = export(desk, made, tmp_path / "out" / "a.qrels")
    assert qrels.read_text() == "q1 0 q1-0 1\n"
    assert '"rule": "median"' in (tmp_path / "out" / "a.qrels.json").read_text()
    table = export(desk, made, tmp_path / "a.csv").read_text().splitlines()
    assert len(table) == 4
    assert sum("'=cmd()" in line for line in table) == 1
    with pytest.raises(JudgmentError, match="no format"):
        export(desk, made, tmp_path / "a.txt")


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_files_come_back_without_loss(
    tmp_path: Path, desk: JudgmentQueue, made: JudgmentSet, ending: str
) -> None:
    notes = ["=1+1", "'quoted", "-3", 'two\nlines, “quotes" and ünïcode', "@x", ""]
    for number, note in enumerate(notes):
        event = replace(grade(made, "q1", f"q1-{number}", number % 4, f"+{number}"), note=note)
        desk.judge(replace(event, seconds=0.1 + 0.2, round=number % 2, page="7", guidelines=3))
    before = desk.events(made.set_id)
    what = Labels(made, before, desk.current(made.set_id), {})
    file = write(what, tmp_path / f"labels.{ending}", ending)
    items = {pair.item_id for pair in made.pairs}
    assert carry_out(desk, plan(desk, file, lambda ids: items)) == 0
    elsewhere = JudgmentQueue(open_database(tmp_path / "other"))
    planned = plan(elsewhere, file, lambda ids: items)
    assert (planned.rejected, planned.is_new) == ((), True)
    assert carry_out(elsewhere, planned) == len(notes)
    assert elsewhere.events(made.set_id) == before
    if ending != "csv":  # these hold the set itself, too
        assert elsewhere.sets.all() == (made,)


def test_rows_that_do_not_fit_are_reported_and_left_out(
    tmp_path: Path, desk: JudgmentQueue, made: JudgmentSet
) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(
        "query,docid,rating\nchair,q1-0,3\nchair,q1-1,\nchair,nowhere,1\nchair,q1-2,9\n"
        "chair,q1-3,1.5\nchair,q1-4,high\n,q1-5,1\nstool,known,2\n"
    )
    planned = plan(desk, file, lambda ids: {"known"}, set_id=made.set_id)
    assert [row.line for row in planned.rejected] == [4, 5, 7, 8]
    assert [(e.query_id, e.item_id, e.grade, e.note) for e in planned.events] == [
        ("q1", "q1-0", 3, ""), ("q1", "q1-3", 2, "label in the file: 1.5"),
        ("q3", "known", 2, ""),
    ]  # fmt: skip
    assert desk.current(made.set_id) == []  # a plan stores nothing
    assert carry_out(desk, planned) == 3
    assert carry_out(desk, plan(desk, file, lambda ids: {"known"}, set_id=made.set_id)) == 0
    assert len(desk.sets.get(made.set_id).pairs) == len(made.pairs) + 1
    file.write_text("a,b\n1,2\n")
    with pytest.raises(JudgmentError, match="no column for the query"):
        plan(desk, file, lambda ids: ())


def test_a_plan_says_whose_labels_it_would_replace(
    tmp_path: Path, desk: JudgmentQueue, made: JudgmentSet
) -> None:
    for item, value, who in (("q1-0", 1, "anna"), ("q1-1", 2, "anna"), ("q1-0", 1, "ben")):
        desk.judge(grade(made, "q1", item, value, who))
    file = tmp_path / "labels.csv"
    rows = "chair,q1-0,anna,0\nchair,q1-1,anna,2\nchair,q1-0,ben,3\nchair,q1-2,ben,3\n"
    file.write_text("query,item_id,annotator,grade\n" + rows)
    planned = plan(desk, file, lambda ids: ids, set_id=made.set_id)
    assert [note for note in planned.notes if "replaced" in note] == [
        "1 label that “anna” gave would be replaced.",
        "1 label that “ben” gave would be replaced.",
    ]
    carry_out(desk, planned)
    again = plan(desk, file, lambda ids: ids, set_id=made.set_id)
    assert not [note for note in again.notes if "replaced" in note]


def test_one_column_per_rater(tmp_path: Path, desk: JudgmentQueue) -> None:
    file = tmp_path / "book.csv"
    file.write_text("query,docid,ada,bob_rating\nlamp,l1,3,2\nlamp,l2,,0\n")
    planned = plan(desk, file, lambda ids: ids, name="From a book")
    assert [(e.annotator, e.item_id, e.grade) for e in planned.events] == [
        ("ada", "l1", 3), ("bob", "l1", 2), ("bob", "l2", 0),
    ]  # fmt: skip
    carry_out(desk, planned)
    (made,) = desk.sets.all()
    assert (made.name, len(made.pairs), made.queries[0].text) == ("From a book", 2, "lamp")


def test_columns_that_are_no_raters_give_no_labels(tmp_path: Path, desk: JudgmentQueue) -> None:
    file = tmp_path / "other.csv"
    file.write_text(
        "record_id,query,product_id,locale,shop_label,large_version\n"
        "0,lamp,l1,us,E,1\n1,lamp,l2,us,C,1\n2,lamp,l3,us,I,1\n"
    )
    planned = plan(desk, file, lambda ids: ids)
    assert [(e.item_id, e.grade) for e in planned.events] == [("l1", 3), ("l2", 1), ("l3", 0)]
    assert "Grades were read as e = 3, s = 2, c = 1, i = 0." in planned.notes
    file.write_text("batch_id,query,docid,split,Ann\n1,lamp,l1,train,2\n2,lamp,l2,train,\n")
    planned = plan(desk, file, lambda ids: ids)
    assert [(e.annotator, e.grade) for e in planned.events] == [("Ann", 2)]
    assert planned.format == "CSV with 1 rater"
    file.write_text("batch_id,query,docid,split\n1,lamp,l1,train\n")
    with pytest.raises(JudgmentError, match="no column with ratings"):
        plan(desk, file, lambda ids: ids)


def test_qrels_come_back(tmp_path: Path, desk: JudgmentQueue, made: JudgmentSet) -> None:
    for item, value in (("q1-0", 3), ("q1-1", 0)):
        desk.judge(grade(made, "q1", item, value))
    file = export(desk, made, tmp_path / "a.qrels", "majority")
    elsewhere = JudgmentQueue(open_database(tmp_path / "other"))
    carry_out(elsewhere, plan(elsewhere, file, lambda ids: ids, beside=Beside({"q1": "chair"})))
    (again,) = elsewhere.sets.all()
    assert again.queries == (JudgmentQuery("q1", "chair"),)
    assert aggregate(elsewhere.current(again.set_id)) == aggregate(desk.current(made.set_id))
    file.write_text("q1 0 x\n")
    (broken,) = plan(elsewhere, file, lambda ids: ids).rejected
    assert broken.line == 1


def table_of_the_first_version(database: lancedb.DBConnection) -> None:
    """Tables and rows as the first version of the studio wrote them."""
    sets = pa.schema(
        [
            pa.field("set_id", pa.string(), nullable=False),
            pa.field("created", pa.timestamp("us", tz="UTC"), nullable=False),
            pa.field("payload", pa.string(), nullable=False),
        ]
    )
    events = pa.schema(
        [pa.field(name, pa.string(), nullable=False)
         for name in ("event_id", "kind", "set_id", "query_id", "item_id", "annotator")]
        + [pa.field("grade", pa.int8()), pa.field("note", pa.string(), nullable=False),
           pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
           pa.field("seconds", pa.float32(), nullable=False)]
    )  # fmt: skip
    now = datetime.now(UTC)
    payload = {
        "name": "Old", "guidelines": "g", "engines": ["clip"], "depth": 5,
        "queries": [["q1", "chair", ""]], "pairs": [["q1", "a"], ["q1", "b"]],
    }  # fmt: skip
    row = {"set_id": "old-1", "created": now, "payload": json.dumps(payload)}
    database.create_table("judgment_sets", pa.Table.from_pylist([row], sets))
    label = dict.fromkeys(("query_id", "annotator"), "q1") | {
        "event_id": "e1", "kind": "grade", "set_id": "old-1", "item_id": "a", "grade": 2,
        "note": "", "at": now, "seconds": 1.5,
    }  # fmt: skip
    database.create_table("judgments", pa.Table.from_pylist([label], events))


def test_a_store_of_the_first_version_opens_and_goes_on(tmp_path: Path) -> None:
    table_of_the_first_version(open_database(tmp_path / "lance"))
    desk = JudgmentQueue(open_database(tmp_path / "lance"))
    (old,) = desk.sets.all()
    assert (old.name, old.rules.guidelines, old.rules.overlap, old.revision) == ("Old", "g", 0, 1)
    (label,) = desk.current("old-1")
    assert (label.grade, label.round, label.page, label.guidelines) == (2, 0, "", 1)
    desk.judge(replace(grade(old, "q1", "b", 3), page="9", guidelines=2))
    assert [e.page for e in desk.current("old-1")] == ["", "9"]
    desk.sets.revise("old-1", lambda judgment_set: replace(judgment_set, name="Renamed"))
    assert JudgmentQueue(open_database(tmp_path / "lance")).sets.get("old-1").name == "Renamed"
