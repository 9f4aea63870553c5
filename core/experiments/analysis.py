"""Analyse an A/B experiment: its lifts, corrected, by segment, and the verdict on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from core.base.percentages import percent
from core.experiments.behaviour_metrics import BehaviourMetric, metric_of, metrics_of
from core.experiments.decision import decide
from core.experiments.experiment_result import Result, Segment
from core.experiments.lifts import corrected, lifts_of
from core.experiments.model import Experiment, ExperimentKind
from core.experiments.prepared_events import Prepared, prepared
from core.experiments.sample_ratio import WRONG, split_p, wrong_places
from core.experiments.unit_sums import COLUMNS, DIMENSIONS, SEGMENT_COLUMNS, UnitSums

#: Begins the decision of an experiment without real visitors.
SIMULATED = "Its visitors were simulated, so this says nothing about real ones."
#: Values of a dimension that are analysed, and the fewest units of a variant in them.
_MOST_VALUES, _FEWEST = 8, 100
#: A unit with a larger share of all money deserves a cap.
_HUGE_SHARE = 0.1


def analyze(experiment: Experiment, frame: Any, planned: str | None = None) -> Result:
    """Analyse the events of an experiment, A/B or interleaving.

    Args:
        experiment: The experiment.
        frame: Its events: a table, a reader of record batches (read once, in bounded memory) or
            a data frame with the columns of ``behaviour_events.SCHEMA``.
        planned: The metric that was chosen beforehand to decide, which then has a p of its own;
            ``None``: the experiment's primary one.

    Raises:
        ExperimentError: A column or a variant is missing, or a metric does not exist.
    """
    if experiment.kind is ExperimentKind.INTERLEAVING:
        from core.experiments.interleaving_analysis import analyze_interleaving

        result = analyze_interleaving(experiment, frame)
    else:
        metrics = metrics_of(_with_primary(experiment))
        chosen = experiment.primary if planned is None else planned
        with prepared(experiment, frame) as events:
            result = _result(experiment, metrics, events, UnitSums(events), chosen)
    if experiment.simulated:
        return replace(result, decision=f"{SIMULATED} {result.decision}")
    return result


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
    planned: str,
) -> Result:
    units = sums.units()
    measured = [metric for metric in metrics if set(metric.needs) <= sums.measured]
    past = sums.has_past
    columns = [*COLUMNS, *(f"past_{column}" for column in COLUMNS)] if past else list(COLUMNS)
    moments = sums.moments(columns)
    lifts = [
        lift for metric in measured for lift in lifts_of(experiment, metric, moments, past=past)
    ]
    srm = split_p(units, experiment.shares)
    begin, end = _times(events)
    result = Result(
        experiment.id,
        units,
        srm,
        corrected(lifts, planned),
        verdict=srm >= WRONG,
        places=wrong_places(sums, units, experiment.shares) if srm < WRONG else (),
        segments=_segments(experiment, measured, sums),
        left_out=events.left_out,
        notes=(
            *events.notes,
            *_decides(experiment, planned),
            *_notes(experiment, metrics, measured, sums, past=past),
        ),
        begin=begin,
        end=end,
    )
    return replace(result, decision=decide(experiment, result))


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
            lifts = [lift for metric in usable for lift in lifts_of(experiment, metric, moments)]
            segments.append(Segment(dimension, value, counts, tuple(lifts)))
    together = iter(corrected([lift for segment in segments for lift in segment.metrics]))
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


def _decides(experiment: Experiment, planned: str) -> Iterable[str]:
    if experiment.primary:
        title = metric_of(experiment.primary).title
        yield (
            f"{title} decides, as was chosen beforehand, so its p is not corrected for the others."
            if experiment.primary == planned
            else f"{title} decides; this was not chosen beforehand, so its p is corrected, too."
        )


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
            f"Money of a unit above {sums.cap:,.2f}, the {percent(experiment.cap, 2)} point of the "
            "units that buy, was cut to that."
        )
    elif (share := sums.top_share()) > _HUGE_SHARE:
        yield (
            f"One unit spent {percent(share)} of all money; consider a cap (such as 0.99), which "
            "cuts the amounts of the largest buyers."
        )
    if experiment.sequential:
        yield (
            "Intervals and p hold at any look (mixture sequential test, narrowest at a lift of "
            f"{percent(experiment.smallest_lift)})."
        )
