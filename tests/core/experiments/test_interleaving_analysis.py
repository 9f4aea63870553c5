"""The result of an interleaving experiment, from simulated logs whose truth is known."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from core.errors import ExperimentError
from core.experiments.analysis import analyze
from core.experiments.interleaving_analysis import title
from core.experiments.simulation import Visits, simulate
from tests.core.experiments.small_market import experiment, market


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return simulate(experiment("interleaving"), market(), Visits(visitors=900))


def test_the_better_engine_is_preferred(log: pd.DataFrame) -> None:
    result = analyze(experiment("interleaving"), log)
    clicks = result.of("preference_clicks")[0]
    assert clicks.lift is not None
    assert clicks.lift_low is not None
    assert 0 < clicks.lift_low < clicks.lift
    assert result.units == {"plain": 900, "good": 900}
    assert result.srm_p > 0.001
    assert "visitors prefer “good” to “plain”, which is proven" in result.decision
    assert {part.dimension for part in result.segments} == {"device", "query_class"}
    metrics = json.loads(json.dumps(result.as_json()))["metrics"]
    assert [m["metric"] for m in metrics] == [
        "preference_clicks", "preference_carts", "preference_purchases", "preference_revenue",
    ]  # fmt: skip
    assert title(metrics[0]["metric"]) == "Preference by clicks"


def test_equal_engines_are_not_told_apart() -> None:
    stock = market()
    same = replace(
        stock,
        queries=tuple(
            replace(q, rankings=q.rankings | {"good": q.rankings["plain"][::-1][:10]})
            if number % 2
            else replace(q, rankings={"good": q.rankings["plain"][::-1][:10]} | q.rankings)
            for number, q in enumerate(stock.queries)
        ),
    )
    alike = replace(
        same, queries=tuple(replace(q, grades=dict.fromkeys(q.grades, 0.5)) for q in same.queries)
    )
    result = analyze(
        experiment("interleaving"),
        simulate(experiment("interleaving"), alike, Visits(visitors=600), seed=5),
    )
    assert "no preference" in result.decision


def test_lists_that_were_not_mixed_by_the_draft_give_no_verdict(log: pd.DataFrame) -> None:
    lost = (log["kind"] == "exposure") & (log["team"] == "plain") & (log["position"] > 6)
    result = analyze(experiment("interleaving"), log[~lost])
    assert not result.verdict
    assert "no verdict" in result.decision


def test_choices_that_name_no_experiment_count_for_its_visitors(log: pd.DataFrame) -> None:
    """As in A/B tests: a shop's cart and check-out need not know which experiments run."""
    plain = log.copy()
    plain.loc[plain["kind"].isin(["cart", "purchase"]), "experiment"] = ""
    stranger = plain[plain["kind"] == "purchase"].tail(5).copy()
    stranger["unit"], stranger["event_id"] = "stranger", [f"s{number}" for number in range(5)]
    earlier = plain[plain["kind"] == "purchase"].tail(1).copy()
    earlier["event_id"], earlier["time"] = "old", earlier["time"] - pd.Timedelta(days=400)
    mixed = pd.concat([plain, stranger, earlier], ignore_index=True)
    assert analyze(experiment("interleaving"), mixed) == analyze(experiment("interleaving"), log)


def test_repeats_and_robots_are_left_out(log: pd.DataFrame) -> None:
    busy = log[log["kind"] == "click"].iloc[[0] * 30].copy()
    busy["event_id"] = [f"r{number}" for number in range(30)]
    dirty = pd.concat([log, log.head(7), busy], ignore_index=True)
    result = analyze(experiment("interleaving"), dirty)
    assert [(rule.rule, rule.count) for rule in result.left_out] == [
        ("repeated event", 7),
        ("robot", 1),
    ]


def test_a_log_without_teams_is_a_sentence(log: pd.DataFrame) -> None:
    with pytest.raises(ExperimentError, match="contributed"):
        analyze(experiment("interleaving"), log.assign(team=""))
    with pytest.raises(ExperimentError, match="no variant"):
        analyze(experiment("interleaving"), log.assign(team="x"))


def test_looking_every_day_widens_the_intervals_of_interleaving(log: pd.DataFrame) -> None:
    made = experiment("interleaving")
    once, always = analyze(made, log), analyze(replace(made, sequential=True), log)
    (a,), (b,) = once.of("preference_clicks"), always.of("preference_clicks")
    assert a.lift == b.lift
    assert None not in (a.lift_high, a.lift_low, b.lift_high, b.lift_low)
    assert b.lift_high - b.lift_low > 1.2 * (a.lift_high - a.lift_low)  # type: ignore[operator]
    assert "hold at any look" in " ".join(always.notes)
    assert "hold at any look" not in " ".join(once.notes)


def test_who_clicks_on_nearly_everything_is_a_robot(log: pd.DataFrame) -> None:
    """Slowly enough for the rule of clicks in a minute."""
    shown = log[log["kind"] == "exposure"].head(60).copy()
    shown["unit"], shown["query_id"] = "robot", "everything"
    shown["item_id"] = [f"i{number}" for number in range(60)]
    clicks = shown.head(55).assign(kind="click")
    for part, letter in ((shown, "s"), (clicks, "c")):
        part["event_id"] = [f"{letter}{number}" for number in range(len(part))]
        part["time"] += pd.to_timedelta(range(len(part)), unit="min")
    some = clicks.head(40)  # too few clicks to be sure
    robots = {
        len(made): analyze(experiment("interleaving"), pd.concat([log, shown, made])).left_out
        for made in (clicks, some)
    }
    assert [(rule.rule, rule.count) for rule in robots[55]] == [("robot", 1)]
    assert robots[40] == ()
