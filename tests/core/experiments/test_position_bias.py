"""Position bias from clicks, against simulated visitors whose looking is known."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.errors import ExperimentError
from core.experiments.click_models import PositionBased
from core.experiments.position_bias import PositionBias, by_em, by_interventions, position_bias
from core.experiments.shown_items import ShownItems, read_shown_items, variant_lists
from core.experiments.simulation import Visits, simulate
from tests.core.experiments.small_market import experiment, market

MANY = Visits(visitors=6000, model="position", spread=0.3)
TRUTH = PositionBased().looks(10)


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return simulate(experiment("interleaving"), market(queries=24), MANY)


@pytest.fixture(scope="module")
def items(log: pd.DataFrame) -> ShownItems:
    return read_shown_items(experiment("interleaving"), log)


@pytest.fixture(scope="module")
def bias(items: ShownItems) -> PositionBias:
    return position_bias(items)


def test_the_worked_example() -> None:
    shown, clicks = np.array([[100.0, 150.0]]), np.array([[40.0, 30.0]])
    both = np.array([True, True])
    assert by_interventions(shown, clicks, both)[1] == pytest.approx(0.5)
    assert by_em(shown, clicks, both)[1] == pytest.approx(0.5, abs=2e-3)


def test_items_of_other_attraction_do_not_bias_the_ratio() -> None:
    """The best item stands first mostly, so raw click rates fall more than looks do."""
    shown = np.array([[900.0, 100.0], [100.0, 900.0]])
    clicks = shown * np.array([[0.6], [0.1]]) * np.array([1.0, 0.5])
    both = np.array([True, True])
    raw = clicks.sum(axis=0) / shown.sum(axis=0)
    assert raw[1] / raw[0] < 0.2
    assert by_interventions(shown, clicks, both)[1] == pytest.approx(0.5)
    assert by_em(shown, clicks, both)[1] == pytest.approx(0.5, abs=5e-3)


def test_counts_are_those_of_the_log(log: pd.DataFrame, items: ShownItems) -> None:
    shown, clicks = items.tables()
    exposures = log[log["kind"] == "exposure"]
    by_place = exposures.groupby("position").size()
    assert shown.sum(axis=0).tolist() == by_place.tolist()
    assert clicks.sum() == len(log[log["kind"] == "click"])
    assert items.searches_of().sum() == log["query_id"].nunique()
    parts = sum(shown.sum() - items.tables(group)[0].sum() for group in range(20))
    assert parts == shown.sum()


def test_each_visitor_may_number_searches_from_one(log: pd.DataFrame, items: ShownItems) -> None:
    numbered = log.copy()
    numbered["query_id"] = log.groupby("unit")["query_id"].transform(lambda ids: ids.factorize()[0])
    numbered["query_id"] = "q" + numbered["query_id"].astype(str)
    same = read_shown_items(experiment("interleaving"), numbered)
    for got, wanted in zip(same.tables(), items.tables(), strict=True):
        assert got.sum(axis=0).tolist() == wanted.sum(axis=0).tolist()
    assert same.searches_of().sum() == items.searches_of().sum()


def test_a_long_query_does_not_make_all_texts_wide(log: pd.DataFrame, items: ShownItems) -> None:
    """At 500 characters of NumPy's own texts, a million shown items would need 2 GB."""
    longest = log.copy()
    first = longest["query_id"] == longest["query_id"].iloc[0]
    longest.loc[first, "query"] = "sofa " * 2000
    tracemalloc.start()
    read_shown_items(experiment("interleaving"), longest)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10_000 * 4 * len(items.pair) / 2


def test_mixed_lists_are_those_of_no_variant(log: pd.DataFrame) -> None:
    for read in (read_shown_items, variant_lists):
        with pytest.raises(ExperimentError, match="mix its variants"):
            read(experiment("interleaving"), log, "plain")


def test_places_are_looked_at_as_the_simulation_says(bias: PositionBias) -> None:
    assert len(bias.places) == 10
    inside = 0
    for place, truth in zip(bias.places, TRUTH, strict=True):
        assert place.looks is not None
        assert place.by_interventions is not None
        assert place.low is not None
        assert place.high is not None
        assert place.looks == pytest.approx(truth, rel=0.3)
        assert place.low <= place.by_interventions <= place.high
        inside += place.low <= truth <= place.high
    assert inside >= 9
    assert bias.theta.tolist() == [p.looks for p in bias.places]


def test_readers_who_stop_are_told_from_those_of_the_model() -> None:
    """Cascade visitors leave when satisfied: no model of places alone describes them."""
    reads = simulate(experiment("interleaving"), market(queries=24), replace(MANY, model="cascade"))
    cascade = position_bias(read_shown_items(experiment("interleaving"), reads))
    assert cascade.theta[:4].tolist() == sorted(cascade.theta[:4], reverse=True)


def test_one_variant_alone_can_not_tell(log: pd.DataFrame) -> None:
    ab = experiment()
    split = simulate(ab, market(queries=24), replace(MANY, visitors=800))
    with pytest.raises(ExperimentError, match="can't tell how places are looked at"):
        position_bias(read_shown_items(ab, split, "plain"))
    assert position_bias(read_shown_items(ab, split)).pairs > 0


def test_the_lists_of_a_variant_are_those_that_it_showed() -> None:
    ab, asked = experiment(), market(queries=24)
    split = simulate(ab, asked, replace(MANY, visitors=300))
    lists = variant_lists(ab, split, "good")
    for query in asked.queries:
        assert lists[query.text] == list(query.rankings["good"][:10])
    with pytest.raises(ExperimentError, match="no variant “other”"):
        variant_lists(ab, split, "other")


def test_a_log_without_places_is_a_sentence(log: pd.DataFrame) -> None:
    with pytest.raises(ExperimentError, match="Exposures need “position”"):
        read_shown_items(experiment("interleaving"), log.drop(columns="position"))
