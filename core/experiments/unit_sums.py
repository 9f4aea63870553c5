"""Add up cleaned events per unit, and the units' sums per variant: counts, means, covariances."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import numpy.typing as npt

from core.experiments.event_table import CART, CLICK, EXPOSURE, PURCHASE, SEARCH
from core.experiments.prepared_events import Prepared

#: Columns of a unit; each has one for the unit's past, too (``past_clicks`` …).
COLUMNS = (
    "searches", "zero", "shown", "clicks", "carts", "orders", "converted", "revenue", "gmv",
    "sessions", "listed", "abandoned",
)  # fmt: skip
#: Columns that are known of a segment's events, which have no sessions and no whole lists.
SEGMENT_COLUMNS = (
    "searches", "zero", "shown", "clicks", "carts", "orders", "converted", "revenue", "gmv"
)  # fmt: skip
#: What units and their events are divided by.
DIMENSIONS = ("device", "query_class", "product_type")
_MONEY = ("revenue", "gmv")
#: Which events are orders (a refund is none), and what rows of one order share.
_ORDERED = f"kind = {PURCHASE} AND coalesce(amount, 1) >= 0"
_ORDER = "coalesce(ordered, id, hash(moment))"


@dataclass(frozen=True, slots=True)
class Moments:
    """What the analysis needs to know of the units of one variant.

    Attributes:
        count: Number of units.
        means: Column → mean.
        covariances: Two columns in alphabetical order → sample covariance.
    """

    count: int
    means: dict[str, float]
    covariances: dict[tuple[str, str], float]


class UnitSums:
    """The table of units of prepared events: one row each, ``s`` in the database."""

    def __init__(self, events: Prepared) -> None:
        self._events, self._db = events, events.database
        self.measured = self._measured()
        self._count_searches = bool(events.number(_count(f"kind = {SEARCH}")))
        self._count_shown = bool(events.number(_count(f"kind = {EXPOSURE}")))
        self._make_lists()
        self._make_units()
        self.cap = self._cut_amounts()

    @property
    def has_past(self) -> bool:
        """Whether units have events from before the experiment."""
        return bool(self._events.number(_count("past")))

    @property
    def denominator(self) -> str:
        """What clicks and carts are divided by, for people."""
        return "shown item" if self._count_shown else "search"

    def units(self) -> dict[str, int]:
        """Return variant → number of units, the baseline first."""
        rows = self._db.execute("SELECT variant, count(*) FROM u GROUP BY 1").fetchall()
        counts = {int(number): int(count) for number, count in rows}
        names = self._events.experiment.variant_names
        return {name: counts.get(number, 0) for number, name in enumerate(names)}

    def moments(self, columns: Iterable[str]) -> dict[str, Moments]:
        """Return variant → moments of some columns of the units' table."""
        chosen = sorted(set(columns))
        rows = self._db.execute(
            f"SELECT variant, {_statistics(chosen)} FROM s GROUP BY variant"  # noqa: S608
        ).fetchall()
        names = self._events.experiment.variant_names
        return {names[row[0]]: _moments(chosen, row[1:]) for row in rows}

    def segments(self, dimension: str, most: int) -> dict[str, dict[str, Moments]]:
        """Return value → variant → moments, for the values with the most units.

        A unit counts in a value if one of its events has it. Events without a value have that of
        their search, and that of their unit if it has only one.
        """
        if not self._events.number(f"SELECT count({dimension}) FROM e"):  # noqa: S608
            return {}
        self._db.execute(self._segment_table(dimension))
        columns = sorted(SEGMENT_COLUMNS)
        rows = self._db.execute(
            f"""SELECT value, variant, {_statistics(columns)} FROM g WHERE value IN (
                    SELECT value FROM g GROUP BY 1 ORDER BY count(*) DESC, value LIMIT {most})
                GROUP BY value, variant ORDER BY value, variant"""  # noqa: S608
        ).fetchall()
        self._db.execute("DROP TABLE g")
        names = self._events.experiment.variant_names
        segments: dict[str, dict[str, Moments]] = {}
        for value, number, *statistics in rows:
            segments.setdefault(value, {})[names[number]] = _moments(columns, statistics)
        return segments

    def counts_by(self, place: str) -> dict[str, dict[str, int]]:
        """Return value → variant → number of units, to see where a split goes wrong.

        Args:
            place: ``day`` (of the unit's first event) or a dimension.
        """
        value = "strftime(entered, '%Y-%m-%d')"
        source = "u"
        if place != "day":
            value = "value"
            source = f"""(SELECT unit, variant, min({place}) AS value FROM e
                          WHERE NOT past GROUP BY unit, variant)"""  # noqa: S608
        rows = self._db.execute(
            f"""SELECT {value}, variant, count(*) FROM {source}
                WHERE {value} IS NOT NULL GROUP BY 1, 2 ORDER BY 1"""  # noqa: S608
        ).fetchall()
        names = self._events.experiment.variant_names
        counts: dict[str, dict[str, int]] = {}
        for text, number, count in rows:
            counts.setdefault(str(text), dict.fromkeys(names, 0))[names[number]] = int(count)
        return counts

    def arrays(self, columns: Sequence[str], most: int) -> npt.NDArray[np.float64]:
        """Return columns of at most so many units, ``[n, columns]``, the same ones each time."""
        listed = ", ".join(f"{column}::DOUBLE AS {column}" for column in columns)
        taken = self._db.execute(
            f"SELECT {listed} FROM s ORDER BY hash(unit) LIMIT {most}"  # noqa: S608
        ).fetchnumpy()
        return np.column_stack([np.asarray(taken[column], np.float64) for column in columns])

    def top_share(self) -> float:
        """Return the share of all money that the unit with the most money has, 0 to 1."""
        row = self._db.execute("SELECT max(revenue), sum(revenue) FROM s").fetchone()
        return row[0] / row[1] if row and row[1] and row[1] > 0 else 0.0

    def _measured(self) -> frozenset[str]:
        """Return the kinds and columns that the log has, as metrics name what they need."""
        row = self._db.execute(
            f"""SELECT count_if(kind = {CLICK}), count_if(kind = {CART}),
                count_if(kind = {PURCHASE}), count_if(kind = {PURCHASE} AND amount IS NOT NULL),
                count_if(kind = {SEARCH} AND results IS NOT NULL),
                count_if(kind = {CLICK} AND query IS NOT NULL) FROM e WHERE NOT past"""  # noqa: S608
        ).fetchone()
        names = ("click", "cart", "purchase", "amount", "results", "query_id")
        return frozenset(name for name, count in zip(names, row or (), strict=False) if count)

    def _make_lists(self) -> None:
        """Make ``q``: sums per unit and answered search."""
        self._db.execute(
            f"""CREATE TABLE q AS SELECT unit, query, past, {self._list_sums()}
                FROM e GROUP BY unit, query, past"""  # noqa: S608
        )

    def _list_sums(self) -> str:
        """Return the columns that add up the events of a unit and an answered search."""
        # A search may be logged twice, by the search engine and by the page; its id is one.
        many = f"count_if(kind = {SEARCH})"
        searches = f"CASE WHEN query IS NULL THEN {many} ELSE least(1, {many}) END"
        zero = f"count_if(kind = {SEARCH} AND results = 0)"
        if not self._count_searches:
            searches = f"(query IS NOT NULL AND count_if(kind = {EXPOSURE}) > 0)::BIGINT"
        return f"""{searches} AS searches,
            CASE WHEN query IS NULL THEN {zero} ELSE least(1, {zero}) END AS zero,
            count_if(kind = {EXPOSURE}) AS shown, count_if(kind = {CLICK}) AS clicks,
            count_if(kind = {CART}) AS carts,
            coalesce(sum(amount) FILTER (kind = {PURCHASE}), 0) AS revenue,
            coalesce(sum(amount) FILTER (kind = {PURCHASE} AND amount > 0), 0) AS gmv"""

    def _make_units(self) -> None:
        shown = "shown" if self._count_shown else "searches"
        listed = "query IS NOT NULL AND searches > 0 AND zero = 0"
        visits = "SELECT DISTINCT unit, past, session AS visit FROM e WHERE session IS NOT NULL"
        if not self._events.number("SELECT count(session) FROM e"):
            visits = "SELECT DISTINCT unit, past, visit FROM visits"
        sums = []
        for prefix, when in (("", "NOT past"), ("past_", "past")):
            sums.append(
                f"""SELECT unit, sum(searches) AS {prefix}searches, sum(zero) AS {prefix}zero,
                sum({shown}) AS {prefix}shown, sum(clicks) AS {prefix}clicks,
                sum(carts) AS {prefix}carts, sum(revenue) AS {prefix}revenue,
                sum(gmv) AS {prefix}gmv, count_if({listed}) AS {prefix}listed,
                count_if({listed} AND clicks = 0 AND carts = 0) AS {prefix}abandoned
                FROM q WHERE {when} GROUP BY unit"""  # noqa: S608
            )
        money = ", ".join(
            f"coalesce({prefix}{column}, 0)::DOUBLE AS {prefix}{column}"
            for prefix in ("", "past_")
            for column in COLUMNS
            if column != "converted"
        )
        self._db.execute(
            f"""CREATE TABLE s AS SELECT unit, variant, {money},
                (coalesce(orders, 0) > 0)::DOUBLE AS converted,
                (coalesce(past_orders, 0) > 0)::DOUBLE AS past_converted
            FROM u LEFT JOIN ({sums[0]}) USING (unit) LEFT JOIN ({sums[1]}) USING (unit)
            LEFT JOIN (SELECT unit, count_if(NOT past) AS sessions, count_if(past) AS past_sessions
                       FROM ({visits}) GROUP BY unit) USING (unit)
            LEFT JOIN (SELECT unit, count_if(NOT past) AS orders, count_if(past) AS past_orders
                       FROM (SELECT DISTINCT unit, past, {_ORDER} AS deal FROM e WHERE {_ORDERED})
                       GROUP BY unit) USING (unit)"""  # noqa: S608
        )

    def _cut_amounts(self) -> float | None:
        """Cut units' money at the cap of the experiment; return the highest amount that stays."""
        share = self._events.experiment.cap
        if share >= 1:
            return None
        row = self._db.execute(
            f"SELECT quantile_cont(gmv, {share:f}) FROM s WHERE gmv > 0"  # noqa: S608
        ).fetchone()
        if not row or row[0] is None:
            return None
        cap = float(row[0])
        cut = ", ".join(
            f"{prefix}{column} = least({prefix}{column}, {cap!r})"
            for prefix in ("", "past_")
            for column in _MONEY
        )
        self._db.execute(f"UPDATE s SET {cut}")  # noqa: S608
        return cap

    def _segment_table(self, dimension: str) -> str:
        """Return the statement that makes ``g``: a unit's sums by value, counted as in ``s``."""
        shown = "shown" if self._count_shown else "searches"
        revenue, gmv = (
            f"sum({column})" if self.cap is None else f"least(sum({column}), {self.cap!r})"
            for column in _MONEY
        )
        return f"""CREATE TABLE g AS
            WITH of_list AS (
                SELECT unit, query, min({dimension}) AS low, max({dimension}) AS high
                FROM e WHERE query IS NOT NULL AND NOT past GROUP BY unit, query),
            of_unit AS (
                SELECT unit, min({dimension}) AS lowest, max({dimension}) AS highest
                FROM e WHERE NOT past GROUP BY unit),
            valued AS (
                SELECT e.*, coalesce({dimension}, CASE WHEN low = high THEN low END,
                    CASE WHEN lowest = highest THEN lowest END) AS value
                FROM e LEFT JOIN of_list USING (unit, query) JOIN of_unit USING (unit)
                WHERE NOT past),
            lists AS (
                SELECT value, variant, unit, query, {self._list_sums()}
                FROM valued WHERE value IS NOT NULL GROUP BY value, variant, unit, query),
            deals AS (
                SELECT value, unit, count(DISTINCT {_ORDER}) AS deals
                FROM valued WHERE value IS NOT NULL AND {_ORDERED} GROUP BY value, unit)
            SELECT value, variant, unit, sum(searches)::DOUBLE AS searches,
                sum(zero)::DOUBLE AS zero, sum({shown})::DOUBLE AS shown,
                sum(clicks)::DOUBLE AS clicks, sum(carts)::DOUBLE AS carts,
                coalesce(any_value(deals), 0)::DOUBLE AS orders,
                (count(deals) > 0)::DOUBLE AS converted,
                {revenue}::DOUBLE AS revenue, {gmv}::DOUBLE AS gmv
            FROM lists LEFT JOIN deals USING (value, unit)
            GROUP BY value, variant, unit"""  # noqa: S608


def _count(condition: str) -> str:
    return f"SELECT count(*) FROM e WHERE {condition}"  # noqa: S608


def _statistics(columns: Sequence[str]) -> str:
    parts = ["count(*)", *(f"avg({column})" for column in columns)]
    parts += [f"covar_samp({a}, {b})" for a, b in combinations_with_replacement(columns, 2)]
    return ", ".join(parts)


def _moments(columns: Sequence[str], values: Sequence[float | None]) -> Moments:
    numbers = [0.0 if value is None or math.isnan(value) else float(value) for value in values]
    pairs = list(combinations_with_replacement(columns, 2))
    means = dict(zip(columns, numbers[1 : 1 + len(columns)], strict=True))
    covariances = dict(zip(pairs, numbers[1 + len(columns) :], strict=True))
    return Moments(int(numbers[0]), means, covariances)
