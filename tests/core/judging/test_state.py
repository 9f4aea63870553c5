"""What events add up to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import EventKind
from core.judging.state import SetState
from tests.core.judging.desks import START, event

UNDO, DELETE = EventKind.UNDO, EventKind.DELETE


def take_back(number: float, note: str, who: str = "ada", kind: EventKind = UNDO):
    return event(number, who, grade=None, kind=kind, note=note)


def test_an_undo_takes_back_one_s_own_label_only():
    state = SetState()
    state.add(event(1, "bob", grade=3))
    state.add(event(2, "ada", grade=1))
    state.add(take_back(3, "1"))
    assert {label.annotator: label.grade for label in state.all_current()} == {"ada": 1, "bob": 3}


def test_an_undo_brings_the_label_before_back():
    state = SetState()
    state.add(event(1, "ada", grade=3))
    state.add(event(2, "ada", grade=1))
    state.add(take_back(3, "2"))
    assert [label.grade for label in state.all_current()] == [3]


def test_events_add_up_to_the_same_in_whatever_order_they_are_read():
    events = [event(1, grade=1), event(2, grade=2), take_back(3, "2"), event(4, "bob", grade=0),
              take_back(5, "4", "lead", DELETE)]  # fmt: skip
    for order in permutations(events):
        state = SetState(order)
        assert [label.grade for label in state.all_current()] == [1]
        assert state.graders(("q", "a")) == {"ada"}
        assert state.annotators() == ("ada",)
        assert state.latest == START + timedelta(seconds=5)


def test_the_earlier_read_of_two_labels_at_one_moment_stands():
    first, second = event(1, grade=1), event(1, grade=2, event_id="b")
    for pair in ((first, second), (second, first)):
        assert SetState(pair).all_current() == [pair[0]]


def test_an_event_counts_once():
    state = SetState([event(1), event(2, item="b")])
    state.add(event(1))
    assert len(state) == 2
    assert "1" in state
    assert "3" not in state
    assert state.turns_since("ada", ("q", "a")) == 1
    assert SetState().latest is None
    assert state.latest == START + timedelta(seconds=2)


def test_events_are_looked_up_by_id_and_what_takes_back_is_no_label():
    label, undo, deletion = event(1), take_back(2, "1"), take_back(3, "1", "lead", DELETE)
    state = SetState([label, undo, deletion])
    assert [state.find(name) for name in "1234"] == [label, None, None, None]
    assert [state.taken(name) for name in "1234"] == [label, undo, deletion, None]


def test_turns_are_counted_per_person_since_the_latest_label_of_a_pair():
    state = SetState([event(1, item="a"), event(2, item="b"), event(3, "bob", "a")])
    assert state.turns_since("ada", ("q", "a")) == 1
    assert state.turns_since("ada", ("q", "b")) == 0
    assert state.turns_since("ada", ("q", "never")) == 2
    assert state.turns_since("bob", ("q", "a")) == 0
    assert state.turns_since("nobody", ("q", "a")) == 0
    state.add(event(4, item="a"))
    state.add(event(5, item="c", kind=EventKind.SKIP, grade=None))
    state.add(event(6, item="b", round=1))  # a hidden repeat is no turn
    state.add(event(7, item="b", kind=EventKind.FLAG, grade=None))
    assert state.turns_since("ada", ("q", "a")) == 1
    assert state.turns_since("ada", ("q", "b")) == 2


def test_the_latest_labels_come_newest_first_and_repeats_are_among_them():
    state = SetState([event(3, item="c"), event(1, item="a"), event(2, item="b"),
                      event(4, item="a", round=1), event(9, "bob")])  # fmt: skip
    assert [label.event_id for label in state.recent("ada", 3)] == ["4", "3", "2"]
    assert [label.event_id for label in state.recent("ada", 9)] == ["4", "3", "2", "1"]
    assert state.last("ada") == event(4, item="a", round=1)
    assert state.last("nobody") is None
    assert state.recent("nobody", 3) == []
    flag = event(5, item="b", kind=EventKind.FLAG, grade=None)
    state.add(flag)
    assert state.last("ada") == flag  # an undo takes a flag back, too
    assert [label.event_id for label in state.recent("ada", 1)] == ["4"]


def test_labels_repeats_flags_and_decisions_are_kept_apart_and_sorted():
    label, repeat = event(1, item="b"), event(2, item="b", round=1, grade=3)
    flag = event(3, item="b", grade=None, kind=EventKind.FLAG)
    decision = event(4, "lead", "b", 2, kind=EventKind.ADJUDICATE)
    more = [event(5, item="a"), event(6, "bob", "a"), event(7, item="a", query_id="p")]
    state = SetState([decision, flag, repeat, *more, label])
    assert state.all_current() == [more[2], more[0], more[1], label]
    assert state.all_repeated() == [repeat]
    assert state.flags() == [flag]
    assert state.decisions() == {("q", "b"): decision}
    assert state.current("ada") == {("q", "b"): label, ("q", "a"): more[0], ("p", "a"): more[2]}
    assert state.repeated("ada") == {("q", "b"): repeat}
    assert state.current("nobody") == state.repeated("nobody") == {}
    assert state.annotators() == ("ada", "bob")
    assert state.graders(("q", "a")) == {"ada", "bob"}
    assert state.graders(("q", "b")) == {"ada"}
    assert state.graders(("q", "never")) == set()


def test_skips_and_unsure_labels_make_no_grader():
    state = SetState([event(1), event(2, "bob"), event(3, kind=EventKind.SKIP, grade=None)])
    assert state.graders(("q", "a")) == {"bob"}
    state.add(event(4, "bob", kind=EventKind.UNSURE, grade=None))
    assert state.graders(("q", "a")) == set()
    assert state.annotators() == ("ada", "bob")
    state.add(event(5))
    assert state.graders(("q", "a")) == {"ada"}


def test_the_latest_decision_of_all_adjudicators_stands():
    def decided(number: float, who: str, item: str = "a"):
        return event(number, who, item, kind=EventKind.ADJUDICATE)

    first, second = decided(1, "lea"), decided(2, "max")
    other = decided(3, "lea", "b")
    for order in ((first, second, other), (other, second, first)):
        assert SetState(order).decisions() == {("q", "a"): second, ("q", "b"): other}
    same = replace(decided(2, "zoe"), event_id="z")
    assert SetState([second, same]).decisions() == {("q", "a"): second}
    state = SetState([first, second, event(4, "max", kind=UNDO, note="2", grade=None)])
    assert state.decisions() == {("q", "a"): first}


@pytest.mark.parametrize(
    ("group", "changes"),
    [("all_current", {}), ("all_repeated", {"round": 1}), ("flags", {"kind": EventKind.FLAG})],
)
def test_what_is_taken_back_stands_nowhere(group, changes):
    state = SetState([event(1, **changes), event(2, "bob", **changes), take_back(3, "1")])
    assert [label.event_id for label in getattr(state, group)()] == ["2"]
    state.add(take_back(4, "2", "lead", DELETE))
    assert getattr(state, group)() == []
    assert state.annotators() == ()


def test_it_is_known_whether_the_lists_were_shown_since_somebody_judged():
    at = [event(n).at for n in range(6)]
    state = SetState([shown(1), shown(3), shown(2), event(2, "bob")])
    assert (state.shown_at("ada"), state.shown_at("bob")) == (at[3], None)
    assert (state.is_shown("ada"), state.is_shown("bob")) == (True, False)
    assert state.changed == [("q", "a")]
    assert state.annotators() == ("bob",)
    state.add(event(4))
    assert (state.shown_at("ada"), state.is_shown("ada")) == (at[3], False)
    state.add(shown(5))
    assert state.is_shown("ada")


def test_a_pair_is_decided_while_a_decision_stands():
    state = SetState([event(1, "lea", kind=EventKind.ADJUDICATE), event(2, item="b")])
    assert (state.is_decided(("q", "a")), state.is_decided(("q", "b"))) == (True, False)
    state.add(event(3, "max", kind=EventKind.DELETE, grade=None, note="1"))
    assert not state.is_decided(("q", "a"))


LATE = (
    (event(4, grade=3),),
    (event(4, kind=EventKind.SKIP, grade=None),),
    (take_back(4, "1"),),
    (take_back(4, "1"), event(5, grade=3)),
    (event(4, kind=EventKind.SKIP, grade=None), event(5, grade=3), take_back(6, "4")),
)


@pytest.mark.parametrize("late", LATE)
def test_what_was_said_of_a_judged_pair_after_the_lists_were_shown_has_no_effect(late):
    """Requests that race with the lists may be stored before or after "shown"."""
    for order in permutations([event(1, grade=0), shown(3), *late]):
        state = SetState(order)
        assert [label.event_id for label in state.all_current()] == ["1"]
        assert state.graders(("q", "a")) == {"ada"}
        assert state.is_bound("ada", ("q", "a"))


PUT_OFF = {"kind": EventKind.SKIP, "grade": None}


@pytest.mark.parametrize(
    ("before", "late", "stands"),
    [
        ((), (event(4, grade=3, round=1),), []),
        ((event(2, round=1, **PUT_OFF),), (event(4, grade=3, round=1),), ["2"]),
        ((event(2, round=1),), (event(4, grade=3, round=1),), ["2"]),
        ((event(2, round=1),), (event(4, round=1, **PUT_OFF),), ["2"]),
        ((event(2, round=1),), (take_back(4, "2"),), ["2"]),
        ((event(2, round=1), take_back(2.5, "2")), (event(4, grade=3, round=1),), []),
        ((), (event(4, grade=3, round=1), take_back(5, "4"), event(6, round=1)), []),
    ],
)
def test_a_repeat_of_a_pair_that_was_judged_before_the_lists_were_shown_has_no_effect_after(
    before, late, stands
):
    for order in permutations([event(1, grade=0), *before, shown(3), *late]):
        state = SetState(order)
        assert [label.event_id for label in state.all_repeated()] == stands
        assert [label.event_id for label in state.all_current()] == ["1"]


def test_a_repeat_of_a_pair_that_was_judged_while_the_lists_were_hidden_again_counts():
    first, again = event(2), event(4, round=1)
    for order in permutations([shown(1), first, again, shown(5), event(6, grade=3, round=1)]):
        state = SetState(order)
        assert (state.all_current(), state.all_repeated()) == ([first], [again])


def test_a_list_that_was_shown_earlier_than_known_makes_taking_back_too_late():
    for order in permutations([event(5), take_back(8, "5"), shown(7), shown(10)]):
        assert [label.event_id for label in SetState(order).all_current()] == ["5"]


_ACTS = st.sampled_from(
    [{"grade": 1}, {"grade": 2, "round": 1}, PUT_OFF, PUT_OFF | {"round": 1},
     {"kind": EventKind.UNSURE, "grade": None}, {"kind": EventKind.SHOWN, "grade": None},
     {"kind": EventKind.FLAG, "grade": None},
     {"kind": UNDO, "grade": None}, {"kind": DELETE, "grade": None}]
)  # fmt: skip


@given(acts=st.lists(_ACTS, max_size=9), data=st.data())
def test_what_stands_is_the_same_in_whatever_order_it_was_stored(acts, data):
    events = [
        event(at, **act, note=str(data.draw(st.integers(0, at)))) for at, act in enumerate(acts)
    ]
    in_turn, mixed = SetState(events), SetState(data.draw(st.permutations(events)))
    assert in_turn.all_current() == mixed.all_current()
    assert in_turn.all_repeated() == mixed.all_repeated()
    assert in_turn.flags() == mixed.flags()
    assert in_turn.graders(("q", "a")) == mixed.graders(("q", "a"))


def test_a_label_that_was_taken_back_in_time_or_deleted_binds_too():
    state = SetState([event(1), take_back(2, "1"), shown(3), event(4, grade=3)])
    assert state.is_bound("ada", ("q", "a"))
    assert state.all_current() == []
    state = SetState([event(1), shown(3), take_back(4, "1", "lead", DELETE), event(5, grade=3)])
    assert state.is_bound("ada", ("q", "a"))
    assert state.all_current() == []


def test_a_pair_that_was_not_judged_before_takes_a_grade_and_corrections():
    put_off = event(1, kind=EventKind.SKIP, grade=None)
    for order in permutations([put_off, shown(3), event(4, grade=1), event(5, grade=2)]):
        state = SetState(order)
        assert [label.grade for label in state.all_current()] == [2]
        assert not state.is_bound("ada", ("q", "a"))
    state.add(shown(6))
    state.add(event(7, grade=3))
    assert [label.grade for label in state.all_current()] == [2]


def shown(number):
    return event(number, kind=EventKind.SHOWN, grade=None, event_id=f"shown {number}")
