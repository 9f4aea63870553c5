"""The result of an experiment as HTML: a fragment for the page, or one self-contained file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinja2 import Template

from core.base.counts import counted
from core.base.percentages import change
from core.base.templates import html_templates
from core.experiments.behaviour_metrics import METRICS
from core.experiments.experiment_result import Lift, Result
from core.experiments.interleaving_analysis import title as preference_title
from core.experiments.interleaving_verdict import QueryPreference
from core.experiments.model import Experiment, ExperimentKind, ExperimentStatus

TEMPLATES = Path(__file__).parent / "templates"
_METRICS = {metric.name: metric for metric in METRICS}
_PROVEN = 0.05
#: Wider intervals are cut at the edge of the chart.
_WIDEST = 1.0
#: A lift above this is written as “over” it: +1,000 %.
_LARGE = 10.0
_STATUS = {
    ExperimentStatus.DRAFT: "Its log was taken in.",
    ExperimentStatus.RUNNING: "It runs.",
    ExperimentStatus.STOPPED: "It has ended.",
}


@dataclass(frozen=True, slots=True)
class LiftBar:
    """A lift and its interval, in percent of the chart's width."""

    label: str
    text: str
    tone: str
    zero: float
    left: float
    width: float
    at: float


def fragment(
    experiment: Experiment,
    result: Result,
    queries: Sequence[QueryPreference] = (),
    note: str = "",
) -> str:
    """Render a result as a fragment of a page.

    Args:
        experiment: The experiment.
        result: Its result.
        queries: Preferences by query, of interleaving.
        note: A sentence before the decision.
    """
    return _template("result.html").render(
        experiment=experiment,
        result=result,
        interleaved=experiment.kind is ExperimentKind.INTERLEAVING,
        bars=bars(result.metrics, several=len(experiment.variants) > 2) if result.verdict else (),
        queries=queries,
        note=note,
        status=_STATUS[experiment.status],
        title=title,
        about=_about,
    )


def page(experiment: Experiment, result: Result, queries: Sequence[QueryPreference] = ()) -> str:
    """Render a result as one HTML file without external references."""
    return _template("report.html").render(
        experiment=experiment,
        css=(TEMPLATES / "experiment.css").read_text("utf-8"),
        body=fragment(experiment, result, queries),
    )


def title(metric: str) -> str:
    """Return the name of a metric, or of a preference, for people."""
    entry = _METRICS.get(metric)
    return entry.title if entry else preference_title(metric) or metric


def bars(lifts: Sequence[Lift], *, several: bool = False) -> tuple[LiftBar, ...]:
    """Return the lifts that have an interval, on one scale with 0 in it."""
    shown = [lift for lift in lifts if lift.lift is not None and lift.lift_low is not None]
    ends = [value for lift in shown for value in (lift.lift_low, lift.lift_high)]
    low = max(min([0.0, *(end for end in ends if end is not None)]), -_WIDEST)
    high = min(max([0.0, *(end for end in ends if end is not None)]), _WIDEST)
    span = (high - low) or 1.0

    def place(value: float | None) -> float:
        return round(100 * (min(max(value or 0.0, low), high) - low) / span, 2)

    return tuple(
        LiftBar(
            title(lift.metric) + (f", {lift.variant}" if several else ""),
            f"{_change(lift.lift)} ({_change(lift.lift_low)} to {_change(lift.lift_high)})",
            _tone(lift), place(0.0), place(lift.lift_low),
            round(place(lift.lift_high) - place(lift.lift_low), 2), place(lift.lift),
        )
        for lift in shown
    )  # fmt: skip


def _tone(lift: Lift) -> str:
    if lift.lift is None or lift.p_corrected is None or lift.p_corrected >= _PROVEN:
        return ""
    metric = _METRICS.get(lift.metric)
    better = (lift.lift > 0) == (metric.higher_is_better if metric else True)
    return "xr-up" if better else "xr-down"


def _about(metric: str) -> str:
    return _METRICS[metric].about if metric in _METRICS else ""


def _change(value: float | None) -> str:
    if value is not None and value > _LARGE:  # so far away that the digits say nothing
        return f"over {change(_LARGE, 0)}"
    return change(value)


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4f}"


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _units(units: Mapping[str, int], interleaved: bool) -> str:
    if interleaved:  # all visitors meet all variants
        return counted(max(units.values(), default=0), "visitor")
    return ", ".join(f"{name} {count:,}" for name, count in units.items())


@lru_cache(maxsize=4)
def _template(name: str) -> Template:
    environment = html_templates(TEMPLATES)
    environment.filters |= {"change": _change, "number": _number, "p": _p, "units": _units}
    return environment.get_template(name)
