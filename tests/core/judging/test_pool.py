"""The pool of a set tells neither engine nor rank."""

from __future__ import annotations

from core.domain import JudgmentQuery
from core.judging.pool import pool, shuffled
from tests.core.judging.desks import result

CHAIR, LAMP = JudgmentQuery("q1", "chair"), JudgmentQuery("q2", "lamp")


def test_a_pool_is_the_union_of_the_first_results_of_each_query_in_its_order() -> None:
    results = {
        LAMP: [result("clip", ["a", "b", "c"]), result("vl-clip", ["c", "a", "d"])],
        CHAIR: [result("clip", ["a"])],
    }
    pairs = pool(results, 2, "seed")
    assert [pair.query for pair in pairs] == [LAMP, LAMP, LAMP, CHAIR]
    assert {pair.item_id for pair in pairs[:3]} == {"a", "b", "c"}
    assert pool(results, 2, "seed") == pairs
    assert pool({LAMP: []}, 2, "seed") == ()


def test_items_are_shuffled_by_the_seed_alone_and_anew_for_each_query() -> None:
    names = [chr(code) for code in range(ord("a"), ord("m"))]
    orders = [
        [pair.item_id for pair in pool({query: [result("clip", given)]}, 99, seed)]
        for query, given, seed in [
            (CHAIR, names, "s"), (CHAIR, names[::-1], "s"), (LAMP, names, "s"), (CHAIR, names, "t")
        ]
    ]  # fmt: skip
    assert orders[0] == orders[1]
    assert len({tuple(order) for order in orders}) == 3
    assert orders[0] != names


def test_an_order_is_the_same_on_every_machine() -> None:
    values = list("abcdefgh")
    assert "".join(shuffled(values, "seed")) == "dhgbcfae"
    assert values == list("abcdefgh")
