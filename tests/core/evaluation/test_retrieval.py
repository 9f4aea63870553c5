from __future__ import annotations

import numpy as np

from core.evaluation.retrieval import rank

RNG = np.random.default_rng(1)


def unit(rows: int, dim: int = 16) -> np.ndarray:
    vectors = RNG.normal(size=(rows, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_same_as_sorting_everything() -> None:
    items, queries = unit(500), unit(300)
    ids = [f"i{n:03}" for n in range(500)]
    names = [f"q{n}" for n in range(300)]
    run = rank(names, queries, ids, items, 20)
    for row in (0, 255, 256, 299):
        order = np.argsort(-(queries[row] @ items.T))[:20]
        assert [item for item, _ in run[names[row]]] == [ids[i] for i in order]


def test_equal_items_stand_in_the_order_of_their_ids() -> None:
    items = np.repeat(unit(1), 50, axis=0)
    ids = [f"i{n:02}" for n in range(50)]
    run = rank(["q"], items[:1], ids, items, 10)
    assert [item for item, _ in run["q"]] == ids[:10]


def test_the_asking_item_is_left_out_and_depth_may_exceed_the_pool() -> None:
    items = unit(5)
    ids = list("abcde")
    run = rank(["q"], items[2:3], ids, items, 100, {"q": "c"})
    assert sorted(item for item, _ in run["q"]) == list("abde")
