"""Calibration pairs favour no engine, and tell nothing about who found them."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest

from core.domain import JudgmentQuery, Rules, SearchResult
from core.judging.calibration import drawn
from core.judging.judgment_queue import JudgmentQueue
from tests.core.judging.desks import result, small_set


@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_choice_of_pairs_has_the_same_chance(count: int) -> None:
    pairs, draws = small_set("abcde").pairs, 4000
    had = Counter(drawn(pairs, count) for _ in range(draws))
    choices = [frozenset(choice) for choice in combinations((pair.key for pair in pairs), count)]
    assert set(had) == set(choices)
    share = 1 / len(choices)
    error = (share * (1 - share) / draws) ** 0.5
    assert all(abs(had[choice] / draws - share) < 6 * error for choice in choices)


def test_as_many_are_drawn_as_there_are() -> None:
    pairs = small_set("abc").pairs
    assert drawn(pairs, 9) == {pair.key for pair in pairs}
    assert drawn(pairs, 0) == drawn(pairs, -1) == drawn((), 3) == frozenset()


def test_one_calibration_pair_is_not_always_found_by_both_engines(desk: JudgmentQueue) -> None:
    def answer(query: JudgmentQuery) -> list[SearchResult]:  # they share one of eleven
        return [result("clip", [f"{n}" for n in range(9)]),
                result("vl-clip", [f"{n}" for n in range(8, 11)])]  # fmt: skip

    shared = set()
    for _ in range(12):
        made = desk.sets.create(
            "Chairs", [JudgmentQuery("q", "chair")], ["clip", "vl-clip"], 9, Rules(), answer,
            calibration=1,
        )  # fmt: skip
        (pair,) = made.rules.calibration
        shared.add(pair == ("q", "8"))
    assert False in shared
