"""The click rate that an engine's lists would get, estimated from the clicks on other lists.

The model is the position-based one, see ``position_bias``: θ of places is known, and an item of a
query attracts alike wherever it stands. In n searches of a query, an item collected c clicks in
L = Σ θ looks. At place k of the engine's list it would get n θₖ looks, so each of its clicks counts
w = n θₖ / L times (the item-position estimator of Li, Abbasi-Yadkori, Kveton, Muthukrishnan, Vinay,
Wen: Offline evaluation of ranking policies with click models, KDD 2018):

*IPS* (inverse propensity) adds up w c. Items that the log never showed count as never clicked.
*SNIPS* (self-normalised) divides by the looks that these weights stand for, Σ w L, instead of those
of the whole lists: items that were never shown are taken to be as good as the others.
*DR* (doubly robust; Oosterhuis: Doubly robust estimation for correcting position bias in click
feedback, TOIS 2023) predicts all clicks, θₖ α, and corrects the prediction by w (c − L α). α of an
item is drawn to that of its query, and that of a query to the mean, so an item that was never shown
is taken to be like the others of its query.

Click rates are clicks per shown item of the first k, as in the analysis. Own code: obp, the kept
name in the field, needs numpy arrays of the logging policy's probabilities, which a log of
deterministic engines does not have, and its newest release that installs on Python 3.11 is 0.4.1.

A worked example: places have θ 1 and ½. In 100 searches an item stood at place 2 always and got 10
clicks in 50 looks. An engine with the item alone at place 1 gets 100 looks: w = 2, 20 clicks,
CTR@1 = 0.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.base.counts import counted
from core.base.percentages import percent
from core.errors import ExperimentError
from core.experiments.jackknife import jackknife
from core.experiments.position_bias import PositionBias
from core.experiments.shown_items import GROUPS, ShownItems, same_words

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
#: A click counts at most so many times.
MOST_WEIGHT = 50.0
#: Looks by which α of an item, and of a query, is drawn to that of its query, and to the mean.
_PRIOR_LOOKS = 5.0
#: Overlap is thin below these shares of the looks: shown at all, and effective.
THIN_SHOWN, THIN_EFFECTIVE = 0.9, 0.1
_FEWEST_EFFECTIVE = 500
METHODS = ("ips", "snips", "dr")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A click rate by one method, with its 95 % interval.

    Attributes:
        method: ``ips``, ``snips`` or ``dr``.
        ctr: Clicks per shown item of the first k places.
        low: Lower end of the interval; the uncertainty of θ is in it.
        high: Upper end.
    """

    method: str
    ctr: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class OffPolicy:
    """The estimates of an engine.

    Attributes:
        engine: Name of the engine.
        depth: k.
        estimates: One by each method.
        logged_ctr: Clicks per shown item of the first k places in the log itself.
        queries: Queries of the log that the engine's lists answer.
        searches: Searches of these.
        shown: Share of the looks at the engine's lists that fall on items that the log showed.
        effective: Effective sample size (Kish): looks of equal weight that tell as much.
        effective_share: The same, divided by the looks at the engine's lists.
        thin: Whether the overlap is too thin to rely on the estimates.
        notes: Sentences, first on the overlap.
    """

    engine: str
    depth: int
    estimates: tuple[Estimate, ...]
    logged_ctr: float
    queries: int
    searches: int
    shown: float
    effective: float
    effective_share: float
    thin: bool
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Slots:
    """Places of the engine's lists: query, pair (−1 if never shown) and place of each, ``[s]``."""

    query: Whole
    pair: Whole
    place: Whole


def off_policy(
    items: ShownItems,
    rankings: Mapping[str, Sequence[str]],
    bias: PositionBias,
    engine: str,
    depth: int = 10,
) -> OffPolicy:
    """Estimate the click rate of an engine's lists from a log.

    Args:
        items: What the log showed.
        rankings: Words of a query → the engine's item ids, best first.
        bias: How places are looked at.
        engine: Name of the engine.
        depth: Length k of the lists.

    Raises:
        ExperimentError: No query of the log has a list, or the depth is beyond the known places.
    """
    places = len(bias.theta)
    if not 1 <= depth <= places:
        raise ExperimentError(
            f"The log tells how the first {counted(places, 'place')} are looked at, so an estimate "
            f"is for 1 to {places} places, not {depth}."
        )
    slots = _slots(items, rankings, depth)
    if not len(slots.query):
        raise ExperimentError(
            f"None of the log's {counted(len(items.queries), 'query')} has a list of “{engine}”."
        )
    whole, overlap = _rates(items, slots, bias.theta, None)
    thetas = [np.array(theta[:places]) for theta in bias.without]
    parts = [_rates(items, slots, thetas[group], group)[0] for group in range(GROUPS)]
    low, high = jackknife(whole, np.array(parts))
    estimates = tuple(
        Estimate(name, float(whole[place]), float(max(low[place], 0.0)), float(high[place]))
        for place, name in enumerate(METHODS)
    )
    shown, effective, share = overlap
    thin = shown < THIN_SHOWN or share < THIN_EFFECTIVE or effective < _FEWEST_EFFECTIVE
    asked = np.unique(slots.query)
    return OffPolicy(
        engine,
        depth,
        estimates,
        _logged(items, asked, depth),
        len(asked),
        int(items.searches_of()[asked].sum()),
        shown,
        effective,
        share,
        thin,
        tuple(_notes(engine, overlap, thin, len(items.queries) - len(asked))),
    )


