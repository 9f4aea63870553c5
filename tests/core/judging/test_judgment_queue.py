from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.domain import (
    EventKind,
    Grade,
    JudgmentSet,
    Rules,
)
from core.errors import JudgmentError
from core.judging.aggregation import aggregate, labels
from core.judging.disagreement import disagreements
from core.judging.judgment_queue import JudgmentQueue
from core.judging.state import SetState
from core.store.database import open_database
from tests.core.judging.desks import QUERIES, grade, result, rules_of


def test_the_pool_is_the_union_of_the_top_results(made: JudgmentSet) -> None:
    items = {pair.item_id for pair in made.pairs if pair.query.query_id == "q1"}
    assert items == {f"q1-{i}" for i in range(7)}  # 0-3 of clip, 3-6 of vl-clip
    assert len(made.pairs) == 14


def test_a_set_comes_back_as_it_was_made(
    tmp_path: Path, desk: JudgmentQueue, made: JudgmentSet
) -> None:
    again = JudgmentQueue(open_database(tmp_path / "lance"))
    assert again.sets.all() == (made,)


def test_undo_goes_back_event_by_event(desk: JudgmentQueue, made: JudgmentSet) -> None:
    first, second = desk.next_pairs(made.set_id, "ada", 2)
    for pair, value in ((first, 3), (second, 0)):
        desk.judge(grade(made, pair.query.query_id, pair.item_id, value))
    for pair in (second, first):
        undone = desk.undo(made.set_id, "ada")
        assert undone is not None
        assert (undone.query_id, undone.item_id) == pair.key
    assert desk.undo(made.set_id, "ada") is None
    assert desk.current(made.set_id) == []
    assert desk.next_pairs(made.set_id, "ada", 2) == (first, second)


def test_a_later_grade_wins_and_undo_brings_the_earlier_back(
    desk: JudgmentQueue, made: JudgmentSet
) -> None:
    for value in (1, 3):
        desk.judge(grade(made, "q1", "q1-0", value))
    assert aggregate(desk.current(made.set_id)) == {("q1", "q1-0"): 3}
    desk.undo(made.set_id, "ada")
    assert aggregate(desk.current(made.set_id)) == {("q1", "q1-0"): 1}


def test_what_does_not_fit_is_refused(desk: JudgmentQueue, made: JudgmentSet) -> None:
    with pytest.raises(JudgmentError, match="not in the judgment set"):
        desk.judge(grade(made, "q1", "elsewhere", 1))
    with pytest.raises(JudgmentError, match="grade is one of"):
        desk.judge(grade(made, "q1", "q1-0", 7))
    with pytest.raises(JudgmentError, match="no judgment set"):
        desk.next_pairs("' OR 1=1 --", "ada")
    with pytest.raises(JudgmentError, match="nothing"):
        desk.sets.create(
            "Empty", QUERIES, ("clip",), 5, Rules(), lambda query: [result("clip", [])]
        )
    assert desk.current(made.set_id) == []


def test_an_event_sent_twice_counts_once(desk: JudgmentQueue, made: JudgmentSet) -> None:
    event = grade(made, "q1", "q1-0", 2)
    desk.judge(event)
    desk.judge(event)
    assert desk.current(made.set_id) == [event]
    desk.undo(made.set_id, "ada")
    assert desk.current(made.set_id) == []


def test_nobody_undoes_another_persons_label(desk: JudgmentQueue, made: JudgmentSet) -> None:
    hers = grade(made, "q1", "q1-0", 2)
    desk.judge(hers)
    with pytest.raises(JudgmentError, match="can't be sent"):
        desk.judge(
            replace(hers, event_id="x", kind=EventKind.UNDO, annotator="eve", note=hers.event_id)
        )
    assert desk.undo(made.set_id, "eve") is None
    assert desk.current(made.set_id) == [hers]


@pytest.mark.parametrize("name", ["", "  ", " ada", "a\x00b", "a\u202eb", "x" * 201, "a\ud800"])
def test_names_that_nobody_has_are_refused(
    desk: JudgmentQueue, made: JudgmentSet, name: str
) -> None:
    with pytest.raises(JudgmentError, match="name"):
        desk.judge(grade(made, "q1", "q1-0", 1, name))


@pytest.mark.parametrize(
    "name", ["' OR '1'='1", '"; DROP TABLE', "../../etc", "名前", "<b>ada</b>"]
)
def test_hostile_names_and_notes_are_only_text(
    tmp_path: Path, desk: JudgmentQueue, made: JudgmentSet, name: str
) -> None:
    event = replace(grade(made, "q1", "q1-0", 1, name), note="'); DROP\x00 TABLE --\n" + "n" * 9000)
    desk.judge(replace(event, seconds=float("nan")))
    (stored,) = JudgmentQueue(open_database(tmp_path / "lance")).current(made.set_id)
    assert stored.annotator == name
    assert stored.note.startswith("'); DROP TABLE --\n")
    assert len(stored.note) == 2000
    assert stored.seconds == 0.0
    assert desk.progress(made.set_id, "ada").done == 0


