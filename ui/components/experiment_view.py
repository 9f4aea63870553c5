"""Experiments as HTML: the list, and one with its health and, when it may be read, its result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

import gradio as gr
from markupsafe import Markup

from core.app.experiment_results import shows_lifts
from core.app.library import DEMO
from core.app.simulating import Simulated, last_week
from core.app.studio import Studio
from core.base.counts import counted
from core.base.percentages import entered_percent, percent
from core.errors import ExperimentError, StudioError, no_such
from core.experiments.behaviour_metrics import metric_of
from core.experiments.experiment_report import fragment
from core.experiments.experiment_result import Result
from core.experiments.model import Experiment, ExperimentKind, ExperimentStatus
from core.experiments.traffic import Traffic
from core.people import Action
from ui.blindness import require_figures_shown
from ui.media import experiment_url
from ui.render import render
from ui.rights import may

#: The examples' names in links, and what they are.
EXAMPLES = {
    "interleaving": (ExperimentKind.INTERLEAVING, "interleaving"),
    "ab": (ExperimentKind.AB, "A/B test"),
}
_KINDS = {ExperimentKind.AB: "A/B test", ExperimentKind.INTERLEAVING: "interleaving"}
_STATES = {
    ExperimentStatus.DRAFT: "not started",
    ExperimentStatus.RUNNING: "running",
    ExperimentStatus.STOPPED: "ended",
}
_NO_PEEKING = (
    "Lifts are shown when it has ended: looking again and again, and ending it at the right "
    "moment, finds differences that are chance. An experiment that is set up "
    "for looking every day shows them at any time."
)


def list_html(studio: Studio, request: gr.Request | None, current: str = "") -> str:
    """Return the list of all experiments, the latest start first."""
    experiments = sorted(
        studio.experiments.all(), key=lambda e: e.started or datetime.max.replace(tzinfo=UTC),
        reverse=True,
    )  # fmt: skip
    traffic: Mapping[str, Traffic] = {}
    problem = ""
    try:
        traffic = studio.experiment_results.traffic() if experiments else {}
    except StudioError as error:  # the experiments are there without their figures
        problem = str(error)
    return render(
        "experiments_list.html",
        rows=[_row(experiment, traffic.get(experiment.id)) for experiment in experiments],
        current=current,
        problem=problem,
        may_run=may(studio, request, Action.EXPERIMENT),
        examples=[(words, f"/experiments?example={name}") for name, (_, words) in EXAMPLES.items()],
    )


def _row(experiment: Experiment, traffic: Traffic | None) -> dict[str, str]:
    return {
        "id": experiment.id,
        "name": experiment.name,
        "url": "/experiments?" + urlencode({"experiment": experiment.id}),
        "state": experiment.status.value,
        "state_words": _state(experiment, traffic),
        "compares": f"{' against '.join(experiment.variant_names)}, {_KINDS[experiment.kind]}",
        "days": f"{traffic.days:.1f}" if traffic else "–",
        "visitors": f"{traffic.visitors:,}" if traffic else "–",
    }


def _state(experiment: Experiment, traffic: Traffic | None) -> str:
    if experiment.simulated:
        return "simulated"
    if experiment.status is ExperimentStatus.DRAFT and traffic:
        return "from a log"
    return _STATES[experiment.status]


def experiment_html(studio: Studio, request: gr.Request | None, experiment_id: str) -> str:
    """Return one experiment as far as this visitor may see it.

    Raises:
        ExperimentError: There is none of that id.
    """
    experiment = studio.experiments.get(experiment_id)
    parts = dict.fromkeys(
        ("unreadable", "body", "links", "no_peeking", "waiting", "health", "progress"), None
    )
    shown: dict[str, object] = {**parts, "set_up": _set_up(experiment)}
    try:
        traffic = studio.experiment_results.traffic().get(experiment.id)
        if traffic is None:
            shown["waiting"] = _waiting(experiment)
        else:
            shown |= _read(studio, request, experiment, traffic)
    except StudioError as error:
        shown["unreadable"] = str(error)
    return render("experiment.html", experiment=experiment, **shown)


def example_html(studio: Studio, request: gr.Request | None, name: str) -> str:
    """Return the example of a name: a simulated week on the demo.

    Raises:
        ExperimentError: There is no such example, or the demo is missing.
        AccessDenied: The visitor may still judge a set of the demo.
    """
    require_figures_shown(studio, request, DEMO)
    made = example_of(studio, name)
    body = fragment(made.experiment, made.result, made.queries)
    links = [("one HTML file", experiment_url(example=name))]
    return render(
        "experiment.html", experiment=made.experiment, unreadable=None, body=Markup(body),  # noqa: S704 (a template with escaping made it)
        links=links, no_peeking=None, waiting=None, health=None, progress=None, set_up=None,
    )  # fmt: skip


def example_of(studio: Studio, name: str) -> Simulated:
    """Return the example of a name.

    Raises:
        ExperimentError: There is no such example, or the demo has no judgments.
    """
    if name not in EXAMPLES:
        raise no_such(ExperimentError, "example", name[:60], EXAMPLES)
    if DEMO not in {info.name for info in studio.catalogs()}:
        raise ExperimentError(
            "The example needs the demo catalogue, which is not here; python app.py index --demo "
            "brings it."
        )
    return studio.simulating.example(EXAMPLES[name][0], DEMO, last_week())


def _read(
    studio: Studio, request: gr.Request | None, experiment: Experiment, traffic: Traffic
) -> dict[str, object]:
    read = studio.experiment_results.of(experiment.id)
    running = experiment.status is ExperimentStatus.RUNNING
    shown: dict[str, object] = {}
    if shows_lifts(experiment):
        require_figures_shown(studio, request, experiment.catalog)
        body = fragment(experiment, read.result, read.queries)
        shown["body"] = Markup(body)  # noqa: S704 (a template with escaping made it)
        shown["links"] = _links(studio, request, experiment)
    elif read.result.verdict:
        shown["no_peeking"] = _NO_PEEKING
    else:
        shown["no_peeking"] = read.result.decision
    if running:
        planned = experiment.planned
        shown["health"] = list(_health(experiment, traffic, read.result, read.computed))
        if planned:
            shown["progress"] = min(100, round(100 * traffic.visitors / planned))
    return shown


def _links(
    studio: Studio, request: gr.Request | None, experiment: Experiment
) -> list[tuple[str, str]]:
    links = [("one HTML file", experiment_url(experiment.id))]
    if may(studio, request, Action.EXPERIMENT):
        links.append(("its events as CSV", experiment_url(experiment.id, "csv")))
    return links


def _health(
    experiment: Experiment, traffic: Traffic, result: Result, computed: datetime
) -> Iterable[tuple[str, str, bool | None]]:
    units = ", ".join(f"{name} {count:,}" for name, count in result.units.items())
    p = "p < 0.001" if result.srm_p < 0.001 else f"p = {result.srm_p:.3f}"
    what = "Sample ratio"
    if experiment.kind is ExperimentKind.INTERLEAVING:
        what = "Balance of the lists"
        units = counted(max(result.units.values(), default=0), "visitor")
    yield what, f"{units} ({p})", result.verdict
    if experiment.planned:
        yield "Progress", _progress(experiment, traffic), None
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in traffic.kinds.items())
    yield "Events in", f"{traffic.events:,}: {kinds}", None
    yield "Latest event", f"{traffic.last:%Y-%m-%d %H:%M} UTC", None
    for rule in result.left_out:
        yield f"Left out, {rule.rule}", f"{rule.count:,}. {rule.about}", None
    yield "Counted", f"{computed:%Y-%m-%d %H:%M} UTC", None


def _progress(experiment: Experiment, traffic: Traffic) -> str:
    text = f"{traffic.visitors:,} of {experiment.planned:,} visitors that were planned"
    missing = experiment.planned - traffic.visitors
    if missing <= 0:
        return f"{text}: it can be ended"
    if traffic.visitors and traffic.days >= 1:
        days = missing / (traffic.visitors / traffic.days)
        return f"{text}; at this traffic {counted(max(1, round(days)), 'more day')}"
    return text


def _waiting(experiment: Experiment) -> tuple[str, str]:
    match experiment.status:
        case ExperimentStatus.DRAFT:
            return (
                "It has not started.",
                "Start it, and send what visitors do: over HTTP, with the snippet, or as a log "
                "(python app.py experiments import). Or simulate a week, to see what comes out.",
            )
        case ExperimentStatus.RUNNING:
            return (
                "It runs and waits for the first event.",
                "Send events over HTTP or with the snippet; they appear when the page is loaded "
                "again.",
            )
        case _:
            return "It ended without an event.", "Start it again, or set up another one."


def _set_up(experiment: Experiment) -> list[tuple[str, str]]:
    shares = experiment.shares
    engines = "; ".join(
        f"{v.name} {percent(shares[v.name])}" + (f" (engine {v.engine})" if v.engine else "")
        for v in experiment.variants
    )
    rows = [
        ("Short name", experiment.id),
        ("Compared by", _KINDS[experiment.kind]),
        ("Variants", engines),
        ("Catalogue", experiment.catalog),
        ("Takes part", _takes_part(experiment)),
        (
            "Kept out",
            f"{percent(experiment.holdout)} of all visitors" if experiment.holdout else "",
        ),
        ("Decides", metric_of(experiment.primary).title if experiment.primary else ""),
        ("Must not get worse", ", ".join(metric_of(n).title for n in experiment.guardrails)),
        ("Cut amounts", _cut(experiment)),
        ("Looking every day", "yes: intervals hold at any look" if experiment.sequential else ""),
        ("Planned visitors", f"{experiment.planned:,}" if experiment.planned else ""),
        ("Started", f"{experiment.started:%Y-%m-%d %H:%M} UTC" if experiment.started else ""),
        ("Ended", f"{experiment.ended:%Y-%m-%d %H:%M} UTC" if experiment.ended else ""),
    ]
    if experiment.kind is ExperimentKind.INTERLEAVING:
        rows = [row for row in rows if row[0] not in ("Decides", "Must not get worse")]
    return [row for row in rows if row[1]]


def _takes_part(experiment: Experiment) -> str:
    text = f"{percent(experiment.traffic)} of the visitors"
    wanted = [f"{name} is {' or '.join(of)}" for name, of in experiment.filters.items()]
    return f"{text} whose {' and whose '.join(wanted)}" if wanted else text


def _cut(experiment: Experiment) -> str:
    if experiment.cap >= 1:
        return ""
    return f"those of the largest {entered_percent(1 - experiment.cap)} of buyers"
