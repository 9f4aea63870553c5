"""Plans: visitors and days, against textbook numbers and against simulated power."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import ExperimentError
from core.experiments.planning import (
    Pilot,
    RatioOfSums,
    ab_power,
    ab_visitors,
    duration,
    faster,
    interleaving_visitors,
    means_of,
    plan,
    smallest_lift,
)

#: A conversion of 5 %: variance p (1 − p) of a mean, so the variation is 0.95 / 0.05.
CONVERSION = RatioOfSums.of(0.05, 1.0, 0.05 * 0.95, 0.0, 0.0)


def test_the_textbook_number_for_a_conversion() -> None:
    """5 % against 6 %: (1.96 + 0.8416)² · 2 · p (1 − p) / 0.01², the variance growing with it."""
    assert CONVERSION.variation == pytest.approx(19)
    visitors = ab_visitors(CONVERSION, 0.2)
    assert visitors == pytest.approx(7.849 * 19 * (2 + 2 * 1.2) / 0.04, rel=1e-3)


def test_the_variation_is_that_of_the_delta_method() -> None:
    draw = np.random.default_rng(5)
    shown = 10 * (1 + draw.poisson(1.5, 4_000))
    clicks = draw.binomial(shown, 0.05)
    metric = means_of(zip(clicks, shown, strict=True))
    rest = clicks - clicks.sum() / shown.sum() * shown
    assert metric.value == pytest.approx(clicks.sum() / shown.sum())
    assert metric.variation == pytest.approx(rest.var(ddof=1) / clicks.mean() ** 2, rel=1e-6)


def test_a_planned_test_finds_the_lift_as_often_as_planned() -> None:
    draw, lift = np.random.default_rng(3), 0.2
    per_variant = ab_visitors(CONVERSION, lift) // 2
    first = draw.binomial(per_variant, 0.05, 3_000) / per_variant
    second = draw.binomial(per_variant, 0.05 * (1 + lift), 3_000) / per_variant
    error = np.sqrt((first * (1 - first) + second * (1 - second)) / per_variant)
    share = (np.abs(second - first) / error > 1.96).mean()
    assert share == pytest.approx(0.8, abs=0.04)
    assert ab_power(CONVERSION, lift, 2 * per_variant) == pytest.approx(0.8, abs=0.01)
    assert smallest_lift(CONVERSION, 2 * per_variant) == pytest.approx(lift, rel=0.01)


def test_interleaving_scales_with_the_lift() -> None:
    pilot = Pilot(preference=0.1, variation=1.0, lift=0.05)
    assert interleaving_visitors(pilot, 0.05) == pytest.approx(785, abs=1)
    assert interleaving_visitors(pilot, 0.025) == pytest.approx(4 * 785, abs=3)


def test_the_sentence_names_both_ways() -> None:
    pilot = Pilot(preference=0.2, variation=0.8, lift=0.05)
    made = plan("CTR", RatioOfSums(0.06, 0.6), 0.02, 5_000, pilot=pilot)
    assert made.sentence == (
        "To see +2\u00a0% CTR at your traffic: 10 days (47,565 visitors); "
        "interleaving: 5 hours (982 visitors)."
    )
    assert faster(made) == pytest.approx(48.4, abs=0.1)
    assert plan("CTR", RatioOfSums(0.06, 0.6), 0.02, 5_000).interleaved is None


def test_half_the_traffic_takes_twice_as_long_and_a_third_variant_half_as_long_again() -> None:
    whole = plan("CTR", CONVERSION, 0.1, 1_000)
    assert plan("CTR", CONVERSION, 0.1, 1_000, traffic=0.5).days == pytest.approx(2 * whole.days)
    assert plan("CTR", CONVERSION, 0.1, 1_000, variants=3).visitors == pytest.approx(
        1.5 * whole.visitors, abs=2
    )


@pytest.mark.parametrize(
    ("days", "text"),
    [(0.01, "less than an hour"), (0.25, "6 hours"), (1.5, "36 hours"), (9, "9 days"),
     (8.2, "9 days"), (70, "10 weeks")],
)  # fmt: skip
def test_durations(days: float, text: str) -> None:
    assert duration(days) == text


def test_what_can_not_be_planned_is_a_sentence() -> None:
    with pytest.raises(ExperimentError, match="not 0"):
        ab_visitors(CONVERSION, 0)
    with pytest.raises(ExperimentError, match="ten years"):
        plan("CTR", CONVERSION, 0.0001, 10)
    with pytest.raises(ExperimentError, match="per day"):
        plan("CTR", CONVERSION, 0.1, 0)
    with pytest.raises(ExperimentError, match="too few events"):
        RatioOfSums.of(0.0, 1.0, 0.0, 0.0, 0.0)
    with pytest.raises(ExperimentError, match="do not differ"):
        interleaving_visitors(Pilot(0.0, 1.0, 0.0), 0.1)
