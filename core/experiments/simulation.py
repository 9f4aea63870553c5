"""Simulated visitors of an experiment: searches, lists, clicks, carts and purchases as events.

Seeded: the same values give the same log, event by event. Visitors differ in how readily they
click, come once or more often, and use a telephone or a desk; a week has its evenings.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from core.errors import ExperimentError
from core.experiments.assignment import assign
from core.experiments.behaviour_events import FIELDS
from core.experiments.click_models import MODELS, Taste
from core.experiments.interleaving import team_draft
from core.experiments.market import Market
from core.experiments.model import Experiment, ExperimentKind

#: Most visitors of one simulation.
MOST_VISITORS = 2_000_000
#: Share of a day's visits in each hour.
_HOURS = np.array([2, 1, 1, 1, 1, 2, 3, 4, 5, 5, 5, 5, 6, 5, 5, 5, 5, 6, 7, 8, 9, 8, 6, 4], float)
_DEVICES, _DEVICE_SHARES = ("mobile", "desktop"), (0.62, 0.38)
_NUMBERS = {"position": "Int32", "quantity": "Int32", "results": "Int32", "amount": "float64"}


@dataclass(frozen=True, slots=True)
class Visits:
    """How many visitors come, and how.

    Attributes:
        visitors: Number of visitors.
        days: Days over which they come.
        start: First moment, UTC.
        places: Items of a list.
        model: Click model: ``cascade`` or ``position``.
        sessions: Mean number of further visits of a visitor.
        searches: Mean number of further searches of a visit.
        spread: Variation of how readily visitors click (standard deviation over mean).
        taste: What they do by grade.
    """

    visitors: int = 5_000
    days: float = 7.0
    start: datetime = datetime(2026, 1, 5, tzinfo=UTC)
    places: int = 10
    model: str = "cascade"
    sessions: float = 0.4
    searches: float = 0.8
    spread: float = 0.5
    taste: Taste = field(default_factory=Taste)

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ExperimentError: One is outside its range.
        """
        if not 1 <= self.visitors <= MOST_VISITORS:
            raise ExperimentError(f"A simulation has 1 to {MOST_VISITORS:,} visitors.")
        if not 0 < self.days <= 366:
            raise ExperimentError("A simulation lasts more than 0 and at most 366 days.")
        if not 1 <= self.places <= 100:
            raise ExperimentError("A list has 1 to 100 places.")
        if self.model not in MODELS:
            raise ExperimentError(f"The click models are {' and '.join(MODELS)}.")


@dataclass(frozen=True, slots=True)
class _Searches:
    """One row per search, in order of time.

    Attributes:
        visitor: Number of the visitor.
        session: Number of the visit.
        at: Seconds since the start.
        query: Number of the query.
        eagerness: Factor on the visitor's probability to click.
        mobile: Whether the visitor has a telephone.
        variant: Name of the variant.
    """

    visitor: np.ndarray
    session: np.ndarray
    at: np.ndarray
    query: np.ndarray
    eagerness: np.ndarray
    mobile: np.ndarray
    variant: np.ndarray


def simulate(experiment: Experiment, market: Market, visits: Visits, seed: int = 1) -> pd.DataFrame:
    """Return the events of simulated visitors, in order of time, with the columns of the log.

    Units are assigned as everywhere; those that do not take part leave no events.

    Raises:
        ExperimentError: An engine of the experiment answers none of the market's queries.
    """
    missing = sorted({v.engine for v in experiment.variants} - market.engines())
    if missing:
        raise ExperimentError(f"The simulation has no lists of the engine “{missing[0]}”.")
    rng = np.random.default_rng(seed)
    units = [f"sim-{seed}-{number:07d}" for number in range(visits.visitors)]
    searches = _searches(experiment, market, visits, units, rng)
    items, teams = _lists(experiment, market, visits, searches, seed)
    return _events(experiment, market, visits, units, searches, items, teams, rng)


def _searches(
    experiment: Experiment, market: Market, visits: Visits, units: list[str],
    rng: np.random.Generator,
) -> _Searches:  # fmt: skip
    mobile = rng.random(len(units)) < _DEVICE_SHARES[0]
    eagerness = rng.gamma(1 / visits.spread**2, visits.spread**2, len(units))
    names = []
    for unit, on_phone in zip(units, mobile, strict=True):
        device = _DEVICES[0] if on_phone else _DEVICES[1]
        variant = assign(experiment, unit, {"device": device}).variant
        names.append(variant.name if variant else "")
    variant_of = np.array(names, dtype=object)
    visitor = np.repeat(np.arange(len(units)), 1 + rng.poisson(visits.sessions, len(units)))
    visitor = visitor[variant_of[visitor] != ""]
    began = _times(len(visitor), visits.days, rng)
    times = 1 + rng.poisson(visits.searches, len(visitor))
    session = np.repeat(np.arange(len(visitor)), times)
    nth = np.arange(len(session)) - np.repeat(np.cumsum(times) - times, times)
    at = began[session] + nth * 90 + rng.uniform(0, 30, len(session))
    query = rng.choice(len(market.queries), size=len(session), p=market.shares())
    order = np.argsort(at, kind="stable")
    who = visitor[session][order]
    return _Searches(
        who, session[order], at[order], query[order], eagerness[who], mobile[who], variant_of[who]
    )


