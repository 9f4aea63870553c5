"""A/A tests on a real log: split its units at random, many times, and count false alarms.

A random split makes no difference, so p < 0.05 should come up in 5 % of the splits. Where it comes
up more often, the metric's intervals are too narrow on this log (a few huge orders, say), and where
less often, they are too wide (Kohavi, Tang, Xu: Trustworthy Online Controlled Experiments, 2020,
chapter 19). Every split goes through the same code as the analysis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import numpy.typing as npt

from core.base.counts import counted
from core.base.percentages import percent
from core.errors import ExperimentError
from core.experiments.behaviour_metrics import BehaviourMetric, metric_of, metrics_of
from core.experiments.lifts import ALPHA, lifts_of
from core.experiments.model import Experiment, Variant
from core.experiments.prepared_events import prepared
from core.experiments.unit_sums import Moments, UnitSums

#: Most units that are split; more make no better test, only a slower one.
MOST_UNITS = 50_000
#: Fewest units, and the limits of the number of splits.
_FEWEST, _SPLITS = 100, (20, 100_000)
#: A share of false alarms is wrong where chance gives it more seldom, over all metrics together.
_OFF = 0.01
_NAMES = ("half 1", "half 2")
OnSplit = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """How often random splits gave p < 0.05 for one metric.

    Attributes:
        metric: Name of the metric.
        splits: Number of splits that had enough events for a p.
        alarms: Number of those with p < 0.05.
        share: Alarms divided by splits.
        low: Lower end of its 95 % interval (Clopper and Pearson).
        high: Its upper end.
        off: ``often`` or ``seldom`` where the share is not 5 % by more than chance, else empty.
    """

    metric: str
    splits: int
    alarms: int
    share: float
    low: float
    high: float
    off: str = ""


@dataclass(frozen=True, slots=True)
class AATest:
    """The result of A/A tests.

    Attributes:
        experiment: Id of the experiment whose log was split; empty: events outside of any.
        units: Number of units that were split.
        splits: Number of random splits.
        metrics: False alarms by metric.
        sentence: What they mean, in words.
    """

    experiment: str
    units: int
    splits: int
    metrics: tuple[FalseAlarms, ...]
    sentence: str

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def run_aa_tests(
    experiment: Experiment,
    frame: Any,
    splits: int = 1000,
    seed: int = 1,
    on_split: OnSplit = lambda _: None,
) -> AATest:
    """Split the units of a log at random, and test each metric each time.

    Args:
        experiment: Whose events, metrics, cap and way of looking count; its variants are ignored.
        frame: The events, as for the analysis.
        splits: Number of random splits into two halves.
        seed: Of the random numbers.
        on_split: Called with the number of splits so far.

    Raises:
        ExperimentError: The number of splits is outside its range, or there are too few units.
    """
    if not _SPLITS[0] <= splits <= _SPLITS[1]:
        raise ExperimentError(f"A/A tests need {_SPLITS[0]} to {_SPLITS[1]:,} splits.")
    halves = replace(experiment, variants=tuple(map(Variant, _NAMES)), primary="")
    with prepared(experiment, frame, everybody=True) as events:
        sums = UnitSums(events)
        metrics = [m for m in metrics_of(experiment.metrics) if set(m.needs) <= sums.measured]
        past = sums.has_past
        columns = _columns(metrics, past=past)
        units = sums.arrays(columns, MOST_UNITS)
    if len(units) < _FEWEST:
        raise ExperimentError(
            f"A/A tests need {_FEWEST} visitors and more; this log has {len(units)}."
        )
    ps: dict[str, list[float]] = {metric.name: [] for metric in metrics}
    for number, moments in enumerate(_splits(units, columns, splits, seed), 1):
        for metric in metrics:
            for lift in lifts_of(halves, metric, moments, past=past):
                if lift.p is not None:
                    ps[metric.name].append(lift.p)
        on_split(number)
    tested = tuple(_alarms(name, values, len(metrics)) for name, values in ps.items() if values)
    sentence = _sentence(tested, experiment.sequential)
    return AATest(experiment.id, len(units), splits, tested, sentence)


def _columns(metrics: Sequence[BehaviourMetric], *, past: bool) -> list[str]:
    names = sorted({column for metric in metrics for column in metric.columns})
    return names + [f"past_{name}" for name in names] * past


def _splits(
    units: npt.NDArray[np.float64], columns: Sequence[str], splits: int, seed: int
) -> Iterator[Mapping[str, Moments]]:
    """Yield the moments of two random halves of the units, ``[n, columns]``."""
    rng = np.random.default_rng(seed)
    for _ in range(splits):
        first = rng.random(len(units)) < 0.5
        yield {
            name: moments_of(units[half], columns)
            for name, half in zip(_NAMES, (first, ~first), strict=True)
        }


def moments_of(units: npt.NDArray[np.float64], columns: Sequence[str]) -> Moments:
    """Return the moments of units, ``[n, columns]``."""
    covariance = np.atleast_2d(np.cov(units, rowvar=False))
    place = {name: number for number, name in enumerate(columns)}
    return Moments(
        len(units),
        dict(zip(columns, map(float, units.mean(axis=0)), strict=True)),
        {
            (a, b): float(covariance[place[a], place[b]])
            for a, b in combinations_with_replacement(sorted(columns), 2)
        },
    )


def _alarms(metric: str, ps: Sequence[float], metrics: int) -> FalseAlarms:
    from scipy import stats  # slow to import

    alarms = int((np.asarray(ps) < ALPHA).sum())
    test = stats.binomtest(alarms, len(ps), ALPHA)
    interval = test.proportion_ci(0.95)
    share = alarms / len(ps)
    off = ("often" if share > ALPHA else "seldom") if test.pvalue * metrics < _OFF else ""
    return FalseAlarms(
        metric, len(ps), alarms, share, float(interval.low), float(interval.high), off
    )


def _sentence(tested: Sequence[FalseAlarms], sequential: bool) -> str:
    if not tested:
        return "No metric of this log has enough events for A/A tests."
    wrong = [alarms for alarms in tested if alarms.off == "often"]
    wide = [alarms for alarms in tested if alarms.off == "seldom"]
    sentences = []
    if wrong:
        listed = ", ".join(f"{metric_of(a.metric).title} ({percent(a.share, 1)})" for a in wrong)
        sentences.append(
            f"Don't rely on {listed}: random splits of the same visitors give p < 0.05 more often "
            "than 5 %. Cap the largest buyers (--cap 0.99), or collect more visitors."
        )
    if wide and sequential:
        sentences.append(
            "A single look at always-valid intervals gives fewer false alarms than 5 %, as it "
            "should: the 5 % are for all looks together."
        )
    elif wide:
        listed = ", ".join(f"{metric_of(a.metric).title} ({percent(a.share, 1)})" for a in wide)
        sentences.append(
            f"The intervals of {listed} are wider than they need be: fewer false alarms than 5 %."
        )
    if fine := len(tested) - len(wrong) - len(wide):
        sentences.append(
            f"{counted(fine, 'metric')} of {len(tested)} "
            f"{'gives' if fine == 1 else 'give'} 5 % false alarms within chance."
        )
    return " ".join(sentences)