def _slots(items: ShownItems, rankings: Mapping[str, Sequence[str]], depth: int) -> _Slots:
    lists = {same_words(words): ranking for words, ranking in rankings.items()}
    pairs = {
        (query, item): pair
        for pair, (query, item) in enumerate(zip(items.query_of.tolist(), items.items, strict=True))
    }
    rows = [
        (query, pairs.get((query, item), -1), place)
        for query, words in enumerate(items.queries)
        for place, item in enumerate(list(dict.fromkeys(lists.get(words, ())))[:depth])
    ]
    table = np.array(rows, np.int64).reshape(-1, 3)
    return _Slots(table[:, 0], table[:, 1], table[:, 2])


def _rates(
    items: ShownItems, slots: _Slots, theta: Floats, without: int | None
) -> tuple[Floats, tuple[float, float, float]]:
    """Return the three click rates, and the overlap: shown, effective, effective share."""
    shown, clicks = items.tables(without)
    places = min(len(theta), items.places)
    looks_of, clicks_of = shown[:, :places] @ theta[:places], clicks[:, :places].sum(axis=1)
    has = slots.pair >= 0
    looks = np.where(has, looks_of[slots.pair], 0.0)
    clicked = np.where(has, clicks_of[slots.pair], 0.0)
    searches = items.searches_of(without)[slots.query]
    wanted = searches * theta[slots.place]
    has &= looks > 0
    weight = np.divide(wanted, looks, out=np.zeros_like(looks), where=has)
    weight = np.minimum(weight, MOST_WEIGHT)
    alpha = _attraction(items, looks_of, clicks_of, slots, looks, clicked)
    ips = (weight * clicked).sum()
    covered = (weight * looks).sum()
    snips = ips / covered * wanted.sum() if covered else 0.0
    dr = (wanted * alpha + weight * (clicked - looks * alpha)).sum()
    effective = covered**2 / max((weight**2 * looks).sum(), 1e-12)
    overlap = float(wanted[has].sum() / wanted.sum()), float(effective)
    rates = np.array([ips, snips, dr]) / searches.sum()
    return rates, (*overlap, float(effective / wanted.sum()))


def _attraction(
    items: ShownItems, looks_of: Floats, clicks_of: Floats, slots: _Slots, looks: Floats,
    clicked: Floats,
) -> Floats:  # fmt: skip
    """Return α of each slot's item, drawn to its query's; ``[s]``."""
    mean = clicks_of.sum() / max(looks_of.sum(), 1e-12)
    size = len(items.queries)
    query_looks = np.bincount(items.query_of, looks_of, size)
    query_clicks = np.bincount(items.query_of, clicks_of, size)
    prior = (query_clicks + _PRIOR_LOOKS * mean) / (query_looks + _PRIOR_LOOKS)
    drawn = prior[slots.query]
    return np.asarray((clicked + _PRIOR_LOOKS * drawn) / (looks + _PRIOR_LOOKS))


def _logged(items: ShownItems, asked: Whole, depth: int) -> float:
    shown, clicks = items.tables()
    chosen = np.isin(items.query_of, asked)
    return float(clicks[chosen, :depth].sum() / max(shown[chosen, :depth].sum(), 1.0))


def _notes(
    engine: str, overlap: tuple[float, float, float], thin: bool, unanswered: int
) -> Iterator[str]:
    shown, effective, share = overlap
    figures = (
        f"{percent(shown)} of the looks at its lists fall on items that the log showed for the "
        f"query; after weighting, its clicks tell as much as {effective:,.0f} looks of equal "
        f"weight ({percent(share)})"
    )
    if thin:
        yield (
            f"Don't rely on these estimates of “{engine}”: the overlap with the log is thin. "
            f"{figures}. An A/B test or interleaving of it would tell."
        )
    else:
        yield f"The overlap of “{engine}” with the log is good: {figures}."
    if unanswered:
        yield f"{counted(unanswered, 'query')} of the log without a list of it don't count."
