"""What an annotator said is final once engines' lists were shown to them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.domain import EventKind, JudgmentEvent, JudgmentSet, Rules
from core.errors import JudgmentError
from core.judging.final_labels import came_graded, is_final, lacks_people
from core.judging.importing import carry_out, plan
from core.judging.judgment_queue import JudgmentQueue
from core.judging.label_export import Labels, write
from core.judging.open_sets import note_shown
from core.judging.progress_tally import progress
from core.judging.queue import due_repeats
from core.judging.sets import CLICK_SETS
from core.judging.state import SetState
from core.store.database import open_database
from tests.core.judging.desks import event, grade, rules_of, small_set

GRADE, SKIP, UNSURE = EventKind.GRADE, EventKind.SKIP, EventKind.UNSURE
A = ("q", "a")


def label(
    made: JudgmentSet, number: int, kind: EventKind = GRADE, who: str = "ada"
) -> JudgmentEvent:
    """Make a label of the set's pair with this number, given now."""
    given = grade(made, *made.pairs[number].key, 2, who)
    return given if kind is GRADE else replace(given, kind=kind, grade=None)


def shown(number: float, who: str = "ada") -> JudgmentEvent:
    return event(number, who, grade=None, kind=EventKind.SHOWN)


@pytest.mark.parametrize(
    ("rules", "graded", "events", "lacks"),
    [
        (Rules(overlap=1), False, [], True),
        (Rules(overlap=1), False, [event(1, "bob")], False),
        (Rules(overlap=2), False, [event(1, "bob")], True),
        (Rules(overlap=2), True, [event(1, "bob")], True),
        (Rules(overlap=1), False, [event(1, "bob", grade=None, kind=UNSURE)], True),
        (Rules(overlap=1), False, [event(1, "lea", kind=EventKind.ADJUDICATE)], False),
        (Rules(overlap=1, calibration=frozenset({A})), False, [event(1, "bob")], True),
        (Rules(), False, [event(1, "bob"), event(2, "cyd")], True),
        (Rules(), True, [], True),
        (Rules(), True, [event(1, "bob")], False),
        (Rules(), False, [event(1, "lea", kind=EventKind.ADJUDICATE)], False),
    ],
)
def test_a_pair_lacks_people(
    rules: Rules, graded: bool, events: list[JudgmentEvent], lacks: bool
) -> None:
    assert lacks_people(rules, SetState(events), A, graded) is lacks


def test_a_set_came_with_its_grades() -> None:
    made = small_set("a")
    assert not came_graded(made)
    assert came_graded(made, made.set_id)
    assert came_graded(replace(made, engines=()))
    assert came_graded(replace(made, set_id=f"{CLICK_SETS}1"))


@pytest.mark.parametrize(
    ("events", "final"),
    [
        ([event(1)], False),
        ([event(1), shown(2)], True),
        ([event(1), shown(2, "bob")], False),
        ([shown(1), event(2)], False),  # given while the lists were hidden again
        ([shown(1), event(2), shown(3)], True),
        ([shown(1)], False),
        ([shown(1), event(2, "bob")], True),
        ([event(1, grade=None, kind=UNSURE), shown(2)], True),
        ([event(1, grade=None, kind=SKIP), shown(2)], False),
        ([event(1, grade=None, kind=SKIP), shown(2), event(3, "bob")], True),
    ],
)
def test_what_is_final(events: list[JudgmentEvent], final: bool) -> None:
    for order in (events, events[::-1]):
        assert is_final(Rules(overlap=1), SetState(order), "ada", A) is final


