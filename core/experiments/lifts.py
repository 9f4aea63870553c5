"""The lifts of an A/B experiment, from the moments of its units: intervals and p.

Rows are units, so a visitor's many searches are one draw: ratios of sums get the variance of the
delta method, and the lift's interval is made on the logarithm of the ratio.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from core.experiments.behaviour_metrics import BehaviourMetric
from core.experiments.experiment_result import Lift
from core.experiments.model import Experiment
from core.experiments.sequential import always_valid_p, half_width
from core.experiments.unit_sums import Moments

if TYPE_CHECKING:
    from tea_tasting.aggr import Aggregates

#: Probability that a single interval misses the true value.
ALPHA = 0.05
#: Fewest units per variant for an interval.
_ENOUGH = 10


def lifts_of(
    experiment: Experiment,
    metric: BehaviourMetric,
    moments: Mapping[str, Moments],
    *,
    past: bool = False,
) -> Iterable[Lift]:
    """Yield the lifts of a metric, one for each variant.

    Args:
        experiment: The experiment.
        metric: The metric.
        moments: Variant → moments of its units.
        past: Whether these have columns of the units' past, too (CUPED).
    """
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
    if analysed is None and past:  # the past says too much about a few huge amounts
        past = False
        analysed = _tasted(metric, base, other, past=False)
    if analysed is None:
        return lift
    method = "delta with past" if past else "delta"
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
    """Return what tea-tasting makes of two variants; ``None`` where no interval is finite."""
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
    pair = (_aggregates(base, columns), _aggregates(other, columns))
    try:
        analysed = ratio.analyze_aggregates(*pair)
    except (OverflowError, ZeroDivisionError):
        return None
    ends = (analysed.control, analysed.treatment, analysed.pvalue)
    finite = all(map(math.isfinite, (*ends, analysed.rel_effect_size_ci_upper)))
    return analysed if finite and min(ends[:2]) > 0 else None


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
    if plain is None:
        return 0.0
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


def corrected(lifts: Sequence[Lift], apart: str = "") -> tuple[Lift, ...]:
    """Correct p for the number of lifts (false discovery rate, Benjamini and Hochberg).

    Args:
        lifts: The lifts.
        apart: A metric that was chosen beforehand to decide: its lifts are corrected among
            themselves, and the others without it.
    """
    first = _adjusted([lift for lift in lifts if lift.metric == apart])
    others = _adjusted([lift for lift in lifts if lift.metric != apart])
    return tuple(next(first if lift.metric == apart else others) for lift in lifts)


def _adjusted(lifts: Sequence[Lift]) -> Iterator[Lift]:
    from scipy import stats  # slow to import

    given = [lift.p for lift in lifts if lift.p is not None]
    adjusted = iter(stats.false_discovery_control(given, method="bh") if given else ())
    for lift in lifts:
        yield lift if lift.p is None else replace(lift, p_corrected=float(next(adjusted)))
