from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import pytest

from core.domain import (
    EventKind,
    JudgmentEvent,
    JudgmentQuery,
    JudgmentSet,
    Pair,
    Rules,
    Task,
)
from core.judging.judgment_queue import JudgmentQueue
from core.judging.leases import LEASE_SECONDS
from core.judging.queue import Hand, is_repeat
from core.judging.state import SetState
from core.judging.task_keys import TaskKeys
from core.judging.watch import annotator_reports
from core.store.database import open_database
from tests.core.judging.desks import QUERIES, answer, grade, result, rules_of, small_set


def test_nobody_gets_a_pair_twice_and_orders_differ(desk: JudgmentQueue, made: JudgmentSet) -> None:
    seen = []
    while pairs := desk.next_pairs(made.set_id, "ada"):
        (pair,) = pairs
        seen.append((pair.query.query_id, pair.item_id))
        desk.judge(grade(made, *seen[-1], 2))
    assert len(seen) == len(set(seen)) == len(made.pairs)
    bob = [(p.query.query_id, p.item_id) for p in desk.next_pairs(made.set_id, "bob", 99)]
    assert set(bob) == set(seen)
    assert bob != seen
    assert desk.progress(made.set_id, "ada").done == 14
    assert desk.progress(made.set_id, "bob").done == 0


def test_put_off_pairs_come_last(desk: JudgmentQueue, made: JudgmentSet) -> None:
    (first,) = desk.next_pairs(made.set_id, "ada")
    skip = JudgmentEvent(
        "e1", EventKind.SKIP, made.set_id, first.query.query_id, first.item_id, "ada", None, "",
        datetime.now(UTC), 1.0,
    )  # fmt: skip
    desk.judge(skip)
    pairs = desk.next_pairs(made.set_id, "ada", 99)
    assert len(pairs) == 14
    assert pairs[-1] == first
    assert desk.progress(made.set_id, "ada").skipped == 1


def test_each_pair_gets_as_many_people_as_wanted(
    tmp_path: Path, desk: JudgmentQueue, made: JudgmentSet
) -> None:
    rules_of(desk, made, Rules(overlap=2, calibration=frozenset({("q1", "q1-3")})))
    desks = [desk, JudgmentQueue(open_database(tmp_path / "lance"))]  # two servers on one store
    for turn in range(60):
        who = f"a{turn % 4}"
        for pair in desks[turn % 2].next_pairs(made.set_id, who):
            desks[turn % 2].judge(grade(made, *pair.key, 1, who))
    per_pair = Counter((e.query_id, e.item_id) for e in desk.current(made.set_id))
    assert per_pair.pop(("q1", "q1-3")) == 4  # the calibration pair: everybody
    assert set(per_pair.values()) == {2}
    assert len(per_pair) == len(made.pairs) - 1
    progress = desk.progress(made.set_id, "a0")
    assert (progress.set_done, progress.set_total) == (4 + 26, 4 + 26)


