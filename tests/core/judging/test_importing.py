"""What an import would do, before it does it; and that it does no more."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain import DEFAULT_SCALE, Grade, JudgmentQuery, JudgmentSet, Rules
from core.errors import JudgmentError
from core.judging.importing import carry_out, plan
from core.judging.judgment_queue import JudgmentQueue
from core.judging.label_export import Labels, write
from core.judging.query_texts import Beside
from core.judging.sets import to_json
from tests.core.judging.desks import START, event, grade, small_set


def everything(ids):
    return ids


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "their labels.csv"
    path.write_text("query,docid,rating,rater\nlamp,a,1,ada\nrug,a,0,\nLAMP,b,2,bob\n")
    return path


def test_a_new_set_has_its_name_and_scale_from_the_file(desk: JudgmentQueue, file: Path) -> None:
    made = plan(desk, file, everything)
    new = made.judgment_set
    assert (made.format, made.is_new, made.new_pairs) == ("CSV with one rating a row", True, 3)
    assert (made.rejected, made.notes) == ((), ())
    assert (new.name, new.engines, new.depth, new.revision) == ("their labels", (), 0, 1)
    assert new.set_id == "import-f18fcc"
    assert new.rules == Rules(scale=DEFAULT_SCALE)
    assert [pair.key for pair in new.pairs] == [("q1", "a"), ("q2", "a"), ("q1", "b")]
    assert new.queries == (JudgmentQuery("q1", "lamp"), JudgmentQuery("q2", "rug"))
    assert [(e.query_id, e.item_id, e.annotator, e.grade) for e in made.events] == [
        ("q1", "a", "ada", 1), ("q2", "a", "imported", 0), ("q1", "b", "bob", 2),
    ]  # fmt: skip
    assert {(e.set_id, e.note, e.seconds, e.page, e.guidelines) for e in made.events} == {
        (new.set_id, "", 0.0, "import", 1)
    }
    assert made.events[0].event_id == "2c82ceca3bbe3f8f0f0ed5e074ee170d"
    named = plan(desk, file, everything, name="Round 1", annotator="agency")
    assert named.judgment_set.name == "Round 1"
    assert named.judgment_set.set_id != new.set_id
    assert named.events[1].annotator == "agency"


@pytest.mark.parametrize(
    ("highest", "grades"), [(0, 4), (1, 2), (2, 4), (3, 4), (4, 5), (9, 10), (12, 4)]
)
def test_a_scale_reaches_to_the_highest_grade(
    desk: JudgmentQueue, file: Path, highest: int, grades: int
) -> None:
    file.write_text(f"query,docid,rating\nlamp,a,{highest}\nlamp,b,0\nlamp,c,x\n")
    made = plan(desk, file, everything)
    scale = made.judgment_set.rules.scale
    assert len(scale) == grades
    assert (scale == DEFAULT_SCALE) == (highest in (0, 2, 3, 12))
    if 3 < highest < 10:
        assert scale[:2] == (Grade(0, "grade 0"), Grade(1, "grade 1"))
    assert [row.line for row in made.rejected] == [4]


def test_items_that_the_catalogue_lacks_are_rejected_and_others_asked_for_once(
    desk: JudgmentQueue, file: Path
) -> None:
    asked: list[list[str]] = []
    made = plan(desk, file, lambda ids: asked.append(list(ids)) or ["b"])
    assert asked == [["a", "b"]]
    assert [(row.line, row.reason) for row in made.rejected] == [
        (2, "the catalogue has no item “a”"), (3, "the catalogue has no item “a”"),
    ]  # fmt: skip
    assert (len(made.events), made.new_pairs) == (1, 1)
    assert [query.query_id for query in made.judgment_set.queries] == ["q3"]
    file.write_text(f"query,docid,rating\nlamp,{'x' * 99},1\n")
    (row,) = plan(desk, file, lambda ids: ()).rejected
    assert row.reason == f"the catalogue has no item “{'x' * 60}”"


def test_rejected_rows_come_in_the_order_of_the_file(desk: JudgmentQueue, file: Path) -> None:
    file.write_text("query,docid,rating\nlamp,gone,1\nlamp,a,x\nlamp,gone,2\nlamp,b,2\n")
    made = plan(desk, file, lambda ids: {"a", "b"})
    assert [row.line for row in made.rejected] == [2, 3, 4]
    assert len(made.events) == 1


def test_an_existing_set_keeps_its_queries_and_pairs(
    desk: JudgmentQueue, made: JudgmentSet, file: Path
) -> None:
    file.write_text("query,docid,rating\nCHAIR,q1-0,1\nchair,new,2\nrug,new,3\nchair,gone,3\n")
    planned = plan(desk, file, lambda ids: {"new"}, set_id=made.set_id)
    assert [(e.query_id, e.item_id) for e in planned.events] == [
        ("q1", "q1-0"), ("q1", "new"), ("q3", "new"),
    ]  # fmt: skip
    assert (planned.is_new, planned.new_pairs) == (False, 2)
    assert planned.judgment_set.pairs[: len(made.pairs)] == made.pairs
    assert planned.judgment_set.set_id == made.set_id
    assert carry_out(desk, planned) == 3
    assert len(desk.sets.get(made.set_id).pairs) == len(made.pairs) + 2
    again = plan(desk, file, lambda ids: {"new"}, set_id=made.set_id)
    assert (carry_out(desk, again), again.new_pairs) == (0, 0)
    assert desk.sets.get(made.set_id).revision == 2
    with pytest.raises(JudgmentError, match="no judgment set “other”"):
        plan(desk, file, everything, set_id="other")


def test_query_ids_of_qrels_get_their_texts(desk: JudgmentQueue, tmp_path: Path) -> None:
    file = tmp_path / "a.qrels"
    file.write_text("7 0 a 1\n8 0 a 2\n")
    made = plan(desk, file, everything, beside=Beside({"7": "lamp"}))
    assert made.judgment_set.queries == (JudgmentQuery("7", "lamp"), JudgmentQuery("8", "8"))
    assert plan(desk, file, everything).judgment_set.queries == (
        JudgmentQuery("7", "7"), JudgmentQuery("8", "8"),
    )  # fmt: skip


def exported(tmp_path: Path, made: JudgmentSet, ending: str) -> Path:
    events = [event(1, "ada", "a", 1), event(2, "bob", "b", 0)]
    what = Labels(made, events, events, {})
    return write(what, tmp_path / f"labels.{ending}", ending)


def test_our_own_files_go_into_their_own_set(desk: JudgmentQueue, tmp_path: Path) -> None:
    made = replace(small_set("ab", Rules(overlap=2)), engines=("clip",), depth=9)
    new = plan(desk, exported(tmp_path, made, "jsonl"), everything)
    assert (new.judgment_set, new.is_new, new.new_pairs) == (made, True, 2)
    assert [e.event_id for e in new.events] == ["1", "2"]
    assert carry_out(desk, new) == 2
    for ending in ("jsonl", "csv", "parquet"):
        again = plan(desk, exported(tmp_path, made, ending), everything)
        assert (again.judgment_set, again.is_new, again.notes) == (made, False, ())
        assert carry_out(desk, again) == 0
    alone = plan(desk, exported(tmp_path, replace(made, set_id="own"), "csv"), everything)
    assert alone.judgment_set.set_id == "set"  # the one that all events name
    both = [event(1), event(2, item="b", set_id="x")]
    path = write(Labels(made, both, both, {}), tmp_path / "two.csv", "csv")
    assert plan(desk, path, everything).judgment_set.set_id.startswith("import-")


def test_a_set_without_labels_can_be_taken_in(desk: JudgmentQueue, tmp_path: Path) -> None:
    path = write(Labels(small_set(), [], [], {}), tmp_path / "labels.jsonl", "jsonl")
    made = plan(desk, path, everything)
    assert (made.events, carry_out(desk, made)) == ((), 0)
    assert desk.sets.get("set") == small_set()
    path.write_text('{"query": "lamp", "docid": "x", "rating": 1}\n')
    with pytest.raises(JudgmentError, match="Nothing in this file fits"):
        carry_out(desk, plan(desk, path, lambda ids: ()))


@pytest.mark.parametrize("fault", ["created", "queries", "depth"])
def test_a_definition_that_lacks_something_is_said(
    desk: JudgmentQueue, tmp_path: Path, fault: str
) -> None:
    entry = {**to_json(small_set()), "set_id": "set", "created": START.isoformat()}
    del entry[fault]
    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps({"judgment_set": entry}) + "\n")
    with pytest.raises(JudgmentError, match=r"labels\.jsonl describes no judgment set"):
        plan(desk, path, everything)


def test_a_plan_counts_the_labels_that_it_would_replace(
    desk: JudgmentQueue, made: JudgmentSet, file: Path
) -> None:
    for item, who in (("q1-0", "ada"), ("q1-1", "ada"), ("q1-0", "bob"), ("q1-2", "ada")):
        desk.judge(grade(made, "q1", item, 1, who))
    rows = "".join(f"chair,q1-{n},ada,{value}\n" for n, value in enumerate((3, 2, 1, 0)))
    file.write_text("query,docid,rater,rating\n" + rows)
    planned = plan(desk, file, everything, set_id=made.set_id)
    assert planned.notes == ("2 labels that “ada” gave would be replaced.",)
    assert plan(desk, file, everything).notes == ()


def test_labels_of_missing_items_are_counted_in_a_note(desk: JudgmentQueue, file: Path) -> None:
    file.write_text("query,docid,rating\nlamp,a,1\nlamp,gone,3\nrug,gone,2\n")
    (note,) = (n for n in plan(desk, file, lambda ids: {"a"}).notes if "left out" in n)
    assert note.startswith("2 labels are left out, because the catalogue lacks their items")
    assert not any("left out" in n for n in plan(desk, file, everything).notes)