def test_who_may_see_a_decision_can_t_change_what_they_said(
    desk: JudgmentQueue, made: JudgmentSet
) -> None:
    """One could say of every pair that one can't tell, read the decisions and repeat them."""
    unsure = label(made, 0, UNSURE)
    desk.judge(unsure)
    desk.judge(replace(label(made, 0), kind=EventKind.ADJUDICATE, annotator="lea", note="why"))
    for kind in (GRADE, UNSURE):
        with pytest.raises(JudgmentError, match="has been decided"):
            desk.judge(label(made, 0, kind))
    with pytest.raises(JudgmentError, match="has been decided"):
        desk.undo(made.set_id, "ada")
    with pytest.raises(JudgmentError, match="has been decided"):
        desk.judge(replace(label(made, 0), round=1))
    desk.judge(unsure)  # sent again, as a page without an answer does
    desk.judge(label(made, 1))
    desk.judge(replace(label(made, 0), annotator="bob"))


def test_a_decided_pair_does_not_come_again() -> None:
    rules = Rules(repeats=1.0)
    made = replace(small_set("abcdefgh"), rules=rules)
    state = SetState(event(number, item_id=name) for number, name in enumerate("abcde"))

    def due() -> str:
        return "".join(
            task.pair.item_id for task in due_repeats(made.pairs, state, rules, "ada", 1)
        )

    assert (due(), progress(made, state, "ada").total) == ("abcd", 16)
    state.add(event(9, "lea", kind=EventKind.ADJUDICATE))
    assert (due(), progress(made, state, "ada").total) == ("bcd", 15)


def test_a_label_can_t_be_changed_after_the_lists_were_shown(
    desk: JudgmentQueue, made: JudgmentSet
) -> None:
    """One could say of every pair that one can't tell, read the lists and come back."""
    unsure, first, corrected = label(made, 0, UNSURE), label(made, 1), label(made, 1)
    for sent in (unsure, first, corrected):
        desk.judge(sent)
    note_shown(desk, ["ada"])
    for kind in (GRADE, UNSURE, SKIP):
        for sent in (label(made, 0, kind), replace(label(made, 0, kind), round=1)):
            with pytest.raises(JudgmentError, match="stays"):
                desk.judge(sent)
    with pytest.raises(JudgmentError, match="stays"):
        desk.undo(made.set_id, "ada")
    assert desk.current(made.set_id) == sorted(
        [unsure, corrected], key=lambda e: (e.query_id, e.item_id)
    )
    desk.judge(corrected)  # sent again, because its answer was lost
    flag = replace(label(made, 0), kind=EventKind.FLAG, grade=None, note="no photo")
    with pytest.raises(JudgmentError, match="stays"):  # it would choose what is decided
        desk.judge(flag)
    desk.judge(label(made, 0, who="bob"))
    desk.judge(label(made, 0, who="bob"))


