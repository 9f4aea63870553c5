"""Measures against examples worked by hand, and against trec_eval's code called directly."""

from __future__ import annotations

import math

import numpy as np
import pytest
import pytrec_eval

from core.errors import EvaluationError
from core.evaluation.measures import KINDS, JudgedRanking, Kind, first_relevant, parse, per_query

RUN = {
    "q1": [("a", 0.9), ("b", 0.8), ("c", 0.7)],  # relevant: b (grade 3) and d (grade 1)
    "q2": [("x", 0.5), ("y", 0.5)],  # relevant: x; y is judged 0
}
QRELS = {"q1": {"b": 3, "d": 1}, "q2": {"x": 1, "y": 0}, "q3": {"z": 1}}


@pytest.mark.parametrize(
    ("name", "q1", "q2"),
    [
        ("hits@1", 0.0, 1.0),
        ("hits@5", 1.0, 1.0),
        ("mrr", 1 / 2, 1.0),
        ("p@3", 1 / 3, 1 / 3),
        ("recall@10", 1 / 2, 1.0),
        ("map", (1 / 2) / 2, 1.0),
        ("judged@2", 1 / 2, 1.0),
        ("bpref", 1 / 2, 1.0),
        # A grade of 3 (of 3) satisfies 7 of 8 people; here at rank 2. A grade of 1 satisfies 1.
        ("err@10", (7 / 8) / 2, 1 / 8),
        # Gain 3 at rank 2, ideal: 3 at rank 1 and 1 at rank 2.
        ("ndcg@10", (3 / math.log2(3)) / (3 + 1 / math.log2(3)), 1.0),
    ],
)
def test_hand_worked(name: str, q1: float, q2: float) -> None:
    values = per_query(RUN, QRELS, [name])[name]
    assert values == pytest.approx({"q1": q1, "q2": q2, "q3": 0.0})


def test_a_higher_bar_for_relevance() -> None:
    assert per_query(RUN, QRELS, ["hits@5"], relevant_from=2)["hits@5"]["q2"] == 0.0
    assert first_relevant(RUN, QRELS) == {"q1": 2, "q2": 1}
    assert first_relevant(RUN, QRELS, relevant_from=2) == {"q1": 2}


def test_agrees_with_the_library_on_random_rankings() -> None:
    rng = np.random.default_rng(5)
    items = [f"i{n}" for n in range(60)]
    run = {
        f"q{q}": [(str(i), 60.0 - r) for r, i in enumerate(rng.permutation(items)[:30])]
        for q in range(20)
    }
    qrels = {
        q: {
            str(i): int(g)
            for i, g in zip(rng.permutation(items)[:8], rng.integers(0, 4, 8), strict=True)
        }
        for q in run
    }
    expected = pytrec_eval.RelevanceEvaluator(qrels, {"success", "recip_rank", "ndcg_cut"})
    reference = expected.evaluate({q: dict(hits) for q, hits in run.items()})
    values = per_query(run, qrels, ["hits@5", "mrr", "ndcg@10"])
    for name, key in (("hits@5", "success_5"), ("mrr", "recip_rank"), ("ndcg@10", "ndcg_cut_10")):
        assert values[name] == pytest.approx({q: reference[q][key] for q in run})


def test_the_list_decides_where_scores_are_equal() -> None:
    ties = {"q": [("b", 1.0), ("a", 1.0)]}
    assert per_query(ties, {"q": {"b": 1}}, ["mrr"])["mrr"]["q"] == 1.0
    assert per_query(ties, {"q": {"a": 1}}, ["mrr"])["mrr"]["q"] == 0.5


@pytest.mark.parametrize("name", ["hits", "hits@0", "mrr@", "warp@5", "", "p@5; drop"])
def test_unknown_measures_are_named(name: str) -> None:
    with pytest.raises(EvaluationError, match="no measure"):
        parse(name)


def test_err_of_a_query_does_not_depend_on_other_queries_grades() -> None:
    run = {"q1": [("a", 1.0)], "q2": [("b", 1.0)]}
    for other in (1, 3):
        values = per_query(run, {"q1": {"a": 2}, "q2": {"b": other}}, ["err@10"], highest=3)
        assert values["err@10"]["q1"] == pytest.approx((2**2 - 1) / 2**3)


def test_a_measure_that_the_library_lacks_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(ranking: JudgedRanking) -> float:
        first = ranking.items[: ranking.cutoff]
        return sum(ranking.grades.get(item, 0) < ranking.relevant_from for item in first)

    monkeypatch.setitem(
        KINDS, "f1wrong", Kind("F1", "wrong among the first {k}", cut=True, own=wrong)
    )
    values = per_query(RUN, QRELS, ["f1wrong@2", "mrr"])
    assert values["f1wrong@2"] == {"q1": 1.0, "q2": 1.0, "q3": 0.0}
    assert values["mrr"]["q2"] == 1.0
