"""A set's labels as the input of an evaluation, and as lists with grades."""

from __future__ import annotations

from pathlib import Path

from core.domain import EvalQuery, JudgmentQuery, Label, Pair
from core.judging.measuring import JudgedHit, judged_query, questions
from core.store.image_store import ImageStore
from tests.core.judging.desks import result, small_set

LAMP = JudgmentQuery("r", "lamp")


def test_each_engine_s_first_results_have_their_grades() -> None:
    results = [result("clip", ["a", "b", "c"]), result("vl-clip", ["b"])]
    labels = {("r", "a"): Label(2.5), ("r", "c"): Label(1), ("q", "b"): Label(3)}
    judged = judged_query(LAMP, results, labels, 2)
    assert judged.query == LAMP
    assert [entry.engine for entry in judged.lists] == ["clip", "vl-clip"]
    first = results[0].hits
    assert judged.lists[0].hits == (JudgedHit(first[0].item, 2.5), JudgedHit(first[1].item, None))
    assert [entry.unjudged for entry in judged.lists] == [1, 1]
    assert len(judged_query(LAMP, results, labels, 9).lists[0].hits) == 3


def test_queries_with_grades_are_asked(tmp_path: Path) -> None:
    picture = JudgmentQuery("p", picture="a" * 64)
    similar, unasked = JudgmentQuery("i", item_id="x"), JudgmentQuery("u", "rug")
    pairs = tuple(Pair(query, item) for query in (LAMP, picture, similar, unasked) for item in "ab")
    made = type(small_set())(
        "set", "x", small_set().rules, (), 1, pairs, small_set().created
    )  # fmt: skip
    grades = {("r", "a"): 2, ("r", "b"): 0, ("p", "a"): 1, ("i", "b"): 3}
    images = ImageStore(tmp_path)
    qrels, asked = questions(made, grades, images)
    assert qrels == {"r": {"a": 2, "b": 0}, "p": {"a": 1}, "i": {"b": 3}}
    assert asked == (
        EvalQuery("r", "lamp", None, ""),
        EvalQuery("p", "", images.path("a" * 64), ""),
        EvalQuery("i", "", None, "x"),
    )
