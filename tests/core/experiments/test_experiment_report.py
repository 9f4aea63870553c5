"""The report of an experiment: one sentence, one chart, tables, and nothing that is not escaped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.experiments.analysis import analyze
from core.experiments.experiment_report import bars, fragment, page, title
from core.experiments.experiment_result import Lift
from core.experiments.simulation import Visits, simulate
from tests.core.experiments.small_market import experiment, market

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize("kind", ["ab", "interleaving"])
def test_the_file_has_decision_chart_table_and_how_it_was_computed(kind: str) -> None:
    made = replace(experiment(kind), name=HOSTILE)
    result = analyze(made, simulate(made, market(), Visits(visitors=500)))
    html = page(made, result)
    assert result.decision[:40] in html
    assert HOSTILE not in html
    assert "&lt;img" in html
    for part in ("xr-range", "All figures", "By segment", "How it was computed", "<style>"):
        assert part in html
    assert "http" not in html


def test_lifts_share_one_scale_with_zero_in_it() -> None:
    up = Lift("ctr", "b", "a", 0.2, 0.1, 0.3, 0.001, 0.004)
    worse = Lift("abandonment", "b", "a", 0.1, 0.05, 0.15, 0.001, 0.004)
    open_ = Lift("conversion", "b", "a", -0.05, -0.1, 0.02, 0.4, 0.4)
    nothing = Lift("gmv", "b", "a", None, None, None, None, None)
    first, second, third = bars([up, worse, open_, nothing])
    assert (first.zero, first.left, first.width, first.at) == (25, 50, 50, 75)
    assert (first.tone, second.tone, third.tone) == ("xr-up", "xr-down", "")
    assert first.text == "+20.0\u00a0% (+10.0\u00a0% to +30.0\u00a0%)"
    assert bars([]) == ()


def test_metrics_have_names_for_people() -> None:
    assert title("ctr") == "Click-through rate"
    assert title("preference_carts") == "Preference by carts"
    assert title("own") == "own"


def test_without_a_verdict_there_is_no_chart() -> None:
    made = experiment()
    result = analyze(made, simulate(made, market(), Visits(visitors=300)))
    html = fragment(made, replace(result, verdict=False, decision="There is no verdict."))
    assert "xr-none" in html
    assert "All figures" not in html
    assert "By segment" not in html
    assert html.index("Their p prove nothing.") < html.index("<table")
    assert html.count("<table") == 1
    assert "xr-range" not in html


def test_an_end_that_is_far_away_has_no_digits() -> None:
    wide = Lift("gmv", "b", "a", -0.2, -1.0, 109_144.0, 0.9, 0.9)
    (bar,) = bars([wide])
    assert "\u221220.0\u00a0% (\u2212100.0\u00a0% to over +1,000\u00a0%)" in bar.text
