"""Credit of interleaved searches and the verdict on it, on examples worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.errors import ExperimentError
from core.experiments.interleaving_verdict import (
    Credit,
    always_valid_interval,
    by_query,
    credits,
    needed_searches,
    preference,
    ratio_interval,
)

START = pd.Timestamp("2026-03-01", tz="UTC")


def event(
    kind: str, unit: str, query_id: str, item_id: str, minute: int, **more: Any
) -> dict[str, Any]:
    """Make one row of the event frame."""
    row = {"kind": kind, "unit": unit, "query_id": query_id, "item_id": item_id, "team": ""}
    time = START + pd.Timedelta(minutes=minute)
    return row | {"query": "lamp", "amount": np.nan, "time": time} | more


def shown(unit: str, query_id: str, minute: int = 0, query: str = "lamp") -> list[dict[str, Any]]:
    """Make a shown list: items 1 and 3 of team A, 2 of team B, 4 of nobody."""
    teams = {"1": "A", "2": "B", "3": "A", "4": ""}
    return [
        event("exposure", unit, query_id, item_id, minute, team=team, query=query)
        for item_id, team in teams.items()
    ]


def frame(*parts: Any) -> pd.DataFrame:
    rows = [row for part in parts for row in (part if isinstance(part, list) else [part])]
    return pd.DataFrame(rows)


def test_clicks_give_credit_to_the_team_that_contributed_the_item() -> None:
    log = frame(
        shown("u", "q1"), event("click", "u", "q1", "1", 1), event("click", "u", "q1", "3", 1),
        event("click", "u", "q1", "3", 2), event("click", "u", "q1", "4", 2),
    )  # fmt: skip
    (row,) = credits(log).to_dict("records")
    assert row == {"query_id": "q1", "unit": "u", "query": "lamp", "A": 2.0}


def test_visitors_may_use_the_same_ids_for_their_searches() -> None:
    log = frame(
        shown("u", "q1"), event("click", "u", "q1", "1", 1),
        shown("v", "q1"), event("click", "v", "q1", "1", 1), event("click", "v", "q1", "2", 2),
    )  # fmt: skip
    table = credits(log).set_index("unit")
    assert table.loc[["u", "v"], ["A", "B"]].to_numpy().tolist() == [[1.0, 0.0], [1.0, 1.0]]


def test_a_purchase_without_a_search_belongs_to_the_latest_one_that_showed_the_item() -> None:
    log = frame(
        shown("u", "q1", 0, "first"), shown("u", "q2", 10, "second"), shown("v", "q3", 15, "other"),
        event("purchase", "u", "", "2", 20, amount=30.0), event("purchase", "u", "", "9", 20),
        event("purchase", "u", "q1", "1", 25, amount=12.5),
    )  # fmt: skip
    table = credits(log, Credit.REVENUE).sort_values("query_id")
    assert table["query"].tolist() == ["first", "second"]
    assert table[["A", "B"]].to_numpy().tolist() == [[12.5, 0.0], [0.0, 30.0]]


def test_wins_losses_ties_and_searches_without_a_choice() -> None:
    log = frame(
        shown("u", "q1"), event("click", "u", "q1", "2", 1),
        shown("u", "q2"), event("click", "u", "q2", "1", 1), event("click", "u", "q2", "2", 1),
        shown("v", "q3"), event("click", "v", "q3", "2", 1),
        shown("w", "q4"), event("click", "w", "q4", "3", 1),
        shown("x", "q5"), event("click", "x", "q5", "4", 1), shown("y", "q6"),
    )  # fmt: skip
    verdict = preference(credits(log), "B", "A")
    assert (verdict.wins, verdict.losses, verdict.ties, verdict.units) == (2, 1, 1, 3)
    assert verdict.value == pytest.approx(1 / 4)
    # By hand: sums 1, 1, −1 and counts 2, 1, 1; rest 0.5, 0.75, −1.25; variance 3/2 · 2.375 / 16.
    assert verdict.high - verdict.low <= 2
    value, low, high, _ = ratio_interval([1, 1, -1], [2, 1, 1], level=0.5)
    half = 0.8164965809 * (3 / 2 * (0.25 + 0.5625 + 1.5625) / 16) ** 0.5
    assert (high - low) / 2 == pytest.approx(half, rel=1e-6)
    assert value == pytest.approx(0.25)


def test_one_visitors_searches_count_as_one_observation() -> None:
    """A hundred searches of two visitors prove less than those of a hundred visitors."""
    outcome = [1] * 70 + [-1] * 30
    alone = ratio_interval(outcome, [1] * 100)
    two = ratio_interval([70, -30], [70, 30])
    assert alone[0] == two[0] == pytest.approx(0.4)
    assert alone[3] < 0.001 < 0.5 < two[3]


def test_where_everybody_agrees_the_interval_still_has_a_width() -> None:
    value, low, high, p = ratio_interval([1] * 20, [1] * 20)
    assert value == high == 1.0
    assert 0.6 < low < 1.0
    assert p < 0.001
    assert ratio_interval([], []) == (0.0, -1.0, 1.0, 1.0)
    assert ratio_interval([1], [1])[1:] == (-1.0, 1.0, 1.0)


def test_sensitivity_per_query() -> None:
    parts = []
    for number in range(20):
        query = "lamp" if number < 12 else "rug"
        won = number % 4 > 0 if query == "lamp" else number % 2 > 0
        parts += [shown(f"u{number}", f"q{number}", 0, query),
                  event("click", f"u{number}", f"q{number}", "2" if won else "1", 1)]  # fmt: skip
    lamp, rug = by_query(credits(frame(*parts)), "B", "A")
    assert (lamp.query, lamp.wins, lamp.losses, lamp.value) == ("lamp", 9, 3, 0.5)
    assert lamp.sensitivity == pytest.approx(0.5 / np.std([1] * 9 + [-1] * 3, ddof=1))
    assert lamp.needed == needed_searches(lamp.sensitivity) == 26
    assert (rug.value, rug.needed) == (0.0, None)


def test_a_variant_is_not_compared_with_itself() -> None:
    with pytest.raises(ExperimentError, match="another"):
        preference(credits(frame(shown("u", "q"), event("click", "u", "q", "1", 1))), "A", "A")


def test_a_log_without_clicks_has_no_verdict() -> None:
    verdict = preference(credits(frame(shown("u", "q"))), "B", "A")
    assert (verdict.decided, verdict.value, verdict.low, verdict.high, verdict.p) == (
        0, 0.0, -1.0, 1.0, 1.0,
    )  # fmt: skip


def test_looking_every_day_proves_nothing_where_visitors_do_not_care() -> None:
    """Thirty looks at 40 new visitors each; an ordinary interval fails in far more runs."""
    rng = np.random.default_rng(3)
    wrong = {always_valid_interval: 0, ratio_interval: 0}
    for _ in range(300):
        taste = rng.beta(2, 2, 1200)
        counts = 1 + rng.poisson(1.0, 1200)
        sums = 2 * rng.binomial(counts, taste) - counts
        for interval in wrong:
            looks = (interval(sums[:n], counts[:n]) for n in range(40, 1201, 40))
            wrong[interval] += any(not low <= 0 <= high for _, low, high, _ in looks)
    assert wrong[always_valid_interval] / 300 <= 0.05
    assert wrong[ratio_interval] / 300 > 0.15


def test_at_any_look_too_few_visitors_prove_nothing() -> None:
    assert always_valid_interval([1] * 29, [1] * 29) == (1.0, -1.0, 1.0, 1.0)
    assert always_valid_interval([1] * 90, [1] * 90)[3] == 1.0  # its error can't be told
    _, low, high, p = always_valid_interval([1] * 800 + [-1] * 200, [1] * 1000)
    assert 0.4 < low < 0.6 < high < 0.8
    assert p < 0.001
