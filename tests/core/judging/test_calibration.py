"""Calibration pairs favour no engine."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from core.domain import JudgmentQuery, Rules, SearchResult
from core.judging.calibration import balanced
from core.judging.judgment_queue import JudgmentQueue
from tests.core.judging.desks import result

ENGINES = ("clip", "vl-clip", "fashion-clip")


def pools(seed: int, engines: int) -> dict[tuple[str, str], frozenset[str]]:
    """Make what engines of different breadth found for 12 queries."""
    draw = random.Random(seed)
    return {
        (f"q{query}", f"i{item}"): frozenset(engines_of)
        for query in range(12)
        for item in range(20)
        if (engines_of := [n for n in ENGINES[:engines] if draw.random() < 0.2 + 0.2 * len(n) / 6])
    }


@pytest.mark.parametrize("engines", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 5, 10])
def test_every_engine_found_equally_many(engines: int, count: int) -> None:
    drawn: Counter[frozenset[str]] = Counter()
    for seed in range(60):
        found_by = pools(seed, engines)
        chosen = balanced(found_by, count, f"s{seed}")
        had = Counter(name for pair in chosen for name in found_by[pair])
        assert len({had[name] for name in ENGINES[:engines]}) == 1, (seed, had)
        assert len(chosen) <= count
        drawn.update(found_by[pair] for pair in chosen)
    if count >= 5 and engines > 1:  # not only what all of them found, which is often the easy part
        assert any(len(names) == 1 for names in drawn)
        assert any(len(names) == engines for names in drawn)


def test_engines_that_share_nothing_get_whole_rounds() -> None:
    found_by = {("q", f"{name}{n}"): {name} for name in ("a", "b") for n in range(9)}
    chosen = balanced(found_by, 5, "seed")
    assert Counter(item[0] for _, item in chosen) == {"a": 2, "b": 2}


def test_one_list_within_another_gives_what_both_found() -> None:
    found_by = {("q", "x"): {"a"}, ("q", "y"): {"a", "b"}, ("q", "z"): {"a", "b"}}
    assert balanced(found_by, 5, "seed") == {("q", "y"), ("q", "z")}
    assert balanced({("q", "x"): {"a"}, ("q", "y"): {"a"}}, 0, "seed") == frozenset()


def test_a_set_is_made_with_them(desk: JudgmentQueue) -> None:
    def answer(query: JudgmentQuery) -> list[SearchResult]:  # one engine finds three times as many
        return [result("clip", [f"{query.query_id}-{n}" for n in range(9)]),
                result("vl-clip", [f"{query.query_id}-{n}" for n in range(8, 11)])]  # fmt: skip

    asked = [JudgmentQuery(f"q{n}", f"chair {n}") for n in range(6)]
    for _ in range(10):
        made = desk.sets.create("Chairs", asked, ENGINES[:2], 9, Rules(), answer, calibration=6)
        ranks = [int(item.split("-")[1]) for _, item in made.rules.calibration]
        assert len(ranks) == 6
        assert sum(rank <= 8 for rank in ranks) == sum(rank >= 8 for rank in ranks)