@pytest.mark.parametrize("overlap", [0, 1, 2])
def test_requests_that_race_with_the_lists_reopen_nothing(
    desk: JudgmentQueue, made: JudgmentSet, overlap: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They passed the check before the lists were shown, and were stored afterwards."""
    rules_of(desk, made, Rules(overlap=overlap))
    unsure = label(made, 0, UNSURE)
    desk.judge(unsure)
    note_shown(desk, ["ada"])
    with monkeypatch.context() as racing:
        racing.setattr("core.judging.judgment_queue.check_final", lambda *_, **__: None)
        desk.judge(label(made, 0, SKIP))
        desk.undo(made.set_id, "ada")
        desk.judge(label(made, 0, UNSURE))
    with pytest.raises(JudgmentError, match="stays"):
        desk.judge(label(made, 0))
    assert desk.current(made.set_id) == [unsure]


def test_a_pair_with_all_its_grades_takes_no_more_after_the_lists_were_shown(
    desk: JudgmentQueue, made: JudgmentSet
) -> None:
    """Keys of pairs can be put by: so it does not matter whether the pair was dealt."""
    rules_of(desk, made, Rules(overlap=1))
    for number in (0, 1):
        desk.judge(label(made, number, who="bob"))
    desk.judge(label(made, 0))  # from a browser that was offline
    note_shown(desk, ["ada"])
    for kind in (GRADE, UNSURE):
        with pytest.raises(JudgmentError, match="has all its grades"):
            desk.judge(label(made, 1, kind))
    desk.judge(label(made, 2))


def test_a_pair_that_lacks_people_again_takes_a_grade_and_nothing_else_changes(
    desk: JudgmentQueue, made: JudgmentSet
) -> None:
    rules_of(desk, made, Rules(overlap=1))
    desk.judge(label(made, 0))
    bobs = label(made, 1, who="bob")
    desk.judge(bobs)
    note_shown(desk, ["ada"])
    desk.delete(made.set_id, [bobs.event_id], "lea")
    desk.judge(label(made, 1))
    desk.judge(label(made, 1))  # the lists are hidden now
    with pytest.raises(JudgmentError, match="stays"):
        desk.judge(label(made, 0))
    note_shown(desk, ["ada"])
    with pytest.raises(JudgmentError, match="stays"):
        desk.judge(label(made, 1))


def test_that_the_lists_were_shown_is_noted_once_for_each_set(
    desk: JudgmentQueue, made: JudgmentSet
) -> None:
    other = desk.sets.add(replace(made, set_id="other"))
    desk.sets.add(replace(made, set_id="empty", pairs=()))

    def notes() -> list[tuple[str, int]]:
        counts = [(set_id, len(desk.events(set_id))) for set_id in (made.set_id, "other", "empty")]
        return [(set_id, count) for set_id, count in counts if count]

    note_shown(desk, [])
    assert notes() == []
    for _ in range(2):
        note_shown(desk, ["ada", "bob"])
        assert notes() == [(made.set_id, 2), ("other", 2)]
    desk.judge(label(other, 0))
    note_shown(desk, ["ada", "bob"])
    assert notes() == [(made.set_id, 2), ("other", 4)]


def test_after_the_lists_were_shown_a_graded_set_deals_nothing(tmp_path: Path) -> None:
    desk = JudgmentQueue(open_database(tmp_path / "lance"), "set")
    made = desk.sets.add(small_set("abc"))
    for number in range(3):
        desk.judge(label(made, number, who="grader A"))
    assert len(desk.next_pairs("set", "ada", 9)) == 3
    note_shown(desk, ["ada"])
    assert desk.next_pairs("set", "ada", 9) == ()
    assert desk.progress("set", "ada").total == 0
    assert len(desk.next_pairs("set", "lead", 9)) == 3


def test_no_hidden_repeat_is_dealt_after_the_lists_were_shown() -> None:
    made, rules = small_set("abcdef"), Rules(repeats=1.0)
    labels = [event(n, item=item) for n, item in enumerate("abcdef")]
    for more, due in (([], True), ([shown(9)], False), ([shown(9, "bob")], True)):
        repeats = due_repeats(made.pairs, SetState([*labels, *more]), rules, "ada", 3)
        assert bool(repeats) is due


def test_it_stands_in_the_history_and_comes_back_from_it(
    desk: JudgmentQueue, made: JudgmentSet, tmp_path: Path
) -> None:
    desk.judge(label(made, 0))
    note_shown(desk, ["ada"])
    history = Labels(made, desk.events(made.set_id), desk.current(made.set_id), {})
    file = write(history, tmp_path / "history.jsonl", "jsonl")
    other = JudgmentQueue(open_database(tmp_path / "other" / "lance"))
    read = plan(other, file, lambda ids: ids)
    assert read.rejected == ()
    carry_out(other, read)
    with pytest.raises(JudgmentError, match="stays"):
        other.judge(label(made, 0))


def test_a_decided_pair_is_no_longer_open_to_whom_the_lists_were_shown(
    desk: JudgmentQueue, made: JudgmentSet
) -> None:
    note_shown(desk, ["ada"])
    total = desk.progress(made.set_id, "ada").total
    desk.judge(replace(label(made, 0, who="lea"), kind=EventKind.ADJUDICATE))
    assert desk.progress(made.set_id, "ada").total == total - 1
    assert made.pairs[0] not in desk.next_pairs(made.set_id, "ada", 99)