def test_the_last_slot_is_handed_to_one_person_at_a_time(
    desk: JudgmentQueue, made: JudgmentSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules_of(desk, made, Rules(overlap=1))
    hers = desk.deal(made.set_id, "ada", 10).tasks
    hand = desk.deal(made.set_id, "bob", 99)
    assert len(hand.tasks) == 4
    assert not {t.pair.key for t in hand.tasks} & {t.pair.key for t in hers}
    assert desk.deal(made.set_id, "cyd", 1) == Hand((), waiting=14)
    assert len(desk.deal(made.set_id, "ada", 99).tasks) == 10  # her own come again
    now = time.time()
    monkeypatch.setattr("core.judging.leases.time.time", lambda: now + LEASE_SECONDS + 1)
    assert len(desk.deal(made.set_id, "cyd", 99).tasks) == 14


@pytest.mark.parametrize("overlap", [0, 2])
def test_one_person_in_two_tabs_never_gets_a_pair_twice(
    desk: JudgmentQueue, made: JudgmentSet, monkeypatch: pytest.MonkeyPatch, overlap: int
) -> None:
    rules_of(desk, made, Rules(overlap=overlap))

    def keys(tab: str, count: int) -> list[tuple[str, str]]:
        return [t.pair.key for t in desk.deal(made.set_id, "ada", count, tab=tab).tasks]

    first_tab, two = keys("one", 5), keys("two", 99)
    assert len(first_tab) == 5
    assert len(two) == 9
    assert not set(first_tab) & set(two)
    assert keys("one", 5) == first_tab  # the first tab, loaded again
    third = desk.deal(made.set_id, "ada", 9, tab="three")
    assert (third.tasks, third.elsewhere) == ((), 14)
    for key in first_tab:
        desk.judge(grade(made, *key, 1, "ada"))
    assert desk.deal(made.set_id, "ada", 9, tab="three").elsewhere == 9
    now = time.time()
    monkeypatch.setattr("core.judging.leases.time.time", lambda: now + LEASE_SECONDS + 1)
    assert len(keys("three", 99)) == 9


def test_a_repeat_is_not_dealt_in_two_tabs(desk: JudgmentQueue, made: JudgmentSet) -> None:
    rules_of(desk, made, Rules(repeats=0.5))
    for pair in made.pairs:
        desk.judge(grade(made, *pair.key, 1, "ada"))
    due = desk.deal(made.set_id, "ada", 99, tab="one").tasks
    assert due
    assert all(task.round for task in due)
    assert desk.deal(made.set_id, "ada", 99, tab="two") == Hand((), 0, len(due))


def test_fewest_judged_first(desk: JudgmentQueue, made: JudgmentSet) -> None:
    rules_of(desk, made, Rules(overlap=2))
    for pair in made.pairs[:9]:
        desk.judge(grade(made, *pair.key, 1, "ada"))
    bob = [pair.key for pair in desk.next_pairs(made.set_id, "bob", 14)]
    assert set(bob[:5]) == {pair.key for pair in made.pairs[9:]}


def test_hidden_repeats_come_later_and_count_apart(desk: JudgmentQueue) -> None:
    made = desk.sets.create(
        "Repeats", (JudgmentQuery("q1", "chair"),), ("clip",), 60, Rules(overlap=1, repeats=0.2),
        lambda query: [result("clip", [f"i{n}" for n in range(60)])],
    )  # fmt: skip
    order: list[tuple[str, int]] = []
    totals: list[int] = []
    while tasks := desk.deal(made.set_id, "ada", 4).tasks:
        task = tasks[0]
        order.append((task.pair.item_id, task.round))
        value = 1 if task.round else 2
        desk.judge(replace(grade(made, *task.pair.key, value), round=task.round))
        totals.append(desk.progress(made.set_id, "ada").total)
    repeated = [item for item, round in order if round]
    assert 3 <= len(repeated) == len(set(repeated))
    assert totals == sorted(totals, reverse=True), "the total grew under the annotator's hands"
    for item in repeated:
        assert order.index((item, 1)) - order.index((item, 0)) > 3
    assert len(desk.current(made.set_id)) == 60
    assert {e.grade for e in desk.current(made.set_id)} == {2}
    (report,) = annotator_reports(
        desk.current(made.set_id), desk.look(made.set_id, SetState.all_repeated)
    )
    assert (report.repeats, report.self_percent) == (len(repeated), 0.0)
    progress = desk.progress(made.set_id, "ada")
    assert progress.done == progress.total == 60 + len(repeated)


def test_a_pair_with_enough_labels_is_done_and_not_in_the_hands_of_others(desk):
    made = desk.sets.create("overlap", QUERIES, ("clip",), 2, Rules(overlap=1), answer)
    for pair in made.pairs:
        desk.judge(grade(made, *pair.key, 2, who="ada"))
    hand = desk.deal(made.set_id, "bob", 5)
    assert (hand.tasks, hand.waiting) == ((), 0)


def test_each_person_has_a_sample_of_hidden_repeats_of_their_own():
    rules = Rules(repeats=0.3)
    pairs = [("q", f"item-{number}") for number in range(400)]
    samples = [
        {pair for pair in pairs if is_repeat(rules, who, pair)} for who in ("ada", "bob", "eve")
    ]
    assert all(80 < len(sample) < 160 for sample in samples)
    assert len({frozenset(sample) for sample in samples}) == 3
    assert len(samples[0] & samples[1]) < 0.7 * len(samples[0])


def repeated(desk: JudgmentQueue, made: JudgmentSet) -> set[str]:
    """Let ada grade all of a set; return the items that come again."""
    for pair in made.pairs:
        desk.judge(grade(made, *pair.key, 1))
    return {task.pair.item_id for task in desk.deal(made.set_id, "ada", 99).tasks if task.round}


def test_other_pairs_come_again_in_another_set_of_the_same_pairs(desk: JudgmentQueue) -> None:
    """Else the pairs that came twice in one set would be known in the next one."""
    made = small_set([f"i{number}" for number in range(60)], Rules(repeats=0.5))
    samples = [
        repeated(desk, desk.sets.add(replace(made, set_id=set_id))) for set_id in ("x", "y", "z")
    ]
    assert all(len(sample) > 15 for sample in samples)
    shared = [a & b for a, b in combinations(samples, 2)]
    assert all(len(both) < 0.8 * len(samples[0]) for both in shared)


def test_repeats_that_were_drawn_without_the_set_s_id_still_count(
    tmp_path: Path, desk: JudgmentQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earlier versions drew them so. Of a set that is half judged they are drawn anew, once."""
    made = desk.sets.add(small_set([f"i{number}" for number in range(60)], Rules(repeats=0.5)))

    def go_on(desk: JudgmentQueue, until: int) -> None:
        """Judge what is dealt, until that many repeats are judged, or to the end."""
        while tasks := desk.deal(made.set_id, "ada", 3).tasks:
            for task in tasks:
                desk.judge(replace(grade(made, *task.pair.key, task.round), round=task.round))
                totals.append(desk.progress(made.set_id, "ada").total)
            if len(desk.look(made.set_id, lambda state: set(state.repeated("ada")))) >= until:
                return

    totals: list[int] = []
    with monkeypatch.context() as earlier:
        earlier.setattr(TaskKeys, "repeat_seed", lambda keys, _: keys.secret)
        go_on(desk, 4)
        judged = desk.look(made.set_id, lambda state: set(state.repeated("ada")))
        labels = desk.look(made.set_id, lambda state: set(state.current("ada")))
        in_hand, put_off = [
            Task(pair, round=1) for pair in made.pairs
            if is_repeat(made.rules, "ada", pair.key, desk.task_keys.secret)
            and pair.key in labels - judged
        ][:2]  # fmt: skip
        later = grade(made, *put_off.pair.key, 0)
        desk.judge(replace(later, kind=EventKind.SKIP, grade=None, round=1))
        key = desk.task_keys.key(made.set_id, "ada", in_hand)
    now = JudgmentQueue(open_database(tmp_path / "lance"))
    assert now.task_keys.parsed(made.set_id, "ada", key) == (*in_hand.pair.key, 1)
    now.judge(replace(grade(made, *in_hand.pair.key, 1), round=1))
    totals = [now.progress(made.set_id, "ada").total]
    go_on(now, 99)
    assert totals == sorted(totals, reverse=True)
    twice = now.look(made.set_id, lambda state: dict(state.repeated("ada")))
    assert {*judged, in_hand.pair.key} < twice.keys()
    progress = now.progress(made.set_id, "ada")
    standing = sum(event.kind is not EventKind.SKIP for event in twice.values())
    assert progress.done == progress.total == 60 + standing
    assert progress.skipped == 0


def test_nobody_without_the_stores_secret_can_compute_order_or_repeats(
    tmp_path: Path, desk: JudgmentQueue
) -> None:
    """Set, names and program are known to annotators; the secret of the store is not."""
    rules = Rules(repeats=0.5)
    made = desk.sets.create(
        "Repeats", (JudgmentQuery("q1", "chair"),), ("clip",), 60, rules,
        lambda query: [result("clip", [f"i{n}" for n in range(60)])],
    )  # fmt: skip
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "judging-task-keys").write_bytes(bytes(32))
    other = JudgmentQueue(open_database(tmp_path / "other" / "lance"))
    other.sets.add(made)

    def course(desk: JudgmentQueue) -> tuple[list[str], set[str]]:
        """Return her order of the pairs, and those that come again."""
        ordered = [pair.item_id for pair in desk.next_pairs(made.set_id, "ada", 99)]
        for pair in made.pairs:
            desk.judge(grade(made, *pair.key, 1))
        return ordered, {task.pair.item_id for task in desk.deal(made.set_id, "ada", 99).tasks}

    (her_order, repeated), (order_elsewhere, repeated_elsewhere) = course(desk), course(other)
    assert sorted(her_order) == sorted(order_elsewhere)
    assert her_order != order_elsewhere
    assert repeated != repeated_elsewhere
    public = {pair.item_id for pair in made.pairs if is_repeat(rules, "ada", pair.key)}
    right = len(public & repeated) / len(repeated)
    assert right < 0.8, "the sample can be computed without the secret"


def test_pairs_that_are_added_later_come_among_those_that_nobody_has_judged(
    desk: JudgmentQueue,
) -> None:
    made = desk.sets.create(
        "Grows", (JudgmentQuery("q1", "chair"),), ("clip",), 40, Rules(),
        lambda query: [result("clip", [f"i{n:02}" for n in range(40)])],
    )  # fmt: skip
    query = made.queries[0]
    grown = desk.sets.extend(made.set_id, [Pair(query, f"n{n:02}") for n in range(40)])
    places = [pair.item_id[0] for pair in desk.next_pairs(grown.set_id, "ada", 99)]
    assert len(places) == 80
    first_half = places[:40].count("n")
    assert 10 < first_half < 30
