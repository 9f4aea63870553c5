"""A query that comes back for one pair does not tell that this pair is a hidden repeat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain import JudgmentQuery, JudgmentSet, Pair, Rules, Task
from core.judging.queue import deal, order
from core.judging.state import SetState
from tests.core.judging.desks import event, small_set

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


def test_nothing_is_put_off_without_repeats_or_where_one_query_is_asked_for() -> None:
    plain, repeated = made(9, 12, 0.0), made(9, 12, 0.2)
    assert order(plain, "ada", SEED) == order(repeated, "ada", SEED, one_query=True)
    spread = order(repeated, "ada", SEED)
    assert spread != order(plain, "ada", SEED)
    assert sorted(pair.key for pair in spread) == sorted(pair.key for pair in plain.pairs)
