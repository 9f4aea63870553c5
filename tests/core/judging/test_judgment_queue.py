from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
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
from core.errors import JudgmentError, NotSaved
from core.judging.aggregation import aggregate, labels
from core.judging.disagreement import disagreements
from core.judging.judgment_queue import JudgmentQueue
from core.judging.state import SetState
from core.store.database import open_database
from tests.core.judging.desks import QUERIES, grade, result, rules_of, small_set


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


def age(event) -> float:
    return abs((datetime.now(UTC) - event.at).total_seconds())


def test_an_undo_is_an_event_of_its_own_that_names_the_label(desk, made):
    label = replace(grade(made, "q1", "q1-0", 2), at=datetime(2026, 1, 1, tzinfo=UTC), page="9",
                    round=1, guidelines=3, seconds=7.0)  # fmt: skip
    desk.judge(label)
    assert desk.undo(made.set_id, "ada") == label
    _, undo = desk.events(made.set_id)
    assert age(undo) < 60
    assert undo == replace(label, event_id=undo.event_id, kind=EventKind.UNDO, grade=None,
                           note=label.event_id, at=undo.at, seconds=0.0)  # fmt: skip
    assert len(undo.event_id) == 32
    desk.judge(replace(label, event_id="again"))
    assert desk.undo(made.set_id, "ada", "mine").event_id == "again"
    assert desk.events(made.set_id)[-1].event_id == "mine"
    with pytest.raises(JudgmentError, match="used for another"):
        desk.undo(made.set_id, "ada", label.event_id)
    with pytest.raises(JudgmentError, match="no judgment set"):
        desk.undo("never", "ada")


def test_a_deletion_says_who_took_a_label_out_and_why(desk, made):
    hers, his = grade(made, "q1", "q1-0", 2), grade(made, "q1", "q1-1", 1, "bob")
    for label in (hers, his):
        desk.judge(replace(label, at=datetime(2026, 1, 1, tzinfo=UTC), page="9"))
    assert desk.delete(made.set_id, [his.event_id], "lea", "ro\x00bot " + "x" * 50) == 1
    *_, gone = desk.events(made.set_id)
    assert age(gone) < 60
    assert gone == replace(his, event_id=gone.event_id, kind=EventKind.DELETE, grade=None,
                           annotator="lea", note=his.event_id, page="robot " + "x" * 34,
                           at=gone.at, seconds=0.0)  # fmt: skip
    assert len(gone.event_id) == 32
    assert [label.event_id for label in desk.current(made.set_id)] == [hers.event_id]
    assert desk.delete(made.set_id, [hers.event_id], "lea") == 1
    assert desk.events(made.set_id)[-1].page == ""
    assert desk.delete(made.set_id, [], "lea") == 0
    before = len(desk.events(made.set_id))
    with pytest.raises(JudgmentError, match="not in the judgment set"):
        desk.delete(made.set_id, [hers.event_id, "never"], "lea")
    assert len(desk.events(made.set_id)) == before


def test_an_event_that_was_written_twice_is_shown_once_and_the_oldest_first(desk, made):
    late, early = grade(made, "q1", "q1-0", 2), grade(made, "q1", "q1-1", 1)
    early = replace(early, at=late.at - timedelta(seconds=9))
    desk._log.append([late, early, late])
    assert desk.events(made.set_id) == [early, late]
    with pytest.raises(JudgmentError, match="no judgment set"):
        desk.events("never")
    with pytest.raises(JudgmentError, match="no judgment set"):
        desk.look("never", len)


@pytest.mark.parametrize("kind", [EventKind.UNDO, EventKind.DELETE, EventKind.SHOWN])
def test_what_takes_back_can_not_be_sent_as_a_judgment(desk, made, kind):
    sent = replace(grade(made, "q1", "q1-0", 1), kind=kind, grade=None)
    with pytest.raises(JudgmentError, match="can't be sent"):
        desk.judge(sent)


@pytest.mark.parametrize(
    "change",
    [{"annotator": "bob"}, {"item_id": "q1-1"}, {"query_id": "q2", "item_id": "q2-0"}, {"round": 1},
     {"grade": 1}, {"note": "x"}, {"kind": EventKind.SKIP, "grade": None}],
)  # fmt: skip
def test_an_id_stands_for_one_judgment_in_every_part(desk, made, change):
    label = grade(made, "q1", "q1-0", 2)
    desk.judge(label)
    with pytest.raises(JudgmentError, match="used for another"):
        desk.judge(replace(label, **change))
    later = replace(label, at=label.at + timedelta(seconds=9), seconds=5.0, page="8", guidelines=2)
    desk.judge(later)  # the page measured anew what is the same judgment
    assert desk.current(made.set_id) == [label]


def test_a_fault_while_saving_leaves_the_id_free(desk, made, monkeypatch):
    label = grade(made, "q1", "q1-0", 2)
    with monkeypatch.context() as patch:

        def fails(events):
            raise NotSaved("x")

        patch.setattr(desk._log, "append", fails)
        with pytest.raises(NotSaved, match=r"^x$"):
            desk.judge(label)
    desk.judge(label)
    assert desk.current(made.set_id) == [label]


def held(desk, made) -> dict:
    with desk._leases.dealing(made.set_id) as deal:
        return dict(deal.held("ada", "").holders)


