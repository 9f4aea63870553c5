"""Simulated visitors: a log as the analysis reads it, the same for the same seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.errors import ExperimentError
from core.experiments.behaviour_events import FIELDS, event_of
from core.experiments.click_models import Cascade, PositionBased, Taste
from core.experiments.interleaving_verdict import credits, preference
from core.experiments.market import Market, MarketQuery
from core.experiments.simulation import Visits, simulate
from tests.core.experiments.small_market import experiment, market

FEW = Visits(visitors=400)


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return simulate(experiment(), market(), FEW)


@pytest.fixture(scope="module")
def mixed() -> pd.DataFrame:
    return simulate(experiment("interleaving"), market(), FEW)


def test_the_log_has_the_columns_of_events_and_each_event_is_valid(log: pd.DataFrame) -> None:
    assert tuple(log.columns) == FIELDS
    assert log["event_id"].is_unique
    assert log["time"].is_monotonic_increasing
    for row in log.sample(60, random_state=1).to_dict("records"):
        event_of({name: None if pd.isna(value) else value for name, value in row.items()})


def test_the_same_seed_gives_the_same_log(log: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(log, simulate(experiment(), market(), FEW))
    assert len(simulate(experiment(), market(), FEW, seed=2)) != len(log)


def test_units_see_one_variant_each_and_half_of_them_each(log: pd.DataFrame) -> None:
    variants = log.groupby("unit")["variant"].unique()
    assert (variants.str.len() == 1).all()
    shares = variants.str[0].value_counts(normalize=True)
    assert shares["good"] == pytest.approx(0.5, abs=0.08)


def test_choices_follow_what_was_shown(log: pd.DataFrame) -> None:
    keys = ["query_id", "item_id"]
    kinds = {kind: part.set_index(keys) for kind, part in log.groupby("kind")}
    for kind, before in (("click", "exposure"), ("cart", "click"), ("purchase", "cart")):
        assert kinds[kind].index.isin(kinds[before].index).all()
    counts = [len(kinds[kind]) for kind in ("exposure", "click", "cart", "purchase")]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] > 0
    bought = kinds["purchase"]
    assert bought["amount"].gt(0).all()
    assert bought["currency"].eq("EUR").all()
    priced = bought["product_type"] == "lamp"
    assert bought.loc[priced, "amount"].eq(20.0).all()


def test_better_lists_get_more_clicks(log: pd.DataFrame) -> None:
    counts = log.groupby(["variant", "kind"]).size()
    rates = {name: counts[name, "click"] / counts[name, "search"] for name in ("good", "plain")}
    assert rates["good"] > 1.05 * rates["plain"]


def test_mixed_lists_name_their_teams_and_the_better_engine_wins(mixed: pd.DataFrame) -> None:
    shown = mixed[mixed["kind"] == "exposure"]
    assert set(shown["team"]) == {"", "plain", "good"}
    verdict = preference(credits(mixed), "good", "plain")
    assert verdict.low > 0.1
    assert verdict.units > 200


def test_those_who_do_not_take_part_leave_no_events() -> None:
    half = simulate(experiment(traffic=0.5), market(), FEW)
    assert 0.35 < half["unit"].nunique() / FEW.visitors < 0.65


def test_a_query_without_results_is_a_search_with_none() -> None:
    empty = Market((MarketQuery("nothing", {}, {"plain": (), "good": ()}),))
    found_nothing = simulate(experiment(), empty, replace(FEW, visitors=20))
    assert set(found_nothing["kind"]) == {"search"}
    assert found_nothing["results"].eq(0).all()


def test_an_engine_without_lists_is_named() -> None:
    with pytest.raises(ExperimentError, match="good"):
        simulate(experiment(), Market((MarketQuery("q", {}, {"plain": ("a",)}),)), FEW)


def test_impossible_visits_are_refused() -> None:
    for wrong in ({"visitors": 0}, {"days": 0}, {"places": 0}, {"model": "psychic"}):
        with pytest.raises(ExperimentError):
            Visits(**wrong)  # type: ignore[arg-type]


def test_the_position_based_model_clicks_as_its_formula_says() -> None:
    attraction = np.full((40_000, 3), 0.5)
    clicks = PositionBased(1.0).clicks(attraction, attraction, np.random.default_rng(1))
    assert clicks.mean(axis=0) == pytest.approx([0.5, 0.25, 0.5 / 3], abs=0.01)


def test_the_cascade_model_clicks_as_its_formula_says() -> None:
    """Place 2 is read if place 1 did not satisfy, (1 − 0.4 · 0.5), and patience lasts, 0.9."""
    attraction, satisfied = np.full((40_000, 3), 0.4), np.full((40_000, 3), 0.5)
    clicks = Cascade(0.9).clicks(attraction, satisfied, np.random.default_rng(1))
    assert clicks.mean(axis=0) == pytest.approx([0.4, 0.4 * 0.72, 0.4 * 0.72**2], abs=0.01)


def test_taste_is_interpolated_between_grades() -> None:
    taste = Taste(click=(0.0, 0.1, 0.4))
    assert taste.at("click", np.array([0, 0.25, 0.5, 1])).tolist() == [0, 0.05, 0.1, 0.4]


def test_prices_that_are_missing_are_made_up_the_same_way_each_time() -> None:
    stock = market()
    assert stock.price("0-0") == 20.0
    assert 5 <= stock.price("0-1") == stock.price("0-1") <= 500
