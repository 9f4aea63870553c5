"""How many visitors an experiment needs, and how long that takes: A/B beside interleaving.

Two samples of visitors and a normal test on the ratio of a metric; its variance is that of a ratio
of sums over visitors (delta method), taken from a pilot: a log, or a simulation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from core.base.counts import counted
from core.base.percentages import entered_change
from core.errors import ExperimentError

#: Probability of a false alarm, and of finding a lift that is there.
ALPHA, POWER = 0.05, 0.8
#: Longer plans are no plans.
_LONGEST_DAYS = 10 * 365


@dataclass(frozen=True, slots=True)
class RatioOfSums:
    """A metric of visitors: the mean of what is above the line, divided by that of what is below.

    Attributes:
        value: The metric.
        variation: Variance of the metric per visitor over its square: with n visitors, the
            relative standard error is √(variation / n).
    """

    value: float
    variation: float

    @classmethod
    def of(
        cls, top: float, bottom: float, top_var: float, bottom_var: float, cov: float
    ) -> RatioOfSums:
        """Return it from means, variances and covariance over visitors.

        Raises:
            ExperimentError: The metric is not above 0, so no lift of it can be planned.
        """
        if top <= 0 or bottom <= 0:
            raise ExperimentError("The pilot has too few events of this metric to plan with it.")
        variation = top_var / top**2 + bottom_var / bottom**2 - 2 * cov / (top * bottom)
        return cls(top / bottom, max(variation, 0.0))


@dataclass(frozen=True, slots=True)
class Pilot:
    """What a pilot of interleaving showed.

    Attributes:
        preference: Preference of the better variant, −1 to 1.
        variation: Variance of the preference per visitor: with n visitors of the pilot, its
            standard error is √(variation / n).
        lift: Lift of the A/B metric between the same two variants.
    """

    preference: float
    variation: float
    lift: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How many visitors show a lift, and how long that takes.

    Attributes:
        metric: Name of the metric.
        lift: The lift that is to be seen.
        visitors: Visitors that an A/B test needs, both variants together.
        days: Days that it takes.
        interleaved: Visitors that interleaving needs; ``None`` where no pilot was interleaved.
        interleaved_days: Days that it takes.
    """

    metric: str
    lift: float
    visitors: int
    days: float
    interleaved: int | None = None
    interleaved_days: float | None = None

    @property
    def sentence(self) -> str:
        """The plan in one sentence: "To see +2 % …: 9 days; interleaving: 6 hours"."""
        need = f"{duration(self.days)} ({counted(self.visitors, 'visitor')})"
        text = f"To see {entered_change(self.lift)} {self.metric} at your traffic: {need}"
        if self.interleaved is None or self.interleaved_days is None:
            return f"{text}."
        visitors = counted(self.interleaved, "visitor")
        return f"{text}; interleaving: {duration(self.interleaved_days)} ({visitors})."


def ab_visitors(
    metric: RatioOfSums, lift: float, *, share: float = 0.5, alpha: float = ALPHA,
    power: float = POWER,
) -> int:  # fmt: skip
    """Return the visitors that an A/B test needs to see a lift, both variants together.

    The variance is taken to grow as the metric does, as it does for counts and for money.

    Args:
        metric: The metric of the baseline.
        lift: Relative change, such as 0.02 for +2 %.
        share: Share of the visitors that get the variant.
        alpha: Probability of a false alarm, two-sided.
        power: Probability of seeing the lift.

    Raises:
        ExperimentError: A number is outside its range.
    """
    if not -0.9 <= lift <= 10 or lift == 0:
        raise ExperimentError("The lift to see is a share such as 0.02 for 2 %, and not 0.")
    if not 0 < share < 1:
        raise ExperimentError("The variant's share of the visitors is between 0 and 1.")
    factor = 1 / (1 - share) + (1 + lift) / share
    return math.ceil(_z(alpha, power) ** 2 * metric.variation * factor / lift**2)


def interleaving_visitors(
    pilot: Pilot, lift: float, *, alpha: float = ALPHA, power: float = POWER
) -> int:
    """Return the visitors that interleaving needs for two variants with such a lift.

    The preference of a smaller improvement of the same kind is smaller in proportion.

    Raises:
        ExperimentError: The pilot's variants do not differ.
    """
    if pilot.lift == 0 or pilot.preference == 0:
        raise ExperimentError("The pilot's variants do not differ, so it can't say how fast it is.")
    expected = pilot.preference * lift / pilot.lift
    if expected >= 1:
        expected = 1.0
    return math.ceil(_z(alpha, power) ** 2 * pilot.variation / expected**2)


