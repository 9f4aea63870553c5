"""Say in plain sentences what an experiment proves and what it does not."""

from __future__ import annotations

from collections.abc import Iterable

from core.base.percentages import change, percent
from core.experiments.behaviour_metrics import metric_of
from core.experiments.experiment_result import Lift, Result, SplitPlace
from core.experiments.model import Experiment, ExperimentStatus
from core.experiments.sample_ratio import RIGHT

#: A corrected p below this proves a difference.
_PROVEN = 0.05


def decide(experiment: Experiment, result: Result) -> str:
    """Return the decision in a few sentences."""
    if not result.verdict:
        return _no_verdict(experiment, result)
    primary = experiment.primary or (result.metrics[0].metric if result.metrics else "")
    lifts = result.of(primary)
    if not lifts:
        return "There is no verdict: the log has no events for the metric that decides."
    others = [lift for lift in result.metrics if lift.metric != primary]
    sentences = [_sentence(lift) for lift in lifts]
    sentences += _others(others, experiment.guardrails)
    sentences += _guardrails(others, experiment.guardrails)
    if experiment.status is ExperimentStatus.RUNNING and not experiment.sequential:
        sentences.append(
            "It still runs: decide at the planned end, because looking again and again finds "
            "differences that are chance."
        )
    return " ".join(sentences)


def _sentence(lift: Lift) -> str:
    name = metric_of(lift.metric).title
    if lift.lift is None:
        return f"{name}: too few events of “{lift.variant}” or “{lift.baseline}” to compare."
    span = f"{change(lift.lift)}, 95 % interval {change(lift.lift_low)} to {change(lift.lift_high)}"
    if not _is_proven(lift):
        return f"{name}: no difference of “{lift.variant}” is proven ({span}).{_why_not(lift)}"
    better = (lift.lift > 0) == metric_of(lift.metric).higher_is_better
    word = "better" if better else "worse"
    return f"{name}: “{lift.variant}” is {word} than “{lift.baseline}”, which is proven ({span})."


def _others(lifts: Iterable[Lift], guardrails: tuple[str, ...]) -> Iterable[str]:
    free = [lift for lift in lifts if lift.metric not in guardrails and lift.lift is not None]
    open_ = [lift for lift in free if not _is_proven(lift) and not _is_proven(lift, False)]
    yield from (_sentence(lift) for lift in free if lift not in open_)
    unproven = [metric_of(lift.metric).title for lift in open_]
    if unproven:
        yield f"Not proven: a difference in {', '.join(dict.fromkeys(unproven)).lower()}."


def _why_not(lift: Lift) -> str:
    """Say why a lift whose interval leaves 0 out proves nothing; empty for others."""
    if not _is_proven(lift, False):
        return ""
    return (
        f" Its interval leaves 0 out (p = {lift.p:.2g} alone), but several lifts were compared, "
        "and among several one looks like this by chance more often than 1 time in 20: corrected "
        f"for all of them, p is {lift.p_corrected:.2g}."
    )


def _guardrails(lifts: Iterable[Lift], guardrails: tuple[str, ...]) -> Iterable[str]:
    for lift in lifts:
        if lift.metric not in guardrails or lift.lift is None or not _is_proven(lift, False):
            continue
        if (lift.lift > 0) != metric_of(lift.metric).higher_is_better:
            name = metric_of(lift.metric).title
            yield (
                f"Warning: {name.lower()} got worse with “{lift.variant}” ({change(lift.lift)}); "
                "it is a guardrail, so don't switch before you know why."
            )


def _is_proven(lift: Lift, corrected: bool = True) -> bool:
    """Guardrails are judged by the uncorrected p: a missed harm costs more than a false alarm."""
    p = lift.p_corrected if corrected else lift.p
    return p is not None and p < _PROVEN


def _no_verdict(experiment: Experiment, result: Result) -> str:
    planned = ", ".join(f"{name} {percent(share)}" for name, share in experiment.shares.items())
    counts = ", ".join(f"{name} {count:,}" for name, count in result.units.items())
    text = (
        f"There is no verdict: the units do not split as planned ({planned}), but into {counts} "
        f"(p = {result.srm_p:.1g}). So something keeps units of one variant out of the log, and "
        "any difference may come from that."
    )
    if not result.places:
        return (
            f"{text} It is the same on all days and devices: look at the assignment, at redirects "
            "and at what is logged in each variant."
        )
    return f"{text} It arises here: {'; '.join(_place(place) for place in result.places[:3])}."


def _place(place: SplitPlace) -> str:
    counts = ", ".join(f"{name} {count:,}" for name, count in place.units.items())
    rest = ", and without it the split is right" if place.rest_p > RIGHT else ""
    return f"{place.dimension.replace('_', ' ')} “{place.value}” ({counts}){rest}"
