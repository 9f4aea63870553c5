"""Analyse an A/B experiment: lifts with intervals from ``tea-tasting``, corrected, with a verdict.

Rows are units, so a visitor's many searches are one draw: ratios of sums get the variance of the
delta method, and the lift's interval is made on the logarithm of the ratio.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from core.experiments.behaviour_metrics import BehaviourMetric, metrics_of
from core.experiments.decision import decide
from core.experiments.experiment_result import Lift, Result, Segment
from core.experiments.model import Experiment, ExperimentKind
from core.experiments.prepared_events import Prepared, prepared
from core.experiments.sample_ratio import WRONG, split_p, wrong_places
from core.experiments.sequential import always_valid_p, half_width
from core.experiments.unit_sums import COLUMNS, DIMENSIONS, SEGMENT_COLUMNS, Moments, UnitSums

if TYPE_CHECKING:
    from tea_tasting.aggr import Aggregates

#: Probability that a single interval misses the true value.
ALPHA = 0.05
#: Values of a dimension that are analysed, and the fewest units of a variant in them.
_MOST_VALUES, _FEWEST = 8, 100
#: Fewest units per variant for an interval.
_ENOUGH = 10
#: A unit with a larger share of all money deserves a cap.
_HUGE_SHARE = 0.1


def analyze(experiment: Experiment, frame: Any) -> Result:
    """Analyse the events of an experiment, A/B or interleaving.

    Args:
        experiment: The experiment.
        frame: Its events: a table, a reader of record batches (read once, in bounded memory) or
            a data frame with the columns of ``behaviour_events.SCHEMA``.

    Raises:
        ExperimentError: A column or a variant is missing, or a metric does not exist.
    """
    if experiment.kind is ExperimentKind.INTERLEAVING:
        from core.experiments.interleaving_analysis import analyze_interleaving

        return analyze_interleaving(experiment, frame)
    metrics = metrics_of(_with_primary(experiment))
    with prepared(experiment, frame) as events:
        return _result(experiment, metrics, events, UnitSums(events))


def _with_primary(experiment: Experiment) -> tuple[str, ...]:
    """Return the names of the metrics, the primary one first; empty: all."""
    if not experiment.metrics:
        return ()
    first = (experiment.primary,) if experiment.primary else ()
    return (*first, *experiment.metrics, *experiment.guardrails)


def _result(
    experiment: Experiment,
    metrics: Sequence[BehaviourMetric],
    events: Prepared,
    sums: UnitSums,
) -> Result:
    units = sums.units()
    measured = [metric for metric in metrics if set(metric.needs) <= sums.measured]
    past = sums.has_past
    columns = [*COLUMNS, *(f"past_{column}" for column in COLUMNS)] if past else list(COLUMNS)
    moments = sums.moments(columns)
    lifts = [lift for metric in measured for lift in _lifts(experiment, metric, moments, past=past)]
    srm = split_p(units, experiment.shares)
    begin, end = _times(events)
    result = Result(
        experiment.id,
        units,
        srm,
        _corrected(lifts),
        verdict=srm >= WRONG,
        places=wrong_places(sums, units, experiment.shares) if srm < WRONG else (),
        segments=_segments(experiment, measured, sums),
        left_out=events.left_out,
        notes=(*events.notes, *_notes(experiment, metrics, measured, sums, past=past)),
        begin=begin,
        end=end,
    )
    return replace(result, decision=decide(experiment, result))


def _lifts(
    experiment: Experiment,
    metric: BehaviourMetric,
    moments: Mapping[str, Moments],
    *,
    past: bool = False,
) -> Iterable[Lift]:
    baseline = experiment.baseline.name
    for variant in experiment.variant_names[1:]:
        if baseline in moments and variant in moments:
            yield _lift(experiment, metric, variant, moments[baseline], moments[variant], past=past)


def _lift(
    experiment: Experiment,
    metric: BehaviourMetric,
    variant: str,
    base: Moments,
    other: Moments,
    *,
    past: bool,
) -> Lift:
    values = [_value(metric, moments) for moments in (base, other)]
    lift = Lift(
        metric.name, variant, experiment.baseline.name, None, None, None, None, None,
        values[1], values[0],
    )  # fmt: skip
    low = min(base.count, other.count)
    if low < _ENOUGH or not all(_mean(metric, m) > 0 for m in (base, other)):
        return lift
    if not any(_varies(metric, m) for m in (base, other)):
        return lift  # all orders have one price, say: there is no chance to measure
    past = past and any(_variance(metric, m, "past_") > 0 for m in (base, other))
    analysed = _tasted(metric, base, other, past=past)
    method = "delta with past" if past else "delta"
    if not math.isfinite(analysed.rel_effect_size) or not math.isfinite(analysed.pvalue):
        past, method = False, "delta"
        analysed = _tasted(metric, base, other, past=False)
    narrower = _narrower(metric, base, other, analysed) if past else 0.0
    bounds = (analysed.rel_effect_size_ci_lower, analysed.rel_effect_size_ci_upper)
    p = analysed.pvalue
    if experiment.sequential:
        method = method.replace("delta", "always valid")
        bounds, p = _always_valid(
            analysed.rel_effect_size, _log_error(analysed), experiment.smallest_lift
        )
    return replace(
        lift,
        lift=float(analysed.rel_effect_size),
        lift_low=float(bounds[0]),
        lift_high=float(bounds[1]),
        p=float(p),
        method=method,
        narrower=narrower,
    )


def _tasted(metric: BehaviourMetric, base: Moments, other: Moments, *, past: bool) -> Any:
    from tea_tasting.metrics import RatioOfMeans  # slow to import

    bottom = metric.bottom or None
    ratio = RatioOfMeans(
        metric.top,
        bottom,
        f"past_{metric.top}" if past else None,
        f"past_{bottom}" if past and bottom else None,
        use_t=True,
        equal_var=False,
        confidence_level=1 - ALPHA,
    )
    columns = sorted(ratio.aggr_cols.mean_cols)
    return ratio.analyze_aggregates(_aggregates(base, columns), _aggregates(other, columns))


def _aggregates(moments: Moments, columns: Sequence[str]) -> Aggregates:
    from tea_tasting.aggr import Aggregates

    return Aggregates(
        count_=moments.count,
        mean_={name: moments.means[name] for name in columns},
        var_={name: moments.covariances[name, name] for name in columns},
        cov_={pair: moments.covariances[pair] for pair in combinations(columns, 2)},
    )


def _log_error(analysed: Any) -> float:
    """Return the standard error of the logarithm of the ratio, from tea-tasting's interval.

    Its interval uses Student's t; with the hundreds of units that an experiment has, that is the
    normal distribution.
    """
    high, low = 1 + analysed.rel_effect_size_ci_upper, 1 + analysed.rel_effect_size_ci_lower
    return math.log(high / low) / (2 * 1.959963984540054)


def _always_valid(lift: float, error: float, smallest: float) -> tuple[tuple[float, float], float]:
    scale = math.log1p(smallest)
    effect, half = math.log1p(lift), half_width(error, scale, ALPHA)
    bounds = (math.expm1(effect - half), math.expm1(min(effect + half, 50.0)))
    return bounds, always_valid_p(effect, error, scale)


def _narrower(metric: BehaviourMetric, base: Moments, other: Moments, analysed: Any) -> float:
    """Return the share of the variance that the past explains."""
    plain = _tasted(metric, base, other, past=False)
    before, after = _log_error(plain), _log_error(analysed)
    return max(0.0, 1 - (after / before) ** 2) if before > 0 else 0.0


def _mean(metric: BehaviourMetric, moments: Moments) -> float:
    bottom = moments.means[metric.bottom] if metric.bottom else 1.0
    return moments.means[metric.top] / bottom if bottom > 0 else 0.0


def _value(metric: BehaviourMetric, moments: Moments) -> float:
    return _mean(metric, moments) * (moments.count if metric.total else 1)


def _varies(metric: BehaviourMetric, moments: Moments) -> bool:
    """Tell whether a metric differs between units by more than rounding errors."""
    top, bottom = metric.top, metric.bottom
    variance = moments.covariances[top, top]
    if not bottom:
        return variance > 0
    ratio = _mean(metric, moments)
    pair = (min(top, bottom), max(top, bottom))
    parts = (variance, ratio**2 * moments.covariances[bottom, bottom])
    return sum(parts) - 2 * ratio * moments.covariances[pair] > 1e-9 * sum(parts)


def _variance(metric: BehaviourMetric, moments: Moments, prefix: str = "") -> float:
    return moments.covariances[prefix + metric.top, prefix + metric.top]


def _corrected(lifts: Sequence[Lift]) -> tuple[Lift, ...]:
    """Correct p for the number of lifts (false discovery rate, Benjamini and Hochberg)."""
    from scipy import stats  # slow to import

    places = [place for place, lift in enumerate(lifts) if lift.p is not None]
    if not places:
        return tuple(lifts)
    adjusted = stats.false_discovery_control([lifts[place].p for place in places], method="bh")
    corrected = dict(zip(places, map(float, adjusted), strict=True))
    return tuple(
        replace(lift, p_corrected=corrected.get(place)) for place, lift in enumerate(lifts)
    )


def _segments(
    experiment: Experiment, metrics: Sequence[BehaviourMetric], sums: UnitSums
) -> tuple[Segment, ...]:
    usable = [metric for metric in metrics if set(metric.columns) <= set(SEGMENT_COLUMNS)]
    segments = []
    for dimension in DIMENSIONS:
        for value, moments in sums.segments(dimension, _MOST_VALUES).items():
            counts = {name: m.count for name, m in moments.items()}
            if len(counts) < len(experiment.variants) or min(counts.values()) < _FEWEST:
                continue
            lifts = [lift for metric in usable for lift in _lifts(experiment, metric, moments)]
            segments.append(Segment(dimension, value, counts, tuple(lifts)))
    together = iter(_corrected([lift for segment in segments for lift in segment.metrics]))
    return tuple(
        replace(segment, metrics=tuple(next(together) for _ in segment.metrics))
        for segment in segments
    )


def _times(events: Prepared) -> tuple[str, str]:
    row = events.database.execute(
        "SELECT min(moment), max(moment) FROM e WHERE NOT past"
    ).fetchone()
    first, last = row or (None, None)
    return (f"{first.isoformat()}Z" if first else "", f"{last.isoformat()}Z" if last else "")


def _notes(
    experiment: Experiment,
    metrics: Sequence[BehaviourMetric],
    measured: Sequence[BehaviourMetric],
    sums: UnitSums,
    *,
    past: bool,
) -> Iterable[str]:
    missing = [metric.title for metric in metrics if metric not in measured]
    if missing:
        yield f"The log has no events for: {', '.join(missing)}."
    if sums.denominator != "shown item" and sums.measured & {"click", "cart"}:
        yield "The log has no exposures: clicks and carts are counted per search."
    if past:
        yield "What units did before the experiment narrows the intervals (CUPED)."
    if sums.cap is not None:
        yield (
            f"Money of a unit above {sums.cap:,.2f}, the {experiment.cap:.2%} point of the units "
            "that buy, was cut to that."
        )
    elif (share := sums.top_share()) > _HUGE_SHARE:
        yield (
            f"One unit spent {share:.0%} of all money; consider a cap (such as 0.99), which cuts "
            "the amounts of the largest buyers."
        )
    if experiment.sequential:
        yield (
            "Intervals and p hold at any look (mixture sequential test, narrowest at a lift of "
            f"{experiment.smallest_lift:.0%})."
        )
