"""An annotator's order is the same whether the set came at once or grew, and costs what is new."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain import JudgmentQuery, JudgmentSet, Pair, Rules
from core.judging import pair_order
from core.judging.pair_order import Order
from tests.core.judging.desks import order, small_set

QUERIES = [JudgmentQuery(f"q{number}", f"chair {number}") for number in range(12)]
#: What came in turn: queries of their own, and in between pairs of one that is there.
STEPS = [
    tuple(Pair(QUERIES[number if number % 4 else number // 2], f"{number}-{item}")
          for item in range(5))
    for number in range(12)
]  # fmt: skip


def grown(rules: Rules, one_query: bool = False) -> list[tuple[JudgmentSet, list[Pair]]]:
    """Return each revision of a set that grows, and its order as it was kept."""
    kept, made, revisions = Order("ada", b"secret", one_query), small_set("", rules), []
    for number, pairs in enumerate(STEPS, 1):
        made = replace(made, pairs=(*made.pairs, *pairs), revision=number)
        revisions.append((made, kept.of(made)))
    return revisions


@pytest.mark.parametrize("repeats", [0.0, 0.3])
@pytest.mark.parametrize("one_query", [False, True])
def test_a_set_that_grew_has_the_order_of_one_that_came_at_once(
    repeats: float, one_query: bool
) -> None:
    revisions = grown(Rules(repeats=repeats), one_query)
    for made, ordered in revisions:  # earlier lists stay as they were
        assert ordered == order(made, "ada", b"secret", one_query)
        backwards = replace(made, pairs=made.pairs[::-1])
        assert ordered == order(backwards, "ada", b"secret", one_query)
    assert len({tuple(ordered) for _, ordered in revisions}) == len(STEPS)


def test_other_words_other_rules_and_an_earlier_revision_are_seen() -> None:
    kept, (first, last) = Order("ada"), [grown(Rules())[place][0] for place in (0, -1)]
    worded = replace(
        last, revision=99, pairs=tuple(
            replace(p, query=replace(p.query, text="other words")) for p in last.pairs
        ),
    )  # fmt: skip
    repeated = replace(last, revision=100, rules=Rules(repeats=0.3))
    for made in (last, worded, first, last, repeated, first):
        assert kept.of(made) == order(made, "ada")


def test_only_queries_with_new_pairs_are_ordered_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, made = Order("ada"), grown(Rules())[-1][0]
    kept.of(made)
    lists: list[int] = []

    def noted(values: list[str], seed: str) -> list[str]:
        lists.append(len(values))
        return values

    monkeypatch.setattr(pair_order, "shuffled", noted)
    assert kept.of(made) is kept.of(made)
    assert lists == []
    more = (Pair(QUERIES[3], "new"), Pair(JudgmentQuery("q99", "lamp"), "first"))
    kept.of(replace(made, pairs=(*made.pairs, *more), revision=99))
    queries = len({pair.query.query_id for pair in made.pairs})
    assert sorted(lists) == sorted([6, 1, queries + 1])
