"""Figures again by other means: scikit-learn, NumPy, or all cases counted."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, cohen_kappa_score, ndcg_score

from core.base.significance import compare, interval, paired_p
from core.evaluation.measures import per_query
from core.judging.agreement import kappa_of

RNG = np.random.default_rng(11)
ITEMS = [f"i{n}" for n in range(40)]
ORDERS = {f"q{q}": [str(i) for i in RNG.permutation(ITEMS)] for q in range(12)}
#: All items are ranked, so that libraries that know no missing items see the same lists.
RUN = {q: [(item, 40.0 - place) for place, item in enumerate(o)] for q, o in ORDERS.items()}
QRELS = {
    q: {i: int(g) for i, g in zip(ITEMS, RNG.choice(4, 40, p=[0.7, 0.1, 0.1, 0.1]), strict=True)}
    for q in ORDERS
}


def of_item(query: str) -> tuple[np.ndarray, np.ndarray]:
    """Return grades and scores in the order of ITEMS."""
    scores = dict(RUN[query])
    return np.array([QRELS[query][i] for i in ITEMS]), np.array([scores[i] for i in ITEMS])


def test_ndcg_and_map_are_those_of_scikit_learn() -> None:
    values = per_query(RUN, QRELS, ["ndcg@10", "map"], relevant_from=2)
    for query in ORDERS:
        grades, scores = of_item(query)
        assert values["ndcg@10"][query] == pytest.approx(ndcg_score([grades], [scores], k=10))
        assert values["map"][query] == pytest.approx(average_precision_score(grades >= 2, scores))


def test_counts_of_relevant_items_follow_the_threshold() -> None:
    names = ["p@5", "recall@10", "hits@5", "mrr"]
    for least in (1, 2, 3):
        values = per_query(RUN, QRELS, names, relevant_from=least)
        for query, order in ORDERS.items():
            right = np.array([QRELS[query][item] >= least for item in order])
            assert values["p@5"][query] == pytest.approx(right[:5].mean())
            assert values["recall@10"][query] == pytest.approx(right[:10].sum() / right.sum())
            assert values["hits@5"][query] == float(right[:5].any())
            assert values["mrr"][query] == pytest.approx(1 / (1 + int(np.argmax(right))))


def test_err_is_the_expectation_over_where_readers_stop() -> None:
    """Chapelle et al., eq. 2: sum over ranks of 1/r times the probability to stop there."""
    for highest in (3, 5):
        values = per_query(RUN, QRELS, ["err@10"], highest=highest)["err@10"]
        for query, order in ORDERS.items():
            stops = np.array([(2 ** QRELS[query][i] - 1) / 2**highest for i in order[:10]])
            reads_on = np.concatenate([[1.0], np.cumprod(1 - stops)[:-1]])
            assert values[query] == pytest.approx(float((reads_on * stops / range(1, 11)).sum()))


def test_p_counts_all_swaps_of_few_queries() -> None:
    first, second = np.array([0.2, 0.5, 0.1, 0.9, 0.4]), np.array([0.6, 0.4, 0.8, 1.0, 0.9])
    gaps = second - first
    means = [abs((gaps * signs).mean()) for signs in itertools.product((1, -1), repeat=5)]
    extreme = sum(mean >= abs(gaps.mean()) - 1e-12 for mean in means)
    assert paired_p(first, second) == pytest.approx(extreme / len(means))


def test_intervals_are_those_of_a_plain_bootstrap() -> None:
    sample = RNG.random(60)
    means = RNG.choice(sample, (20_000, 60)).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    score = interval(sample)
    assert (score.low, score.high) == pytest.approx((low, high), abs=0.01)


def test_p_is_corrected_by_benjamini_and_hochberg_over_the_engines_alone() -> None:
    base = RNG.random(50)
    values = {
        name: {"m": base + RNG.normal(shift, 0.1, 50), "judged@10": base + shift}
        for name, shift in (("a", 0.0), ("b", 0.02), ("c", 0.05))
    }
    tests = compare(values, ["m"], main="m")
    order = sorted(range(3), key=lambda n: -tests[n].p)
    smallest, expected = 1.0, {}
    for place, n in enumerate(order):  # step up from the largest p
        smallest = min(smallest, tests[n].p * 3 / (3 - place))
        expected[n] = smallest
    assert [t.corrected for t in tests] == pytest.approx([expected[n] for n in range(3)])


def test_kappa_is_one_minus_observed_by_expected_disagreement() -> None:
    first, second = RNG.choice([0, 2, 3], 80), RNG.choice([0, 2, 3], 80)
    observed = float(((first - second) ** 2).mean())
    expected = float(((first[:, None] - second[None, :]) ** 2).mean())
    kappa = kappa_of(first.tolist(), second.tolist())
    assert kappa == pytest.approx(1 - observed / expected)
    assert kappa == pytest.approx(
        cohen_kappa_score(first, second, labels=[0, 1, 2, 3], weights="quadratic")
    )
    assert not math.isclose(kappa or 0, cohen_kappa_score(first, second, weights="quadratic"))
