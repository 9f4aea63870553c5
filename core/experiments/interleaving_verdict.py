"""The verdict of interleaving: whose items do visitors choose, and could it be chance?

Each search with a credited choice is won, lost or tied by a variant against the baseline. The
*preference* is (won − lost) / (won + lost + tied), from −1 to 1; 0 means that visitors don't care.
It is twice Δ of Chapelle, Joachims, Radlinski, Yue: Large-scale validation and analysis of
interleaved search evaluation, TOIS 2012. One visitor's searches are alike, so the interval is that
of a ratio of sums over visitors (delta method), with Student's t.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from core.errors import ExperimentError
from core.experiments.interleaving import NOBODY
from core.experiments.sequential import always_valid_p, half_width

#: Preference for which always-valid intervals are the narrowest.
SMALLEST_PREFERENCE = 0.1
#: Visitors from which a look is taken: with fewer, the standard error itself is too uncertain.
_FEWEST_AT_A_LOOK = 30
#: Error of the first kind, and power, for which the searches that a query needs are estimated.
ALPHA, POWER = 0.05, 0.8


class Credit(StrEnum):
    """What a variant gets credit for."""

    CLICKS = "clicks"
    CARTS = "carts"
    PURCHASES = "purchases"
    REVENUE = "revenue"

    @property
    def event(self) -> str:
        """Kind of the events that give this credit."""
        kinds = {"clicks": "click", "carts": "cart"}
        return kinds.get(self.value, "purchase")


@dataclass(frozen=True, slots=True)
class Preference:
    """How a variant did against the baseline in one kind of credit.

    Attributes:
        credit: Kind of credit.
        variant: The variant.
        baseline: The baseline.
        wins: Searches in which the variant got more credit.
        losses: Searches in which the baseline did.
        ties: Searches in which both got equal credit, and some.
        units: Visitors with such a search.
        value: The preference, −1 to 1.
        low: Lower end of its 95 % interval.
        high: Upper end.
        p: Two-sided p that there is no preference.
    """

    credit: Credit
    variant: str
    baseline: str
    wins: int
    losses: int
    ties: int
    units: int
    value: float
    low: float
    high: float
    p: float

    @property
    def decided(self) -> int:
        """Searches with credit for either of the two."""
        return self.wins + self.losses + self.ties


@dataclass(frozen=True, slots=True)
class QueryPreference:
    """The preference on one query.

    Attributes:
        query: Words of the query.
        wins: Searches that the variant won.
        losses: Searches that it lost.
        ties: Searches that were tied.
        value: The preference, −1 to 1.
        sensitivity: Mean outcome over its standard deviation; 0.1 is found with fewer searches
            than 0.05.
        needed: Searches with a choice that show such a preference (α 0.05, power 0.8); ``None``
            where there is none.
    """

    query: str
    wins: int
    losses: int
    ties: int
    value: float
    sensitivity: float
    needed: int | None


def credits(frame: pd.DataFrame, credit: Credit = Credit.CLICKS) -> pd.DataFrame:
    """Return the credit per search: ``query_id``, ``unit``, ``query`` and a column per team.

    A search is the id of a query with its visitor: some shops number each visitor's searches.

    Choosing an item twice in a search counts once; revenue adds up. A cart or a purchase without
    the id of its search belongs to the visitor's latest search that showed the item before.
    Searches without any credit are left out.
    """
    shown = frame.loc[
        (frame["kind"] == "exposure"), ["query_id", "item_id", "team", "unit", "query", "time"]
    ]
    search = ["unit", "query_id", "item_id"]
    shown = shown.drop_duplicates(search)
    chosen = _in_a_search(frame[frame["kind"] == credit.event], shown)
    columns = ["query_id", "unit", "query"]
    if credit is Credit.REVENUE:
        chosen = chosen.assign(credit=chosen["amount"].fillna(0.0).astype(float))
    else:
        chosen = chosen.drop_duplicates(search).assign(credit=1.0)
    merged = chosen[[*search, "credit"]].merge(shown, on=search)
    merged = merged[(merged["team"] != NOBODY) & (merged["credit"] != 0)]
    sums = merged.groupby([*columns, "team"], sort=False, observed=True)["credit"].sum()
    return sums.unstack("team", fill_value=0.0).reset_index()


def _in_a_search(chosen: pd.DataFrame, shown: pd.DataFrame) -> pd.DataFrame:
    """Return the choices with the id of their search, also of those that came without."""
    chosen = chosen[["query_id", "item_id", "unit", "time", "amount"]]
    lost = chosen["query_id"] == ""
    if not lost.any():
        return chosen
    by = ["unit", "item_id"]
    back = pd.merge_asof(
        chosen[lost].drop(columns="query_id").sort_values("time"),
        shown[["query_id", "time", *by]].sort_values("time"),
        on="time",
        by=by,
    )
    return pd.concat([chosen[~lost], back.dropna(subset="query_id")], ignore_index=True)


def preference(
    table: pd.DataFrame,
    variant: str,
    baseline: str,
    credit: Credit = Credit.CLICKS,
    sequential: bool = False,
) -> Preference:
    """Return a variant's preference against the baseline.

    Args:
        table: Credit per search, as ``credits`` returns it.
        variant: The variant.
        baseline: The baseline.
        credit: Kind of credit of the table.
        sequential: Whether the interval and p hold for people who look at any time.
    """
    outcome = _outcomes(table, variant, baseline)
    by_unit = outcome.groupby("unit", sort=False, observed=True)["outcome"].agg(["sum", "count"])
    interval = always_valid_interval if sequential else ratio_interval
    value, low, high, p = interval(by_unit["sum"].to_numpy(), by_unit["count"].to_numpy())
    return Preference(
        credit, variant, baseline, *_counts(outcome["outcome"]), len(by_unit), value, low, high, p
    )


def by_query(
    table: pd.DataFrame, variant: str, baseline: str, most: int = 0
) -> tuple[QueryPreference, ...]:
    """Return the preference per query, the queries with the most decided searches first.

    Args:
        table: Credit per search, as ``credits`` returns it.
        variant: The variant.
        baseline: The baseline.
        most: Most queries; 0 returns all.
    """
    outcome = _outcomes(table, variant, baseline)
    groups = [
        _of_query(str(query), part["outcome"])
        for query, part in outcome.groupby("query", sort=True, observed=True)
    ]
    groups.sort(key=lambda entry: -(entry.wins + entry.losses + entry.ties))
    return tuple(groups[:most] if most else groups)


def _of_query(query: str, outcome: pd.Series) -> QueryPreference:
    value = float(outcome.mean())
    spread = float(outcome.std(ddof=1)) if len(outcome) > 1 else 0.0
    sensitivity = value / spread if spread else 0.0
    needed = needed_searches(sensitivity) if sensitivity else None
    return QueryPreference(query, *_counts(outcome), value, sensitivity, needed)


def needed_searches(sensitivity: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """Return how many independent outcomes show a mean that is so many standard deviations."""
    from scipy import stats  # slow to import

    z = float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power))
    return math.ceil((z / sensitivity) ** 2)


def ratio_interval(
    sums: Sequence[float] | np.ndarray, counts: Sequence[float] | np.ndarray, level: float = 0.95
) -> tuple[float, float, float, float]:
    """Return a ratio of sums over visitors with its interval, and p that it is 0.

    Args:
        sums: Sum of the outcomes (−1, 0, 1) of each visitor.
        counts: Number of outcomes of each visitor.
        level: Level of the interval.

    Returns:
        Value, low, high, p; with fewer than two visitors the interval is −1 to 1 and p is 1.
    """
    above, below = np.asarray(sums, np.float64), np.asarray(counts, np.float64)
    value, error = _ratio(above, below)
    units = len(below)
    if units < 2:
        return value, -1.0, 1.0, 1.0
    from scipy import stats  # slow to import

    if error == 0:  # all chose alike: the rule of three bounds what nobody did
        reach = min(3 / units, 1.0) * 2
        return value, max(value - reach, -1.0), min(value + reach, 1.0), _sign_p(above)
    width = float(stats.t.ppf(0.5 + level / 2, units - 1)) * error
    p = float(2 * stats.t.sf(abs(value) / error, units - 1))
    return value, max(value - width, -1.0), min(value + width, 1.0), p


def always_valid_interval(
    sums: Sequence[float] | np.ndarray, counts: Sequence[float] | np.ndarray
) -> tuple[float, float, float, float]:
    """Return what ``ratio_interval`` does, with an interval (95 %) and p that hold at any look.

    With fewer than thirty visitors, or if all chose alike, the interval is −1 to 1 and p is 1.
    """
    above, below = np.asarray(sums, np.float64), np.asarray(counts, np.float64)
    value, error = _ratio(above, below)
    if len(below) < _FEWEST_AT_A_LOOK or error == 0:
        return value, -1.0, 1.0, 1.0
    width = half_width(error, SMALLEST_PREFERENCE, ALPHA)
    p = always_valid_p(value, error, SMALLEST_PREFERENCE)
    return value, max(value - width, -1.0), min(value + width, 1.0), p


def _ratio(above: np.ndarray, below: np.ndarray) -> tuple[float, float]:
    """Return a ratio of sums over visitors and its standard error; 0 if it can't be told."""
    total, units = float(below.sum()), len(below)
    value = float(above.sum() / total) if total else 0.0
    if units < 2:
        return value, 0.0
    rest = above - value * below
    return value, math.sqrt(units / (units - 1) * float(rest @ rest)) / total


def _sign_p(above: np.ndarray) -> float:
    """Return the two-sided p of a sign test over visitors."""
    from scipy import stats

    wins, losses = int((above > 0).sum()), int((above < 0).sum())
    return float(stats.binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def _outcomes(table: pd.DataFrame, variant: str, baseline: str) -> pd.DataFrame:
    """Return ``unit``, ``query`` and the outcome, −1, 0 or 1, of each decided search."""
    if variant == baseline:
        raise ExperimentError("A variant is compared with another one.")
    empty = pd.Series(0.0, index=table.index)
    own, other = (table.get(name, empty) for name in (variant, baseline))
    decided = (own != 0) | (other != 0)
    part = table.loc[decided, ["unit", "query"]]
    return part.assign(outcome=np.sign((own - other)[decided]).to_numpy())


def _counts(outcome: pd.Series) -> tuple[int, int, int]:
    return int((outcome > 0).sum()), int((outcome < 0).sum()), int((outcome == 0).sum())
