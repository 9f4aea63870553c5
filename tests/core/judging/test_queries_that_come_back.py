"""A query that comes back for one pair does not tell that this pair is a hidden repeat."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from core.domain import JudgmentQuery, JudgmentSet, Pair, Rules, Task
from core.judging.queue import deal
from core.judging.state import SetState
from tests.core.judging.desks import event, order, small_set

SEED = bytes(range(32))


def made(queries: int, items: int, repeats: float) -> JudgmentSet:
    pairs = tuple(
        Pair(JudgmentQuery(f"q{query}", "chair"), f"i{item}")
        for query in range(queries)
        for item in range(items)
    )
    return replace(small_set(rules=Rules(repeats=repeats)), pairs=pairs)


def judged_one_by_one(judgment_set: JudgmentSet, who: str) -> list[Task]:
    """Return the tasks of an annotator as the page gets them, until no new pair is left."""
    ordered, state, seen = order(judgment_set, who, SEED), SetState(), list[Task]()
    held: list[Task] = []
    while True:
        if len(held) < 4:
            keys = [(*task.pair.key, task.round) for task in held]
            hand = deal(ordered, state, judgment_set.rules, who, 8, without=keys, seed=SEED)
            held += hand.tasks
        if all(task.round for task in held):
            return seen
        task = held.pop(0)
        query_id, item_id = task.pair.key
        state.add(event(len(seen), who, item_id, query_id=query_id, round=task.round))
        seen.append(task)


@pytest.mark.parametrize("items", [6, 12, 30])
@pytest.mark.parametrize("repeats", [0.1, 0.2])
def test_who_guesses_by_the_query_is_right_as_often_as_by_chance(
    items: int, repeats: float
) -> None:
    judgment_set = made(360 // items, items, repeats)
    back: list[int] = []
    for who in ("ada", "bob", "cyd"):
        tasks, begun = judged_one_by_one(judgment_set, who), set[str]()
        for before, task, after in zip(tasks, tasks[1:], tasks[2:], strict=False):
            begun.add(before.pair.query.query_id)
            here = task.pair.query.query_id
            around = {before.pair.query.query_id, after.pair.query.query_id}
            if here in begun and here not in around:
                back.append(task.round)
    assert len(back) > 50
    assert 0.3 < sum(back) / len(back) < 0.65


def judged_in_the_grid(judgment_set: JudgmentSet, who: str) -> list[list[Task]]:
    """Return the hands of an annotator who judges all pairs of a query at once."""
    ordered, state = order(judgment_set, who, SEED, one_query=True), SetState()
    hands: list[list[Task]] = []
    count = 0
    while tasks := deal(
        ordered, state, judgment_set.rules, who, 48, one_query=True, seed=SEED
    ).tasks:
        hands.append(list(tasks))
        for task in tasks:
            query_id, item_id = task.pair.key
            state.add(event(count, who, item_id, query_id=query_id, round=task.round))
            count += 1
    return hands


@pytest.mark.parametrize("repeats", [0.1, 0.2])
def test_a_query_that_comes_back_in_the_grid_is_as_often_a_new_pair(repeats: float) -> None:
    judgment_set = made(30, 12, repeats)
    back: list[int] = []
    couples: list[tuple[int, int]] = []
    for who in ("ada", "bob", "cyd"):
        begun: set[str] = set()
        hands = judged_in_the_grid(judgment_set, who)
        tasks = [task for hand in hands for task in hand]
        assert len({(task.pair.key, task.round) for task in tasks}) == len(tasks)
        assert len([task for task in tasks if not task.round]) == len(judgment_set.pairs)
        for hand in hands:
            assert len({task.pair.query.query_id for task in hand}) == 1
            if hand[0].pair.query.query_id in begun:
                back += [task.round for task in hand]
                couples += list(pairwise(task.round for task in hand))
            begun.add(hand[0].pair.query.query_id)
    assert len(back) > 50
    assert 0.35 < sum(back) / len(back) < 0.65
    new_first, repeat_first = couples.count((0, 1)), couples.count((1, 0))
    assert 0.3 < new_first / (new_first + repeat_first) < 0.7


def test_repeats_are_not_left_over_for_the_end() -> None:
    for who in ("ada", "bob", "cyd"):
        tasks = judged_one_by_one(made(30, 12, 0.2), who)
        new = [number for number, task in enumerate(tasks) if not task.round]
        assert len(tasks) - new[-1] < 5


def test_nothing_is_put_off_without_repeats_or_where_one_query_is_asked_for() -> None:
    plain, repeated = made(9, 12, 0.0), made(9, 12, 0.2)
    assert order(plain, "ada", SEED) == order(repeated, "ada", SEED, one_query=True)
    spread = order(repeated, "ada", SEED)
    assert spread != order(plain, "ada", SEED)
    assert sorted(pair.key for pair in spread) == sorted(pair.key for pair in plain.pairs)
