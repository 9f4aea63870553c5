"""Which pairs an annotator gets, in which order; the progress and pace that the page shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import pytest

from core.domain import EventKind, JudgingProgress, JudgmentQuery, Pair, Rules, Task
from core.judging.progress_tally import pace, progress
from core.judging.queue import (
    REPEAT_AFTER,
    REPEAT_AFTER_AT_END,
    Hand,
    deal,
    due_repeats,
    is_repeat,
)
from core.judging.state import SetState
from tests.core.judging.desks import event, order, small_set

PAIRS = small_set().pairs
EVERY_PAIR = Rules(repeats=1.0)
SKIP, UNSURE = EventKind.SKIP, EventKind.UNSURE


def items(hand: Hand) -> str:
    return "".join(task.pair.item_id for task in hand.tasks)


def grades(letters: str, who: str = "ada", start: int = 0) -> list:
    return [event(n, who, item) for n, item in enumerate(letters, start)]


class Counting(SetState):
    """Notes how many pairs were looked at."""

    looks = 0

    def graders(self, pair):
        self.looks += 1
        return super().graders(pair)


# ── the order of one annotator ───────────────────────────────────────────────────────────────────
def test_pairs_come_query_after_query_and_calibration_pairs_among_them() -> None:
    first, second = JudgmentQuery("q1", "chair"), JudgmentQuery("q2", "lamp")
    pairs = tuple(Pair(query, item) for item in "abcdefgh" for query in (first, second))
    chosen = frozenset({("q1", "h"), ("q2", "g")})
    ordered = order(replace(small_set(), pairs=pairs), "ada")
    assert len(ordered) == len(set(ordered)) == len(pairs)
    assert sum(a.query != b.query for a, b in pairwise(ordered)) == 1
    rules = Rules(calibration=chosen)
    assert order(replace(small_set(rules=rules), pairs=pairs), "ada") == ordered


def test_an_order_is_the_same_on_every_server_and_another_one_for_everybody() -> None:
    mine = order(small_set("abcdefgh"), "ada")
    assert "".join(pair.item_id for pair in mine) == "efabdghc"
    assert order(small_set("abcdefgh"), "bob") != mine


# ── dealing ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("count", "dealt"), [(-1, ""), (0, ""), (1, "a"), (3, "abc"), (9, "abcdef")]
)
def test_a_hand_has_as_many_pairs_as_asked_for(count: int, dealt: str) -> None:
    assert items(deal(PAIRS, SetState(), Rules(), "ada", count)) == dealt


def test_judged_pairs_are_left_out_and_skipped_ones_come_last_with_their_notes() -> None:
    state = SetState(
        [
            event(1, item="a"),
            event(2, item="d", grade=None, kind=SKIP, note="too small"),
            event(3, item="b", grade=None, kind=SKIP),
            event(4, item="c", grade=None, kind=UNSURE),
        ]
    )
    hand = deal(PAIRS, state, Rules(), "ada", 9)
    assert items(hand) == "efdb"
    assert [task.note for task in hand.tasks] == ["", "", "too small", ""]
    assert items(deal(PAIRS, state, Rules(), "bob", 9)) == "bcdefa"


def test_what_the_page_has_already_is_not_dealt_again() -> None:
    without = {("q", "a", 0), ("q", "c", 0), ("q", "d", 1)}
    assert items(deal(PAIRS, SetState(), Rules(), "ada", 9, without=without)) == "bdef"


def test_an_overlap_counts_graders_and_holders_but_not_oneself() -> None:
    state = SetState([*grades("ab", "bob"), *grades("ac", "cyd", 10)])
    leased = {("q", "b"): {"cyd"}, ("q", "c"): {"bob"}, ("q", "d"): {"ada", "bob"}}
    hand = deal(PAIRS, state, Rules(overlap=2), "ada", 9, leased)
    assert (items(hand), hand.waiting) == ("efd", 2)  # b and c wait, a has enough
    hand = deal(PAIRS, state, Rules(overlap=3), "ada", 9, leased)
    assert (items(hand), hand.waiting) == ("efdabc", 0)


def test_calibration_pairs_are_for_everybody_and_come_with_the_pair_after_them() -> None:
    state = SetState([*grades("cd", "bob"), *grades("cd", "cyd", 10)])
    rules = Rules(overlap=1, calibration=frozenset({("q", "c")}))
    assert items(deal(PAIRS, state, rules, "ada", 9, {("q", "c"): {"dan"}})) == "abcef"
    state = SetState([*grades("abd", "bob")])
    rules = Rules(overlap=2, calibration=frozenset({("q", "c"), ("q", "f")}))
    assert items(deal(PAIRS, state, rules, "ada", 9)) == "efabcd"
    assert items(deal(PAIRS[:4], state, rules, "ada", 9)) == "abcd"


@pytest.mark.parametrize("judged", [0, 6, 12])
@pytest.mark.parametrize("people", [0, 3])
def test_the_place_of_a_calibration_pair_says_nothing(judged: int, people: int) -> None:
    """Also where others have judged some, or all, of the pairs and everybody has judged it."""
    letters = "abcdefghijkl"
    rules = Rules(overlap=people, calibration=frozenset({("q", "a")}))
    made = small_set(letters, rules)
    state = SetState([*grades(letters[:judged], "bob"), *grades("a", "cyd", 20)])
    places = []
    for person in range(300):
        who = f"a{person}"
        places.append(items(deal(order(made, who), state, rules, who, 12)).index("a"))
    assert set(places) == set(range(12))
    assert 0.4 < sum(place < 6 for place in places) / 300 < 0.6


def test_the_least_judged_come_first() -> None:
    state = SetState([*grades("abcd", "bob"), *grades("ab", "cyd", 10), *grades("a", "dan", 20)])
    assert items(deal(PAIRS, state, Rules(), "ada", 9)) == "efcdba"
    assert items(deal(PAIRS, state, Rules(), "ada", 9, {("q", "e"): {"eve"}})) == "fcdeba"


def test_the_query_of_the_page_comes_before_all_others() -> None:
    lamp = JudgmentQuery("lamp", "lamp")
    pairs = (*PAIRS, Pair(lamp, "x"), Pair(lamp, "y"))
    state = SetState([*grades("b", "bob"), event(5, "bob", "x", query_id="lamp")])
    rules = Rules(calibration=frozenset({("q", "a")}))
    assert items(deal(pairs, state, rules, "ada", 9, first="lamp")) == "xycdefab"
    assert items(deal(pairs, state, rules, "ada", 4, first="lamp")) == "xycd"
    assert items(deal(pairs, state, rules, "ada", 9, first="lamp", one_query=True)) == "xy"
    assert items(deal(pairs, state, rules, "ada", 9, one_query=True)) == "cdefab"
    assert items(deal(pairs, state, rules, "ada", 9, one_query=False)) == "cdefyabx"
    assert deal((), state, rules, "ada", 9, one_query=True) == Hand(())


@pytest.mark.parametrize(("count", "looks"), [(1, 1), (2, 2), (4, 4), (6, 6), (9, 6)])
@pytest.mark.parametrize("calibration", ["", "ab", "abcdef"])
@pytest.mark.parametrize("first", ["", "q"])
def test_a_deal_looks_at_no_more_pairs_than_it_needs(
    count: int, looks: int, calibration: str, first: str
) -> None:
    rules = Rules(calibration=frozenset(("q", item) for item in calibration))
    state = Counting()
    assert len(deal(PAIRS, state, rules, "ada", count, first=first).tasks) == min(count, 6)
    assert state.looks <= looks + len(calibration)


def test_a_deal_goes_on_while_the_pairs_that_it_saw_are_judged_by_others() -> None:
    state = Counting(grades("abc", "bob"))
    assert items(deal(PAIRS, state, Rules(), "ada", 2)) == "de"
    assert state.looks == 5


# ── hidden repeats ───────────────────────────────────────────────────────────────────────────────
def repeats(
    state: SetState, soonest: int, without: Iterable = (), rules: Rules = EVERY_PAIR
) -> str:
    due = due_repeats(PAIRS, state, rules, "ada", soonest, set(without))
    assert all(task.round == 1 for task in due)
    return "".join(task.pair.item_id for task in due)


def test_a_grade_is_asked_again_once_and_after_enough_others() -> None:
    state = SetState(grades("abcd"))
    assert [repeats(state, soonest) for soonest in range(5)] == ["abcd", "abc", "ab", "a", ""]
    assert repeats(state, 0, {("q", "b", 1), ("q", "c", 0)}) == "acd"
    assert repeats(state, 0, rules=Rules()) == ""
    state.add(event(9, item="c", round=1))
    state.add(event(10, item="b", grade=None, kind=UNSURE))
    state.add(event(11, item="e", grade=None, kind=SKIP))
    assert repeats(state, 0) == "ad"
    assert due_repeats(PAIRS, state, EVERY_PAIR, "bob", 0) == []


def test_a_repeat_takes_one_place_of_a_hand_and_fills_it_at_the_end() -> None:
    many = small_set([chr(code) for code in range(ord("a"), ord("a") + REPEAT_AFTER + 5)]).pairs
    judged = [pair.item_id for pair in many[: REPEAT_AFTER + 2]]
    state = SetState(grades("".join(judged)))
    hand = deal(many, state, EVERY_PAIR, "ada", 3)
    assert sorted((task.pair.item_id, task.round) for task in hand.tasks) == [
        ("a", 1), ("w", 0), ("x", 0),
    ]  # fmt: skip
    without = {("q", "a", 1), ("q", "b", 1)}
    assert items(deal(many, state, EVERY_PAIR, "ada", 3, without=without)) == "wxy"
    state = SetState(grades("abcdef"))
    hand = deal(PAIRS, state, EVERY_PAIR, "ada", 9)
    assert hand == Hand(tuple(Task(pair, round=1) for pair in PAIRS[: 6 - REPEAT_AFTER_AT_END]))


def test_a_repeat_s_place_in_a_hand_says_nothing() -> None:
    many = small_set([chr(code) for code in range(ord("a"), ord("a") + REPEAT_AFTER + 9)]).pairs
    places = []
    for person in range(40):
        who = f"a{person}"
        state = SetState(
            event(number, who, pair.item_id) for number, pair in enumerate(many[: REPEAT_AFTER + 1])
        )
        hand = deal(many, state, EVERY_PAIR, who, 5).tasks
        places.append([task.round for task in hand].index(1))
    assert set(places) == {0, 1, 2, 3, 4}


def test_a_repeat_that_is_put_off_comes_again_at_the_end_with_its_note() -> None:
    events = [*grades("abcdef"), event(6, item="a", grade=None, kind=SKIP, round=1, note="look up")]
    state = SetState(events)
    hand = deal(PAIRS, state, EVERY_PAIR, "ada", 9).tasks
    assert hand[-1] == Task(PAIRS[0], 1, "look up")
    seen = progress(small_set(rules=EVERY_PAIR), state, "ada")
    assert (seen.done, seen.total, seen.skipped) == (6, 9, 1)


def test_no_figure_of_the_progress_tells_a_repeat_from_a_new_pair() -> None:
    events, steps = grades("ab"), []
    for number, (item, again) in enumerate([("c", 0), ("a", 1), ("d", 0), ("b", 1)], 2):
        before = progress(small_set(rules=EVERY_PAIR), SetState(events), "ada")
        events = [*events, event(number, item=item, round=again)]
        after = progress(small_set(rules=EVERY_PAIR), SetState(events), "ada")
        names = ("done", "total", "skipped", "set_done", "set_total")
        steps.append([getattr(after, name) - getattr(before, name) for name in names])
    assert steps == [[1, 0, 0, 1, 0]] * 4


def test_a_sample_of_repeats_stays_the_same_for_ever() -> None:
    """It is drawn anew at each look, so another draw would ask for other pairs half way."""
    pairs = [("q", f"{n}") for n in range(20)]
    drawn = [
        int(item) for query, item in pairs if is_repeat(Rules(repeats=0.3), "ada", (query, item))
    ]
    assert drawn == [0, 1, 2, 5, 6, 10, 11, 15]


# ── progress and pace ────────────────────────────────────────────────────────────────────────────
TWO = [*grades("ab"), event(2, item="c", grade=None, kind=SKIP),
       event(3, "bob", "a"), event(4, "bob", "b", None, kind=UNSURE)]  # fmt: skip
HALF = frozenset({("q", "a"), ("q", "d")})


@pytest.mark.parametrize(
    ("rules", "events", "who", "shown"),
    [
        (Rules(), [], "ada", (0, 6, 0, 0, 6, 0)),
        (Rules(), TWO, "ada", (2, 6, 1, 3, 12, 2)),
        (Rules(), TWO, "bob", (2, 6, 0, 3, 12, 2)),
        (Rules(), TWO, "cyd", (0, 6, 0, 3, 12, 2)),
        (Rules(overlap=1), TWO, "ada", (2, 6, 1, 2, 6, 2)),
        (Rules(overlap=1), TWO, "cyd", (0, 4, 0, 2, 6, 2)),
        (Rules(overlap=2), TWO, "cyd", (0, 5, 0, 3, 12, 2)),
        (Rules(overlap=3), TWO, "cyd", (0, 6, 0, 3, 18, 2)),
        (Rules(overlap=1, calibration=HALF), TWO, "cyd", (0, 5, 0, 3, 8, 2)),
        (Rules(overlap=3, calibration=HALF), TWO, "cyd", (0, 6, 0, 3, 18, 2)),
        # with repeats: open pairs count twice, graded ones wait for their repeat, in the set, too
        (EVERY_PAIR, grades("a"), "ada", (1, 12, 0, 1, 12, 1)),
        (EVERY_PAIR, [*grades("a"), event(1, item="b", grade=None, kind=UNSURE)], "ada",
         (2, 12, 0, 1, 12, 1)),  # else the total would tell that b would come again
        (EVERY_PAIR, [*grades("ab"), event(2, item="a", round=1)], "ada", (3, 12, 0, 3, 12, 1)),
        # at the end, repeats that would come too soon are dropped
        (EVERY_PAIR, grades("abcdef"), "ada", (6, 9, 0, 6, 9, 1)),
        (EVERY_PAIR, [*grades("abcdef"), event(6, item="a", round=1)], "ada", (7, 9, 0, 7, 9, 1)),
    ],
)  # fmt: skip
def test_progress_counts_one_s_own_pairs_and_the_labels_that_the_set_needs(
    rules: Rules, events: list, who: str, shown: tuple[int, ...]
) -> None:
    seen = progress(small_set(rules=rules), SetState(events), who)
    per_minute = pace(SetState(events), who)
    done, total, skipped, set_done, set_total, people = shown
    assert seen == JudgingProgress(done, total, skipped, per_minute, set_done, set_total, people)


def test_progress_expects_the_repeats_of_the_sample_and_no_others() -> None:
    rules, pairs = Rules(repeats=0.3), small_set("abcdefghijklmnopqrst").pairs
    sample = [pair.item_id for pair in pairs if is_repeat(rules, "ada", pair.key)]
    others = [pair.item_id for pair in pairs if pair.item_id not in sample]
    assert len(sample) > 3 < len(others)
    judged = small_set("abcdefghijklmnopqrst", rules)
    for graded in (sample[:1], others[:2], sample[:2] + others[:1]):
        seen = progress(judged, SetState(grades("".join(graded))), "ada")
        assert (seen.done, seen.total) == (len(graded), 20 + len(sample))


@pytest.mark.parametrize(
    ("times", "per_minute"),
    [
        ([], 0.0),
        ([0], 0.0),
        ([5, 5.0], 0.0),
        ([0, 10, 20], 6.0),
        ([0, 7], 8.6),
        ([0, 120], 0.5),  # a long look
        ([0, 10, 131], 6.0),  # a break
        ([0, 100, *range(110, 400, 10)], 6.0),  # only the latest thirty count
    ],
)
def test_the_pace_is_that_of_work_without_breaks(times: list[float], per_minute: float) -> None:
    events = [event(at, item=f"i{n}", event_id=f"e{n}") for n, at in enumerate(times)]
    assert pace(SetState(reversed(events)), "ada") == per_minute