def plan(
    metric: str,
    baseline: RatioOfSums,
    lift: float,
    visitors_per_day: float,
    *,
    traffic: float = 1.0,
    variants: int = 2,
    pilot: Pilot | None = None,
    alpha: float = ALPHA,
    power: float = POWER,
) -> Plan:
    """Return a plan for one metric.

    Args:
        metric: Its name for people.
        baseline: The metric today.
        lift: Relative change to see.
        visitors_per_day: New visitors of a day.
        traffic: Share of them that takes part.
        variants: Number of variants, with equal shares.
        pilot: What interleaving the variants showed, if it was tried.
        alpha: Probability of a false alarm, two-sided.
        power: Probability of seeing the lift.

    Raises:
        ExperimentError: A number is outside its range, or the plan would take ten years.
    """
    if visitors_per_day <= 0 or not 0 < traffic <= 1:
        raise ExperimentError("A plan needs visitors per day, and a share of them above 0.")
    daily = visitors_per_day * traffic
    pair = ab_visitors(baseline, lift, alpha=alpha, power=power)
    visitors = math.ceil(pair / 2 * variants)
    if visitors / daily > _LONGEST_DAYS:
        raise ExperimentError(
            f"That would take {counted(visitors, 'visitor')}, more than ten years at this traffic: "
            "look for a larger lift, or interleave."
        )
    if pilot is None:
        return Plan(metric, lift, visitors, visitors / daily)
    mixed = interleaving_visitors(pilot, lift, alpha=alpha, power=power)
    return Plan(metric, lift, visitors, visitors / daily, mixed, mixed / daily)


def ab_power(metric: RatioOfSums, lift: float, visitors: float, *, alpha: float = ALPHA) -> float:
    """Return the probability that an A/B test with so many visitors sees a lift."""
    from scipy import stats  # slow to import

    error = math.sqrt(metric.variation * 2 * (2 + lift) / max(visitors, 1))
    threshold = float(stats.norm.ppf(1 - alpha / 2))
    shift = abs(lift) / error if error else math.inf
    return float(stats.norm.cdf(shift - threshold) + stats.norm.cdf(-shift - threshold))


def smallest_lift(
    metric: RatioOfSums, visitors: float, *, alpha: float = ALPHA, power: float = POWER
) -> float:
    """Return the smallest lift that so many visitors show with the given power."""
    low, high = 1e-5, 10.0
    for _ in range(60):
        middle = math.sqrt(low * high)
        if ab_visitors(metric, middle, alpha=alpha, power=power) <= visitors:
            high = middle
        else:
            low = middle
    return high


def duration(days: float) -> str:
    """Return a time for people, rounded up: ``6 hours``, ``9 days``, ``5 weeks``."""
    if days < 1 / 24:
        return "less than an hour"
    if days < 2:
        return counted(math.ceil(days * 24), "hour")
    if days < 60:
        return counted(math.ceil(days), "day")
    return counted(math.ceil(days / 7), "week")


def means_of(rows: Iterable[tuple[float, float]]) -> RatioOfSums:
    """Return the metric of visitors with a sum above and a sum below the line each."""
    import numpy as np

    pairs = np.array(list(rows), np.float64).reshape(-1, 2)
    if len(pairs) < 2:
        raise ExperimentError("A pilot needs two visitors or more.")
    (top, bottom), covariance = pairs.mean(axis=0), np.cov(pairs, rowvar=False)
    return RatioOfSums.of(
        float(top), float(bottom), float(covariance[0, 0]), float(covariance[1, 1]),
        float(covariance[0, 1]),
    )  # fmt: skip


def _z(alpha: float, power: float) -> float:
    if not (0 < alpha < 1 and 0 < power < 1):
        raise ExperimentError("α and power are probabilities between 0 and 1.")
    from scipy import stats  # slow to import

    return float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power))


def faster(plan: Plan) -> float | None:
    """Return how many times fewer visitors interleaving needs; ``None`` without a pilot."""
    return plan.visitors / plan.interleaved if plan.interleaved else None
