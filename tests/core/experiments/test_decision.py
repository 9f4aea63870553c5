"""The sentence: what is proven, and why an interval without 0 may still prove nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.experiments.analysis import analyze
from core.experiments.decision import decide
from core.experiments.experiment_result import Lift, Result
from core.experiments.lifts import corrected
from tests.core.experiments.made_logs import AB, log


def lift(metric: str, p: float, low: float = 0.002) -> Lift:
    return Lift(metric, "b", "a", 0.03, low, 0.058, p, None)


def decision(*lifts: Lift, primary: str = "") -> str:
    result = Result("ab", {"a": 500, "b": 500}, 0.8, corrected(lifts, primary))
    return decide(replace(AB, primary=primary), result)


def test_an_interval_without_0_that_proves_nothing_says_why() -> None:
    many = [lift(name, 0.6, -0.02) for name in ("conversion", "atc_rate", "gmv")]
    said = decision(lift("ctr", 0.03), *many)
    assert (
        "no difference of “b” is proven (+3.0\u00a0%, 95 % interval +0.2\u00a0% to +5.8\u00a0%)"
        in said
    )
    assert "leaves 0 out (p = 0.03 alone)" in said
    assert "corrected for all of them, p is 0.12" in said
    assert "leaves 0 out" not in decision(lift("ctr", 0.6, -0.02), *many)
    other = decision(many[0], lift("atc_rate", 0.03), lift("gmv", 0.6, -0.02), primary="conversion")
    assert "Add-to-cart rate: no difference of “b” is proven" in other
    assert "p is 0.06" in other
    assert other.endswith("Not proven: a difference in gross merchandise value.")


def test_the_metric_that_was_chosen_beforehand_has_a_p_of_its_own() -> None:
    others = [lift(name, 0.6, -0.02) for name in ("conversion", "atc_rate", "gmv")]
    said = decision(lift("ctr", 0.03), *others, primary="ctr")
    assert "“b” is better than “a”, which is proven" in said
    two = [replace(lift("ctr", p), variant=v) for p, v in ((0.03, "b"), (0.9, "c"))]
    assert [entry.p_corrected for entry in corrected([*two, others[0]], "ctr")] == [0.06, 0.9, 0.6]


def test_a_metric_that_is_chosen_afterwards_has_none() -> None:
    frame = log(2000, seed=3, click_lift=0.1)
    chosen = replace(AB, primary="ctr")
    before, after = analyze(chosen, frame), analyze(chosen, frame, planned="")
    assert before.of("ctr")[0].p_corrected == before.of("ctr")[0].p
    unplanned = analyze(AB, frame).of("ctr")[0].p_corrected
    assert after.of("ctr")[0].p_corrected == pytest.approx(unplanned)
    assert any("chosen beforehand, so its p is not corrected" in note for note in before.notes)
    assert any("this was not chosen beforehand" in note for note in after.notes)


def test_simulated_visitors_are_said_first() -> None:
    said = analyze(replace(AB, simulated=True), log(300)).decision
    assert said.startswith("Its visitors were simulated, so this says nothing about real ones. ")
    assert "simulated" not in analyze(AB, log(300)).decision