def test_an_adjudicator_decides_and_deletions_keep_the_log(
    desk: JudgmentQueue, made: JudgmentSet
) -> None:
    for who, value in (("ada", 3), ("bob", 0), ("cyd", 0)):
        desk.judge(grade(made, "q1", "q1-0", value, who))
    desk.judge(grade(made, "q1", "q1-1", 1))
    decide = replace(grade(made, "q1", "q1-0", 2, "lea"), kind=EventKind.ADJUDICATE, note="colour")
    (open_one,) = disagreements(desk.current(made.set_id), {})
    assert (open_one.spread, len(open_one.labels)) == (3, 3)
    assert labels(desk.current(made.set_id), "adjudicated").keys() == {("q1", "q1-1")}
    desk.judge(decide)
    decisions = desk.look(made.set_id, SetState.decisions)
    assert aggregate(desk.current(made.set_id), "majority", decisions)[("q1", "q1-0")] == 2
    assert disagreements(desk.current(made.set_id), decisions)[0].decision == decide
    assert len(desk.current(made.set_id)) == 4  # the decision is no label of an annotator
    bobs = [e.event_id for e in desk.current(made.set_id) if e.annotator == "bob"]
    assert desk.delete(made.set_id, bobs, "lea") == 1
    assert "bob" not in {e.annotator for e in desk.current(made.set_id)}
    assert len(desk.events(made.set_id)) == 6


def test_a_set_only_grows(desk: JudgmentQueue, made: JudgmentSet) -> None:
    grown = desk.sets.extend(made.set_id, [made.pairs[0], replace(made.pairs[0], item_id="new")])
    assert [pair.item_id for pair in grown.pairs[len(made.pairs) :]] == ["new"]
    with pytest.raises(JudgmentError, match="only grows"):
        desk.sets.revise(made.set_id, lambda old: replace(old, pairs=old.pairs[1:]))
    with pytest.raises(JudgmentError, match="scale"):
        rules_of(desk, made, Rules(scale=(Grade(1, "yes"),)))


def test_an_id_that_was_used_for_another_judgment_is_not_acknowledged(desk, made):
    pair, other = made.pairs[:2]
    first = grade(made, *pair.key, 2)
    desk.judge(first)
    desk.judge(first)  # sent again: the same judgment, saved once
    with pytest.raises(JudgmentError, match="used for another"):
        desk.judge(replace(grade(made, *other.key, 1, who="bob"), event_id=first.event_id))
    with pytest.raises(JudgmentError, match="used for another"):
        desk.judge(replace(first, grade=0))
    with pytest.raises(JudgmentError, match="used for another"):
        desk.judge(replace(first, note="on second thoughts"))
    assert [event.grade for event in desk.current(made.set_id)] == [2]


@pytest.mark.parametrize(
    "changes",
    [{"guidelines": 10**30}, {"guidelines": 0}, {"guidelines": True}, {"guidelines": "1"},
     {"seconds": "long"}, {"seconds": True}, {"round": 2}, {"round": True}, {"round": 0.0},
     {"grade": True}, {"grade": 2.0}, {"grade": 10**30}, {"grade": None}, {"grade": [1]},
     {"at": datetime(1, 1, 1, tzinfo=UTC)}, {"at": datetime(1969, 12, 31, tzinfo=UTC)},
     {"at": datetime.max.replace(tzinfo=UTC)}, {"at": datetime.now(UTC) + timedelta(days=2)},
     {"at": datetime(2026, 1, 1)}, {"event_id": ""}, {"event_id": "x" * 65}],
)  # fmt: skip
def test_values_out_of_range_are_refused_before_anything_is_written(desk, made, changes):
    with pytest.raises(JudgmentError):
        desk.judge(replace(grade(made, *made.pairs[0].key, 2), **changes))
    assert desk.current(made.set_id) == []


@pytest.mark.parametrize(
    ("sent", "kept"),
    [(10**400, 86_400.0), (float("inf"), 0.0), (float("nan"), 0.0), (-5, 0.0), (3, 3.0)],
)
def test_odd_durations_are_bounded(desk, made, sent, kept):
    desk.judge(replace(grade(made, *made.pairs[0].key, 2), seconds=sent))
    assert [event.seconds for event in desk.current(made.set_id)] == [kept]


def test_an_undo_sent_again_takes_back_the_same_label_and_no_one_else_s_id_does(desk, made):
    for pair, value in zip(made.pairs[:2], (1, 2), strict=True):
        desk.judge(grade(made, *pair.key, value))
    first = desk.undo(made.set_id, "ada", "undo-1")
    assert desk.undo(made.set_id, "ada", "undo-1") == first
    assert [event.grade for event in desk.current(made.set_id)] == [1]
    desk.judge(grade(made, *made.pairs[2].key, 3, "eve"))
    with pytest.raises(JudgmentError, match="used for another"):
        desk.undo(made.set_id, "eve", "undo-1")
    assert len(desk.current(made.set_id)) == 2
