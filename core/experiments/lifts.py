"""The lifts of an A/B experiment, from the moments of its units: intervals and p.

Rows are units, so a visitor's many searches are one draw: ratios of sums get the variance of the
delta method, and the lift Fieller's interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

from core.experiments.behaviour_metrics import BehaviourMetric
from core.experiments.experiment_result import Lift
from core.experiments.fieller import fieller
from core.experiments.model import Experiment
from core.experiments.sequential import always_valid_p, half_width
from core.experiments.unit_sums import Moments

if TYPE_CHECKING:
    from tea_tasting.aggr import Aggregates
    from tea_tasting.metrics import RatioOfMeans

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
    compared = _compared(metric, base, other, past=past)
    if compared is None and past:  # the past says too much about a few huge amounts
        past = False
        compared = _compared(metric, base, other, past=False)
    if compared is None:
        return lift
    method = "delta with past" if past else "delta"
    ends = compared.low, compared.high, compared.p
    if experiment.sequential:
        method = method.replace("delta", "always valid")
        ends = _always_valid(compared, experiment.smallest_lift)
    return replace(
        lift,
        lift=compared.lift,
        lift_low=ends[0],
        lift_high=ends[1],
        p=ends[2],
        method=method,
        narrower=_narrower(metric, base, other, compared) if past else 0.0,
    )


@dataclass(frozen=True, slots=True)
class _Compared:
    """A lift with Fieller's interval, p of no difference, and the error of the log of the ratio."""

    lift: float
    low: float
    high: float
    p: float
    log_error: float


def _compared(
    metric: BehaviourMetric, base: Moments, other: Moments, *, past: bool
) -> _Compared | None:
    """Compare two variants with tea-tasting; ``None`` where the data give no finite interval."""
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
    means = analysed.control, analysed.treatment
    if not all(map(math.isfinite, (*means, analysed.pvalue))) or min(means) <= 0:
        return None
    variances = _variances(ratio, *pair)
    reach = analysed.effect_size_ci_upper - analysed.effect_size
    quantile = reach / math.sqrt(sum(variances)) if sum(variances) > 0 else 0.0
    ends = fieller(means[0], variances[0], means[1], variances[1], quantile)
    if ends is None:
        return None
    error = math.sqrt(sum(v / m**2 for v, m in zip(variances, means, strict=True)))
    return _Compared(
        float(analysed.rel_effect_size), ends[0] - 1, ends[1] - 1, float(analysed.pvalue), error
    )


def _variances(ratio: RatioOfMeans, base: Aggregates, other: Aggregates) -> tuple[float, float]:
    """Return the variances of the two variants' metrics, less what the past explains."""
    now = (ratio.numer, ratio.denom)
    before = (ratio.numer_covariate, ratio.denom_covariate)
    base, other = base.with_zero_div(), other.with_zero_div()
    both = base + other
    spread = both.ratio_var(*before)
    slope = both.ratio_cov(*now, *before) / spread if spread else 0.0

    def variance(arm: Aggregates) -> float:
        joint = arm.ratio_cov(*now, *before)
        rest = arm.ratio_var(*now) + slope**2 * arm.ratio_var(*before) - 2 * slope * joint
        return float(rest / arm.count())

    return variance(base), variance(other)


def _aggregates(moments: Moments, columns: Sequence[str]) -> Aggregates:
    from tea_tasting.aggr import Aggregates

    return Aggregates(
        count_=moments.count,
        mean_={name: moments.means[name] for name in columns},
        var_={name: moments.covariances[name, name] for name in columns},
        cov_={pair: moments.covariances[pair] for pair in combinations(columns, 2)},
    )


def _always_valid(compared: _Compared, smallest: float) -> tuple[float, float, float]:
    """Return low, high and p that hold at any look."""
    scale = math.log1p(smallest)
    effect, half = math.log1p(compared.lift), half_width(compared.log_error, scale, ALPHA)
    p = always_valid_p(effect, compared.log_error, scale)
    return math.expm1(effect - half), math.expm1(min(effect + half, 50.0)), p


def _narrower(metric: BehaviourMetric, base: Moments, other: Moments, compared: _Compared) -> float:
    """Return the share of the variance that the past explains."""
    plain = _compared(metric, base, other, past=False)
    if plain is None or plain.log_error <= 0:
        return 0.0
    return max(0.0, 1 - (compared.log_error / plain.log_error) ** 2)


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
