"""How much likelier visitors look at one place than at another, estimated from clicks.

The position-based model: an item is clicked if its place is looked at (probability θ of the place)
and it attracts (probability α of query and item). θ can only be told where the same item of the
same query was shown at several places, as A/B tests and interleaving do; the first place has θ 1.
Two estimates that should agree:

*EM*, the maximum likelihood of the model (Chuklin, Markov, de Rijke: Click Models for Web Search,
2015, section 4.1), with a weak prior on α.

*Interventions*: only the same item of the same query at several places is compared, as Agarwal,
Zaitsev, Wang, Li, Najork and Joachims do (Estimating position bias without intrusive interventions,
WSDM 2019), here over all its places at once: an item's C clicks should fall on its places in
proportion to n θ, n being how often it stood there, so that Σ (c − C · n θ / Σ n θ) over items is 0
for each place (Poisson regression with an effect of each item that is conditioned away: Hausman,
Hall, Griliches, Econometrica 1984). It has no α to estimate, so items shown seldom can't bias it.

No library: PyClick, the code of the book, is on no package index (the package of its name moves the
mouse), loops over sessions in Python and gives no intervals.

A worked example: an item is clicked 40 times of 100 at place 1 and 30 of 150 at place 2. θ₂ is
(30 / 150) / (40 / 100) = 0.5 by either estimate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import ExperimentError
from core.experiments.jackknife import jackknife
from core.experiments.shown_items import GROUPS, ShownItems

Floats = npt.NDArray[np.float64]
#: Steps of EM, and the change of θ at which it ends.
_MOST_STEPS, _SMALL = 2000, 1e-7
#: Looks that the prior of α counts for, at the mean attraction.
_PRIOR_LOOKS = 0.5
#: Clicks at each of two places, on items that stood at both, without which they are not compared.
_FEWEST_CLICKS = 10
#: Estimates that differ by more are told apart.
_DIFFERENT = 0.1


@dataclass(frozen=True, slots=True)
class PlaceBias:
    """How often visitors look at a place, compared with the first.

    Attributes:
        place: The place, from 1.
        looks: θ by EM; ``None`` where the log can't tell.
        low: Lower end of its 95 % interval.
        high: Its upper end.
        by_interventions: θ by interventions.
        shown: How often an item was shown there.
        clicks: How often it was clicked.
    """

    place: int
    looks: float | None
    low: float | None
    high: float | None
    by_interventions: float | None
    shown: int
    clicks: int


@dataclass(frozen=True, slots=True)
class PositionBias:
    """The places of a log.

    Attributes:
        places: The places, from the first.
        pairs: Queries with items that were shown at several places, which tell the bias.
        notes: Sentences on what the log can't tell.
        without: θ by EM without each group of visitors.
    """

    places: tuple[PlaceBias, ...]
    pairs: int
    notes: tuple[str, ...] = ()
    without: tuple[tuple[float, ...], ...] = field(default=(), repr=False)

    @property
    def theta(self) -> Floats:
        """θ of the places up to the first one that the log can't tell, ``[k]``."""
        values = [p.looks for p in self.places]
        end = values.index(None) if None in values else len(values)
        return np.array(values[:end], np.float64)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {name: value for name, value in asdict(self).items() if name != "without"}


def position_bias(items: ShownItems) -> PositionBias:
    """Estimate the position bias of a log.

    Raises:
        ExperimentError: No item was shown at several places, so the log can't tell.
    """
    shown, clicks = items.tables()
    moved = (shown > 0).sum(axis=1) > 1
    comparable = _comparable(shown[moved], clicks[moved])
    if comparable.sum() < 2:
        raise ExperimentError(
            "This log can't tell how places are looked at: no item of a query was shown, and "
            "clicked often enough, at the first place and at another. Logs of an A/B test or of "
            "interleaving can, because their engines rank the same items differently."
        )
    theta = by_em(shown[moved], clicks[moved], comparable)
    other = by_interventions(shown[moved], clicks[moved], comparable)
    without = np.array(
        [_without(items, group, moved, comparable, theta) for group in range(GROUPS)]
    )
    low, high = jackknife(theta, without)
    places = tuple(
        PlaceBias(
            place + 1,
            _value(theta[place]),
            _value(max(low[place], 0.0)) if place else 1.0,
            _value(high[place]) if place else 1.0,
            _value(other[place]),
            int(shown[:, place].sum()),
            int(clicks[:, place].sum()),
        )
        for place in range(items.places)
    )
    thetas = tuple(tuple(map(float, row)) for row in without)
    return PositionBias(places, int(moved.sum()), tuple(_notes(places)), thetas)


