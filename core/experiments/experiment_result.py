"""The result of an experiment: counts, checks, lifts with intervals, and the sentence on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from core.experiments.cleaning_rules import LeftOut


@dataclass(frozen=True, slots=True)
class Lift:
    """One metric of one variant against the baseline.

    Attributes:
        metric: Name of the metric.
        variant: Name of the variant.
        baseline: Name of the baseline.
        lift: Variant divided by baseline, minus 1; ``None`` where the baseline has nothing.
        lift_low: Lower end of the 95 % interval.
        lift_high: Its upper end.
        p: Two-sided p for no difference.
        p_corrected: The same, corrected for the number of metrics and variants (Benjamini and
            Hochberg).
        value: The variant's metric.
        baseline_value: The baseline's.
        method: How the interval was made: ``delta``, ``delta with past`` or ``always valid``.
        narrower: Share of the variance that the units' past explains (CUPED), 0 to 1.
    """

    metric: str
    variant: str
    baseline: str
    lift: float | None
    lift_low: float | None
    lift_high: float | None
    p: float | None
    p_corrected: float | None
    value: float | None = None
    baseline_value: float | None = None
    method: str = "delta"
    narrower: float = 0.0


@dataclass(frozen=True, slots=True)
class SplitPlace:
    """A place where the units don't split as planned.

    Attributes:
        dimension: ``day``, ``device`` …
        value: The value.
        units: Variant → number of units.
        p: p of the planned split there.
        rest_p: p of the planned split without it.
    """

    dimension: str
    value: str
    units: Mapping[str, int]
    p: float
    rest_p: float


@dataclass(frozen=True, slots=True)
class Segment:
    """The lifts among the units of one segment; p is corrected over all segments together."""

    dimension: str
    value: str
    units: Mapping[str, int]
    metrics: tuple[Lift, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """The result of an experiment.

    Attributes:
        experiment: Id of the experiment.
        units: Variant → number of units, the baseline first.
        srm_p: p of the planned split of the units; under 0.001 there is no verdict.
        metrics: The lifts, metric by metric.
        decision: What is proven and what not, in sentences.
        verdict: Whether the sentence may be relied on: not if the split is wrong.
        places: Where a wrong split arises; empty if it is right.
        segments: Lifts by segment.
        left_out: What rules left out.
        notes: Further sentences, on what was guessed and how it was computed.
        begin: Time of the first event that counts, ISO; empty if none.
        end: Time of the last one.
    """

    experiment: str
    units: Mapping[str, int]
    srm_p: float
    metrics: tuple[Lift, ...]
    decision: str = ""
    verdict: bool = True
    places: tuple[SplitPlace, ...] = ()
    segments: tuple[Segment, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = field(default=())
    begin: str = ""
    end: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it; the first names are those of the issue, in its order."""
        return asdict(self)

    def of(self, metric: str) -> tuple[Lift, ...]:
        """Return the lifts of a metric, one for each variant."""
        return tuple(lift for lift in self.metrics if lift.metric == metric)
