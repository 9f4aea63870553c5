"""Click rates of an engine from other engines' logs, against what its own visitors did."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.errors import ExperimentError
from core.experiments.off_policy import OffPolicy, off_policy
from core.experiments.position_bias import PlaceBias, PositionBias, position_bias
from core.experiments.shown_items import GROUPS, ShownItems, read_shown_items
from core.experiments.simulation import Visits, simulate
from tests.core.experiments.small_market import experiment, market

ASKED = market(queries=24)
GOOD = {query.text.upper(): query.rankings["good"] for query in ASKED.queries}


def bias_of(*theta: float) -> PositionBias:
    places = tuple(PlaceBias(n, t, t, t, t, 1, 1) for n, t in enumerate(theta, 1))
    return PositionBias(places, 1, (), (theta,) * GROUPS)


def items_of(shown: list[list[float]], clicks: list[list[float]], searches: float) -> ShownItems:
    """Return items of one query with as many counts in each group of visitors."""
    size = np.array(shown).shape
    cells = [(g, p, k) for g in range(GROUPS) for p in range(size[0]) for k in range(size[1])]
    group, pair, place = map(np.array, zip(*cells, strict=True))
    return ShownItems(
        ("lamp",), tuple("abcdefgh"[: size[0]]), np.zeros(size[0], np.int64), group, pair, place,
        np.array(shown)[pair, place], np.array(clicks)[pair, place],
        np.full((GROUPS, 1), searches),
    )  # fmt: skip


def rates(estimates: OffPolicy) -> dict[str, float]:
    return {estimate.method: estimate.ctr for estimate in estimates.estimates}


def test_the_worked_example() -> None:
    items = items_of([[0, 100]], [[0, 10]], 100)
    estimated = off_policy(items, {"Lamp": ["a"]}, bias_of(1.0, 0.5), "new", 1)
    assert rates(estimated) == pytest.approx({"ips": 0.2, "snips": 0.2, "dr": 0.2})
    assert estimated.shown == 1.0
    # All looks have the weight 2: 50 · 20 looks, of the 100 · 20 at the engine's list.
    assert estimated.effective == pytest.approx(1000)
    assert estimated.effective_share == pytest.approx(0.5)
    assert not estimated.thin


def test_items_that_were_never_shown() -> None:
    """By hand: place 1 never shown, place 2 has 100 · ½ looks and w = 1, so 5 clicks of 100."""
    items = items_of([[0, 100], [100, 0]], [[0, 5], [20, 0]], 100)
    estimated = off_policy(items, {"lamp": ["new", "a"]}, bias_of(1.0, 0.5), "engine", 2)
    assert estimated.shown == pytest.approx(1 / 3)
    assert rates(estimated)["ips"] == pytest.approx(5 / 200)
    assert rates(estimated)["snips"] == pytest.approx(3 * 5 / 200)
    # The query's α is 25 / 150; the unknown item gets 100 looks with it.
    assert rates(estimated)["dr"] == pytest.approx((5 + 100 * 25 / 150) / 200, rel=1e-3)
    assert estimated.thin
    assert "Don't rely on these estimates of “engine”" in estimated.notes[0]


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    visits = Visits(visitors=8000, model="position", spread=0.3)
    return simulate(experiment(), ASKED, visits)


def test_an_engine_from_anothers_log_gives_what_its_own_visitors_did(log: pd.DataFrame) -> None:
    ab = experiment()
    bias = position_bias(read_shown_items(ab, log))
    plain, good = (read_shown_items(ab, log, name) for name in ("plain", "good"))
    shown, clicks = good.tables()
    truth = clicks[:, :5].sum() / shown[:, :5].sum()
    estimated = off_policy(plain, GOOD, bias, "good", 5)
    assert estimated.queries == 24
    by_method = {estimate.method: estimate for estimate in estimated.estimates}
    assert by_method["dr"].low < truth < by_method["dr"].high
    assert by_method["dr"].ctr == pytest.approx(truth, rel=0.1)
    # It shows items that the log of “plain” never had among its first ten.
    assert estimated.shown < 1
    assert by_method["ips"].ctr < by_method["snips"].ctr
    # Its own log says the same of itself, and plain is worse.
    itself = off_policy(good, GOOD, bias, "good", 5)
    assert itself.estimates[0].ctr == pytest.approx(truth, rel=0.05)
    assert itself.shown == pytest.approx(1.0)
    assert not itself.thin
    assert estimated.logged_ctr < truth


def test_what_can_not_be_estimated_is_a_sentence() -> None:
    items = items_of([[0, 100]], [[0, 10]], 100)
    with pytest.raises(ExperimentError, match="1 to 2 places, not 3"):
        off_policy(items, {"lamp": ["a"]}, bias_of(1.0, 0.5), "new", 3)
    with pytest.raises(ExperimentError, match="has a list of “new”"):
        off_policy(items, {"sofa": ["a"]}, bias_of(1.0, 0.5), "new", 1)
