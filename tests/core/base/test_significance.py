from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.base.significance import compare, interval, paired_p

RNG = np.random.default_rng(3)
BASE = RNG.random(200)


def test_interval_holds_the_mean_and_is_the_same_twice() -> None:
    score = interval(BASE)
    assert score.low < score.value < score.high
    assert score == interval(BASE)
    # The bootstrap of a mean is close to the normal interval at this size.
    half = 1.96 * BASE.std(ddof=1) / np.sqrt(len(BASE))
    assert score.high - score.low == pytest.approx(2 * half, rel=0.1)


def test_few_values() -> None:
    assert interval([]).value == 0.0
    assert interval([0.5]).low is None
    assert (interval([1.0, 1.0]).low, interval([1.0, 1.0]).high) == (1.0, 1.0)


def test_paired_test() -> None:
    assert paired_p(BASE, BASE) == 1.0
    assert paired_p(BASE, BASE + 0.1) < 0.001
    noise = RNG.normal(0.02, 0.1, 200)
    assert paired_p(BASE, BASE + noise) == pytest.approx(
        stats.ttest_rel(BASE + noise, BASE).pvalue, abs=0.02
    )
    # Three changed queries: 2 of 8 sign patterns are as extreme; exact, not drawn.
    assert paired_p(np.zeros(5), np.array([0, 0, 1, 1, 1.0])) == pytest.approx(2 / 8)


def test_every_pair_once_and_corrected() -> None:
    values = {"a": {"m": BASE}, "b": {"m": BASE + 0.1}, "c": {"m": BASE}}
    tests = compare(values, ["m"])
    assert [(t.first, t.second) for t in tests] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert tests[0].difference.value == pytest.approx(0.1)
    assert [t.significant for t in tests] == [True, False, True]
    raw = [t.p for t in tests]
    assert [t.corrected for t in tests] == pytest.approx(stats.false_discovery_control(raw))
    assert compare({"a": {"m": BASE}}, ["m"]) == ()


def test_further_measures_do_not_change_the_verdict_on_the_main_one() -> None:
    noise = RNG.normal(0.02, 0.1, 200)
    values = {
        "a": {"m": BASE, "x": BASE, "y": BASE},
        "b": {"m": BASE + noise, "x": BASE, "y": BASE},
    }
    alone = compare(values, ["m"], main="m")
    beside = compare(values, ["m", "x", "y"], main="m")
    assert beside[0].corrected == alone[0].corrected == alone[0].p
    assert [test.corrected for test in beside[1:]] == [1.0, 1.0]
