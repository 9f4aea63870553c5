"""Lists that are nearly those of a query which is still being judged."""

from __future__ import annotations

import pytest

from core.domain import JudgmentQuery, Rules
from core.judging.judgment_queue import JudgmentQueue
from core.judging.open_queries import any_open, folded, shows_open
from tests.core.judging.desks import grade, result

POOL = [f"i{number}" for number in range(10)]
OTHERS = [f"x{number}" for number in range(20)]


@pytest.mark.parametrize(
    ("items", "hidden"),
    [
        (POOL, True),
        (POOL[:7] + OTHERS[:3], True),
        (OTHERS[:3] + POOL[:7], True),
        (POOL[:6] + OTHERS[:4], False),
        (OTHERS[:10] + POOL, False),  # only the first ten count
        (POOL[:3], True),
        (POOL[:2], False),  # too few to say anything
        ([], False),
    ],
)
def test_a_list_is_hidden_that_holds_mostly_what_was_pooled(
    desk: JudgmentQueue, items: list[str], hidden: bool
) -> None:
    asked = [JudgmentQuery("q1", "chair"), JudgmentQuery("q2", "lamp")]
    made = desk.sets.create(
        "Chairs", asked, ("clip",), 10, Rules(overlap=1),
        lambda query: [result("clip", POOL if query.text == "chair" else ["l1", "l2", "l3"])],
    )  # fmt: skip
    assert shows_open(desk, [items]) is hidden
    assert shows_open(desk, [OTHERS[:10], items]) is hidden
    assert any_open(desk)
    for pair in made.pairs:
        if pair.query.query_id == "q1":
            desk.judge(grade(made, *pair.key, 1))
    assert not shows_open(desk, [items])  # its query is done, others are not
    assert any_open(desk)
    assert shows_open(desk, [["l1", "l2", "l3"]])
    for item in ("l1", "l2", "l3"):
        desk.judge(grade(made, "q2", item, 1))
    assert not any_open(desk)


def test_items_of_several_queries_are_not_added_up(desk: JudgmentQueue) -> None:
    asked = [JudgmentQuery("q1", "chair"), JudgmentQuery("q2", "lamp")]
    desk.sets.create(
        "Halves", asked, ("clip",), 10, Rules(),
        lambda query: [result("clip", POOL[:5] if query.text == "chair" else POOL[5:])],
    )  # fmt: skip
    assert not shows_open(desk, [POOL])


def test_characters_that_nobody_sees_make_no_other_query() -> None:
    plain = folded("red wooden chair")
    assert folded("red woo\u200bden chair") == plain
    assert folded("red wooden\u00ad chair") == plain
    assert folded("red wooden stool") != plain