def _times(count: int, days: float, rng: np.random.Generator) -> np.ndarray:
    """Return when visits begin, seconds since the start, more of them in the evenings."""
    hours = rng.choice(24, size=count, p=_HOURS / _HOURS.sum()) + rng.random(count)
    if days < 1:
        return np.asarray(rng.uniform(0, days * 86_400, count))
    whole = rng.integers(0, max(int(days), 1), count)
    return np.asarray(whole * 86_400 + hours * 3_600)


def _lists(
    experiment: Experiment, market: Market, visits: Visits, searches: _Searches, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the shown items and their teams, ``[n, places]``; empty where a list is shorter."""
    items = np.full((len(searches.query), visits.places), "", dtype=object)
    teams = items.copy()
    engines = {variant.name: variant.engine for variant in experiment.variants}
    if experiment.kind is ExperimentKind.INTERLEAVING:
        draw = random.Random(seed)  # noqa: S311 (no secret)
        by_query = [
            {name: query.rankings[engine] for name, engine in engines.items()}
            for query in market.queries
        ]
        for row, query in enumerate(searches.query):
            for place, slot in enumerate(team_draft(by_query[query], visits.places, draw)):
                items[row, place], teams[row, place] = slot.item_id, slot.team
        return items, teams
    for name, engine in engines.items():
        for number, query in enumerate(market.queries):
            shown = query.rankings[engine][: visits.places]
            rows = np.flatnonzero((searches.variant == name) & (searches.query == number))
            items[rows[:, None], np.arange(len(shown))] = np.array(shown, dtype=object)
    return items, teams


def _events(
    experiment: Experiment, market: Market, visits: Visits, units: list[str], searches: _Searches,
    items: np.ndarray, teams: np.ndarray, rng: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    grades = _grades(market, searches.query, items)
    click, satisfied, cart, purchase = (
        visits.taste.at(action, grades) for action in ("click", "satisfied", "cart", "purchase")
    )
    attraction = np.where(items != "", np.minimum(click * searches.eagerness[:, None], 0.95), 0.0)
    clicked = MODELS[visits.model].clicks(attraction, satisfied, rng)
    in_cart = clicked & (rng.random(clicked.shape) < cart)
    bought = in_cart & (rng.random(clicked.shape) < purchase)

    base = _base(experiment, market, visits, units, searches)
    whole = base.assign(kind="search", results=(items != "").sum(axis=1))
    whole["event_id"] = whole["query_id"] + "-s"
    parts = [whole]
    for kind, happened, later in (
        ("exposure", items != "", 0.5),
        ("click", clicked, 4.0),
        ("cart", in_cart, 40.0),
        ("purchase", bought, 600.0),
    ):
        rows, places = np.nonzero(happened)
        part = base.iloc[rows].reset_index(drop=True)
        part["kind"], part["position"] = kind, places + 1
        part["item_id"], part["team"] = items[rows, places], teams[rows, places]
        part["product_type"] = _types(market, part["item_id"])
        part["time"] += pd.to_timedelta(later * (places + 1 if kind == "click" else 1), unit="s")
        part["event_id"] = part["query_id"] + f"-{kind[:2]}" + part["position"].astype(str)
        if kind == "purchase":
            part["amount"] = [market.price(item_id) for item_id in part["item_id"]]
            part["currency"], part["quantity"] = market.currency, 1
            part["order_id"] = part["session"]
        parts.append(part)
    return _as_log(pd.concat(parts, ignore_index=True))


def _base(
    experiment: Experiment, market: Market, visits: Visits, units: list[str], searches: _Searches
) -> pd.DataFrame:
    """Return what all events of a search share, one row per search."""
    start = pd.Timestamp(visits.start)
    number = pd.Series(np.arange(len(searches.query))).astype(str)
    texts = np.array([query.text for query in market.queries], dtype=object)
    session = pd.Series(searches.session).astype(str)
    unit = np.array(units, dtype=object)[searches.visitor]
    stem = units[0].rsplit("-", 1)[0]
    interleaved = experiment.kind is ExperimentKind.INTERLEAVING
    return pd.DataFrame(
        {
            "time": start + pd.to_timedelta(searches.at, unit="s").round("ms"),
            "unit": unit,
            "experiment": experiment.id,
            "variant": "" if interleaved else searches.variant,
            "session": f"{stem}-v" + session,
            "query_id": f"{experiment.id}-{stem}-q" + number,
            "query": texts[searches.query],
            "device": np.where(searches.mobile, *_DEVICES),
            "query_class": np.array(market.classes(), dtype=object)[searches.query],
        }
    )


def _as_log(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the log's columns, texts without gaps, in order of time."""
    frame = frame.reindex(columns=list(FIELDS))
    for name in FIELDS:
        if name in _NUMBERS:
            frame[name] = frame[name].astype(_NUMBERS[name])
        elif name != "time":
            frame[name] = frame[name].fillna("")
    return frame.sort_values(["time", "event_id"], kind="stable", ignore_index=True)


def _grades(market: Market, queries: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Return the grades of shown items, ``[n, places]``; unjudged ones have 0."""
    grades = np.zeros(items.shape)
    for number, query in enumerate(market.queries):
        rows = queries == number
        grades[rows] = _looked_up(query.grades, items[rows])
    return grades


def _looked_up(grades: Mapping[str, float], items: np.ndarray) -> np.ndarray:
    codes, names = pd.factorize(items.ravel())
    values = np.array([grades.get(name, 0.0) for name in names], dtype=np.float64)
    return np.asarray(values[codes].reshape(items.shape)) if len(names) else np.zeros(items.shape)


def _types(market: Market, ids: pd.Series) -> pd.Series:
    types = {name: item.product_type for name, item in market.items.items()}
    return ids.map(types).fillna("")