def by_em(
    shown: Floats, clicks: Floats, comparable: npt.NDArray[np.bool_], start: Floats | None = None
) -> Floats:
    """Return θ by expectation and maximisation, ``[k]``; NaN for places that can't be compared.

    Args:
        shown: How often pairs were shown by place, ``[pairs, k]``.
        clicks: How often they were clicked.
        comparable: Which places can be compared with the first, ``[k]``.
        start: θ to start from.
    """
    shown, clicks = shown[:, comparable], clicks[:, comparable]
    missed = shown - clicks
    theta = 1 / np.arange(1, shown.shape[1] + 1) if start is None else start[comparable]
    mean = clicks.sum() / max((shown * theta).sum(), 1e-9)
    alpha = np.clip((clicks.sum(axis=1) + mean) / ((shown * theta).sum(axis=1) + 1), 1e-6, 1 - 1e-6)
    for _ in range(_MOST_STEPS):
        passed = missed / (1 - alpha[:, None] * theta)
        looked = (clicks + passed * theta * (1 - alpha[:, None])).sum(axis=0)
        attracted = (clicks + passed * alpha[:, None] * (1 - theta)).sum(axis=1)
        alpha = (attracted + _PRIOR_LOOKS * mean) / (shown.sum(axis=1) + _PRIOR_LOOKS)
        alpha = np.clip(alpha, 1e-9, 1 - 1e-9)
        before, theta = theta, np.clip(looked / shown.sum(axis=0), 1e-9, 1.0)
        theta[0] = 1.0
        if np.abs(theta - before).max() < _SMALL:
            break
    return _spread(theta, comparable)


def by_interventions(shown: Floats, clicks: Floats, comparable: npt.NDArray[np.bool_]) -> Floats:
    """Return θ from the same items at several places, ``[k]``; arguments as for ``by_em``."""
    shown, clicks = shown[:, comparable], clicks[:, comparable]
    chosen = clicks.sum(axis=1)
    shown, clicks, chosen = shown[chosen > 0], clicks[chosen > 0], chosen[chosen > 0]
    theta = np.ones(shown.shape[1])
    for _ in range(_MOST_STEPS):
        expected = (chosen / (shown @ theta)) @ shown  # clicks by place, were θ 1 at each
        before, theta = theta, clicks.sum(axis=0) / expected
        theta = np.maximum(theta / theta[0], 1e-9)
        if np.abs(theta - before).max() < _SMALL:
            break
    return _spread(theta, comparable)


def _pairs_of_places(shown: Floats, clicks: Floats) -> Iterator[tuple[int, int, float, float]]:
    """Yield two places with the clicks at each on items that stood at both."""
    for first, second in combinations(range(shown.shape[1]), 2):
        both = (shown[:, first] > 0) & (shown[:, second] > 0)
        counts = float(clicks[both, first].sum()), float(clicks[both, second].sum())
        if min(counts) >= _FEWEST_CLICKS:
            yield first, second, *counts


def _comparable(shown: Floats, clicks: Floats) -> npt.NDArray[np.bool_]:
    """Return which places are linked to the first by items that stood at both, ``[k]``."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    places = shown.shape[1]
    links = [(first, second) for first, second, *_ in _pairs_of_places(shown, clicks)]
    if not links:
        return np.zeros(places, bool)
    ends = np.array(links).T
    graph = coo_array((np.ones(len(links)), (ends[0], ends[1])), shape=(places, places))
    _, labels = connected_components(graph, directed=False)
    return np.asarray(labels == labels[0])


def _without(
    items: ShownItems,
    group: int,
    moved: npt.NDArray[np.bool_],
    comparable: npt.NDArray[np.bool_],
    start: Floats,
) -> Floats:
    shown, clicks = items.tables(group)
    return by_em(shown[moved], clicks[moved], comparable, start)


def _spread(values: Floats, comparable: npt.NDArray[np.bool_]) -> Floats:
    theta = np.full(len(comparable), np.nan)
    theta[comparable] = values
    return theta


def _value(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _notes(places: tuple[PlaceBias, ...]) -> Iterator[str]:
    lost = [str(p.place) for p in places if p.looks is None]
    if lost:
        yield (
            f"The log can't tell how often places {', '.join(lost)} are looked at: too few clicks "
            "on items that also stood at other places."
        )
    differ = [
        str(p.place)
        for p in places
        if p.looks and p.by_interventions and abs(p.by_interventions / p.looks - 1) > _DIFFERENT
        and p.low is not None and p.high is not None
        and not p.low <= p.by_interventions <= p.high
    ]  # fmt: skip
    if differ:
        yield (
            f"The two estimates differ at places {', '.join(differ)}: visitors may not read as the "
            "model says (they stop at the first good item, say), so take the debiased figures "
            "with care."
        )