def test_pairs_are_held_and_given_back(desk, made):
    desk.deal(made.set_id, "ada", 3)
    assert len(held(desk, made)) == 3
    rules_of(desk, made, Rules(overlap=1))
    hand = [task.pair.key for task in desk.deal(made.set_id, "ada", 3).tasks]
    assert held(desk, made) == {key: {"ada"} for key in hand}
    desk.release(made.set_id, "bob", [(*key, 0) for key in hand])
    desk.release(made.set_id, "ada", [])
    assert len(held(desk, made)) == 3
    desk.release(made.set_id, "ada", [(*hand[0], 0)])
    assert held(desk, made) == {key: {"ada"} for key in hand[1:]}
    skip = replace(grade(made, *hand[1], 0), kind=EventKind.SKIP, grade=None)
    desk.judge(skip)
    assert held(desk, made) == {hand[2]: {"ada"}}
    desk.judge(grade(made, *hand[2], 1))
    assert held(desk, made) == {hand[2]: {"ada"}}  # until the lease ends, see `Leases`


def test_a_hidden_repeat_is_not_held_and_options_reach_the_dealer(desk, made):
    rules_of(desk, made, Rules(overlap=1, repeats=0.5))
    for pair in made.pairs:
        desk.judge(grade(made, *pair.key, 1))
    hand = desk.deal(made.set_id, "ada", 9)
    assert hand.tasks
    assert {task.round for task in hand.tasks} == {1}
    assert held(desk, made) == {}
    first = hand.tasks[0].pair.key
    rest = desk.deal(made.set_id, "ada", 9, without={(*first, 1)})
    assert len(rest.tasks) == len(hand.tasks) - 1
    assert len(desk.deal(made.set_id, "ada").tasks) == 1


@pytest.mark.parametrize("overlap", [0, 1])
def test_a_page_gets_pairs_of_its_query_alone(desk, made, overlap):
    rules_of(desk, made, Rules(overlap=overlap))
    for query in ("q1", "q2"):
        hand = desk.deal(made.set_id, "ada", 99, one_query=True, first=query)
        assert {task.pair.query.query_id for task in hand.tasks} == {query}
        assert len(hand.tasks) == 7
    both = desk.deal(made.set_id, "ada", 99, first="q2")
    assert [task.pair.query.query_id for task in both.tasks] == ["q2"] * 7 + ["q1"] * 7
    taken = [(*task.pair.key, 0) for task in both.tasks[:13]]
    (last,) = desk.deal(made.set_id, "ada", 99, taken).tasks
    assert last == both.tasks[13]
    assert desk.next_pairs(made.set_id, "ada") == (desk.deal(made.set_id, "ada", 1).tasks[0].pair,)


def test_the_orders_of_few_annotators_are_kept_and_follow_a_revision(desk, made, monkeypatch):
    monkeypatch.setattr("core.judging.judgment_queue._ORDERS_KEPT", 2)
    mine = desk._order(made, "ada")
    assert desk._order(made, "ada") is mine
    desk._order(made, "bob")
    assert desk._order(made, "ada") is mine  # used last, so it stays
    desk._order(made, "cyd")
    assert [who for _, _, who, _ in desk._orders] == ["ada", "cyd"]
    grown = desk.sets.extend(made.set_id, [replace(made.pairs[0], item_id="new")])
    assert len(desk._order(grown, "ada")) == len(made.pairs) + 1
    assert len(desk._orders) == 2


def test_the_pairs_of_a_set_are_kept_until_it_changes(desk, made, monkeypatch):
    monkeypatch.setattr("core.judging.judgment_queue._SETS_KEPT", 2)
    pairs = desk._pairs_of(made)
    assert pairs == {pair.key: pair for pair in made.pairs}
    desk._pairs_of(small_set())
    assert desk._pairs_of(made) is pairs
    desk._pairs_of(replace(small_set(), set_id="third"))
    assert list(desk._pairs) == [made.set_id, "third"]
    grown = desk.sets.extend(made.set_id, [replace(made.pairs[0], item_id="new")])
    assert (made.pairs[0].query.query_id, "new") in desk._pairs_of(grown)


def test_events_of_a_file_are_taken_in_once_and_all_or_none(desk, made):
    new = [grade(made, "q1", f"q1-{n}", 1, "agency") for n in range(3)]
    foreign = [replace(label, set_id="theirs") for label in new]
    assert desk.take_in(made.set_id, [*foreign[:2], foreign[1]]) == 2
    assert desk.take_in(made.set_id, foreign) == 1
    assert desk.take_in(made.set_id, foreign) == desk.take_in(made.set_id, []) == 0
    assert {label.set_id for label in desk.current(made.set_id)} == {made.set_id}
    bad = replace(new[0], event_id="x", item_id="elsewhere")
    with pytest.raises(JudgmentError, match="not in the judgment set"):
        desk.take_in(made.set_id, [grade(made, "q2", "q2-0", 1), bad])
    assert len(desk.events(made.set_id)) == 3


def test_progress_is_one_s_own(desk, made):
    desk.judge(grade(made, "q1", "q1-0", 2))
    assert (desk.progress(made.set_id, "ada").done, desk.progress(made.set_id, "ada").total) == (
        1, 14,
    )  # fmt: skip
    assert desk.progress(made.set_id, "bob").annotators == 1


def test_a_judgment_that_two_tabs_send_at_once_is_saved_for_both(desk, made, monkeypatch):
    """Both read what waits in the browser; neither may say that it could not be saved."""
    event, begun, go = grade(made, *made.pairs[0].key, 2), threading.Event(), threading.Event()
    append = desk._log.append

    def slow(events):
        begun.set()
        assert go.wait(120)
        append(events)

    monkeypatch.setattr(desk._log, "append", slow)
    with ThreadPoolExecutor(2) as tabs:
        first = tabs.submit(desk.judge, event)
        assert begun.wait(120)
        second = tabs.submit(desk.judge, event)
        time.sleep(0.1)
        go.set()
        assert (first.result(120), second.result(120)) == (None, None)
    assert desk.events(made.set_id) == [event]
