from __future__ import annotations

import numpy as np
import pytest

from core.experiments.sequential import always_valid_p, half_width


def test_the_worked_example():
    assert always_valid_p(0.08, 0.03, 0.05) == pytest.approx(1 / 7.027, rel=1e-3)
    assert half_width(0.03, 0.05) == pytest.approx(0.0947, abs=1e-4)


@pytest.mark.parametrize("effect", [0.02, 0.0949, 0.0951, 0.3])
def test_the_interval_misses_nothing_where_p_is_small(effect: float):
    assert (always_valid_p(effect, 0.03, 0.05) < 0.05) == (effect > half_width(0.03, 0.05))


def test_daily_looks_over_thirty_days_prove_nothing_where_nothing_is():
    rng = np.random.default_rng(1)
    walks = rng.normal(size=(4000, 30)).cumsum(axis=1)
    days = np.arange(1, 31)
    wrong = single = 0
    for walk in walks:
        effects, errors = 0.1 * walk / days, 0.1 / np.sqrt(days)
        wrong += any(
            abs(e) > half_width(s, 0.05) for e, s in zip(effects, errors, strict=True)
        )  # fmt: skip
        single += bool((abs(effects) > 1.96 * errors).any())
    assert wrong / 4000 <= 0.05
    assert single / 4000 > 0.2  # what looking every day does to an ordinary interval
