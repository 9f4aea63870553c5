"""The form that sets an experiment up, and its plan: how long until the lift is seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from core.app.simulating import EXAMPLE, PLANNED
from core.app.studio import Studio
from core.errors import ExperimentError
from core.experiments.behaviour_metrics import METRICS
from core.experiments.model import GUARDRAILS, Experiment, ExperimentKind, Variant
from core.experiments.typed_values import filters_of, weights_of
from ui.render import render

_KINDS = [
    ("A/B test: each visitor gets one engine", ExperimentKind.AB.value),
    ("Interleaving: each list mixes the engines", ExperimentKind.INTERLEAVING.value),
]
#: The metric that decides, unless somebody chooses.
PRIMARY = "ctr"


@dataclass(frozen=True, slots=True)
class FormValues:
    """What was entered, in the order of ``ExperimentForm.fields``.

    Attributes:
        name: Name for people.
        kind: ``ab`` or ``interleaving``.
        catalog: Catalogue of the engines.
        engines: The engines, the baseline first.
        primary: Metric that decides.
        traffic: Visitors who take part, %.
        sequential: Whether people look every day.
        weights: Shares of the engines as text: ``clip=3, vl-clip=1``; empty: equal.
        only: Visitors who take part as text: ``device=mobile``; empty: all.
        holdout: Visitors who are kept out of everything, %.
        guardrails: Metrics that must not get worse.
        cap: Buyers whose amounts stay as they are, %; the amounts of the others are cut.
        planned: Visitors that the plan needs.
    """

    name: str
    kind: str
    catalog: str | None
    engines: list[str]
    primary: str | None
    traffic: float
    sequential: bool
    weights: str | None = None
    only: str | None = None
    holdout: float = 0
    guardrails: list[str] | tuple[str, ...] = GUARDRAILS
    cap: float | None = 100
    planned: int = 0


@dataclass(frozen=True, slots=True)
class ExperimentForm:
    """Fields of the form, and what its handlers need."""

    name: gr.Textbox
    kind: gr.Radio
    catalog: gr.Dropdown
    engines: gr.Dropdown
    primary: gr.Dropdown
    traffic: gr.Slider
    sequential: gr.Checkbox
    weights: gr.Textbox
    only: gr.Textbox
    holdout: gr.Slider
    guardrails: gr.Dropdown
    cap: gr.Number
    lift: gr.Number
    visitors: gr.Number
    plan: gr.Button
    planned: gr.HTML
    create: gr.Button

    @property
    def fields(self) -> list[gr.components.Component]:
        """The fields, in the order of ``FormValues``."""
        return [
            self.name, self.kind, self.catalog, self.engines, self.primary, self.traffic,
            self.sequential, self.weights, self.only, self.holdout, self.guardrails, self.cap,
        ]  # fmt: skip

    @property
    def of_ab(self) -> list[gr.components.Component]:
        """The fields that only an A/B test has, in the order of ``ab_fields``."""
        return [self.primary, self.weights, self.guardrails, self.cap]

    @property
    def planning(self) -> list[gr.components.Component]:
        """The fields of a plan."""
        return [
            self.kind, self.catalog, self.engines, self.primary, self.traffic, self.lift,
            self.visitors,
        ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlannedVisitors:
    """The visitors that an experiment needs, and the fields of the form that this was planned for.

    ``fields`` are kind, catalogue, engines, metric and share of the visitors.
    """

    fields: tuple[object, ...]
    visitors: int

    def for_fields(
        self, kind: str, catalog: str | None, engines: list[str], primary: str | None,
        traffic: float,
    ) -> int:  # fmt: skip
        """Return the number, or 0 where the form says something else by now."""
        now = (kind, catalog, tuple(engines), primary, traffic)
        return self.visitors if self.fields == now else 0


def experiment_form() -> ExperimentForm:
    """Lay out the form."""
    with gr.Row(elem_classes="vs-experiments-line"):
        name = gr.Textbox(
            label="Name", placeholder="CLIP against VL-CLIP", elem_id="experiments-name", scale=2
        )
        catalog = gr.Dropdown(label="Catalogue", choices=[], elem_id="experiments-catalog", scale=1)
        engines = gr.Dropdown(
            label="Engines, the baseline first", choices=[], multiselect=True,
            elem_id="experiments-engines", scale=2,
        )  # fmt: skip
    kind = gr.Radio(
        _KINDS, value=ExperimentKind.AB.value, label="Compared by", elem_id="experiments-kind"
    )
    with gr.Row(elem_classes="vs-experiments-line"):
        primary = gr.Dropdown(
            [(metric.title, metric.name) for metric in METRICS], value=PRIMARY,
            label="Metric that decides", elem_id="experiments-primary",
            info="Chosen now, it is judged by a p of its own; all others are corrected.",
        )  # fmt: skip
        traffic = gr.Slider(1, 100, value=100, step=1, label="Visitors who take part, %")
        sequential = gr.Checkbox(
            label="We look every day", elem_id="experiments-sequential",
            info="Wider intervals that hold at any look. Otherwise lifts are shown at the end.",
        )  # fmt: skip
    with gr.Accordion("More settings", open=False, elem_id="experiments-more"):
        weights, only, holdout, guardrails, cap = _more_fields()
    with gr.Row(elem_classes="vs-experiments-line"):
        lift = gr.Number(2, label="Lift to see, %", elem_id="experiments-lift")
        visitors = gr.Number(
            5000, label="New visitors a day", minimum=1, elem_id="experiments-visitors"
        )
        plan = gr.Button("How long?", elem_id="experiments-how-long", scale=0, min_width=150)
        create = gr.Button(
            "Create", variant="primary", elem_id="experiments-create", scale=0, min_width=120
        )
    planned = gr.HTML(elem_id="experiments-plan")
    return ExperimentForm(
        name, kind, catalog, engines, primary, traffic, sequential, weights, only, holdout,
        guardrails, cap, lift, visitors, plan, planned, create,
    )  # fmt: skip


def _more_fields() -> tuple[gr.Textbox, gr.Textbox, gr.Slider, gr.Dropdown, gr.Number]:
    with gr.Row(elem_classes="vs-experiments-line"):
        weights = gr.Textbox(
            label="Shares of the engines", placeholder="equal, or clip=3, vl-clip=1",
            elem_id="experiments-weights", info="Three visitors get clip for each with vl-clip.",
        )  # fmt: skip
        only = gr.Textbox(
            label="Only visitors with", placeholder="all, or device=mobile, country=SE",
            elem_id="experiments-only",
            info="What your shop says of a visitor. Repeat a name to allow several values.",
        )  # fmt: skip
        holdout = gr.Slider(
            0, 50, value=0, step=1, label="Visitors kept out of everything, %",
            elem_id="experiments-holdout", info="They always get the baseline and are not counted.",
        )  # fmt: skip
    with gr.Row(elem_classes="vs-experiments-line"):
        guardrails = gr.Dropdown(
            [(metric.title, metric.name) for metric in METRICS], value=list(GUARDRAILS),
            multiselect=True, label="Must not get worse", elem_id="experiments-guardrails", scale=2,
            info="A worse one is warned of, even if it may be chance.",
        )  # fmt: skip
        cap = gr.Number(
            100, minimum=50, maximum=100, label="Buyers whose amounts count in full, %",
            elem_id="experiments-cap", scale=1,
            info="99 cuts what the largest 1 % of buyers spent to the next one's amount.",
        )  # fmt: skip
    return weights, only, holdout, guardrails, cap


def ab_fields(kind: str) -> list[Any]:
    """Return the updates of the fields that only an A/B test has."""
    return [gr.update(visible=kind != ExperimentKind.INTERLEAVING)] * 4


def choices(studio: Studio, catalog: str | None) -> list[Any]:
    """Return the updates of catalogue and engines for a fresh form."""
    infos = studio.catalogs()
    runnable = [status.engine for status in studio.engines() if status.available]
    proposed = [engine.name for engine in runnable if engine.name in EXAMPLE]
    return [
        gr.update(choices=[(info.title, info.name) for info in infos], value=catalog),
        gr.update(
            choices=[(engine.title, engine.name) for engine in runnable],
            value=proposed or [engine.name for engine in runnable[:2]],
        ),
    ]


def experiment_of(studio: Studio, given: FormValues) -> Experiment:
    """Return the experiment that the form describes.

    Raises:
        ExperimentError: Something is missing or means nothing.
    """
    if not given.name.strip():
        raise ExperimentError("Give the experiment a name.")
    if not given.catalog:
        raise ExperimentError("Choose the catalogue that the engines answer from.")
    engines = _runnable(studio, given.engines)
    experiment_id = studio.experiments.store.free_id(given.name)
    made = Experiment(
        experiment_id,
        given.name.strip(),
        given.catalog,
        ExperimentKind(given.kind),
        tuple(Variant(engine, engine) for engine in engines),
        salt=experiment_id,
        traffic=given.traffic / 100,
        holdout=given.holdout / 100,
        filters=filters_of(given.only or ""),
        sequential=given.sequential,
        planned=given.planned,
    )
    if made.kind is ExperimentKind.INTERLEAVING:  # the fields of an A/B test are not shown
        return made
    shares = weights_of(given.weights or "", engines)
    return replace(
        made,
        variants=tuple(Variant(engine, engine, shares[engine]) for engine in engines),
        primary=given.primary or "",
        guardrails=tuple(given.guardrails),
        cap=(100 if given.cap is None else given.cap) / 100,
    )


def plan_html(
    studio: Studio, kind: str, catalog: str | None, engines: list[str], primary: str | None,
    traffic: float, lift: float | None, visitors: float | None,
) -> tuple[str, PlannedVisitors]:  # fmt: skip
    """Return the plan in a sentence, and the visitors that the experiment needs.

    Raises:
        ExperimentError: A number means nothing, or nothing is judged on the catalogue.
    """
    if not lift or not visitors:
        raise ExperimentError("A plan needs the lift to see and the new visitors of a day.")
    metric = primary if primary and primary in PLANNED else PRIMARY
    made = studio.simulating.plan(
        lift / 100, visitors, metric=metric, engines=_runnable(studio, engines),
        catalog=catalog or "", traffic=traffic / 100,
    )  # fmt: skip
    interleaved = kind == ExperimentKind.INTERLEAVING
    needed = made.interleaved if interleaved else made.visitors
    other = "" if metric == primary or interleaved else PLANNED[metric][2]
    fields = (kind, catalog, tuple(engines), primary, traffic)
    return (
        render("experiment_plan.html", plan=made, other=other),
        PlannedVisitors(fields, needed or 0),
    )


def _runnable(studio: Studio, engines: list[str]) -> list[str]:
    """Return the engines that can run here, in the order in which they were chosen."""
    runnable = {status.engine.name for status in studio.engines() if status.available}
    gone = [name for name in engines if name not in runnable]
    if gone:
        raise ExperimentError(f"The engine “{gone[0][:60]}” can't answer here.")
    if len(engines) < 2:
        raise ExperimentError("Choose two engines or more, the baseline first.")
    return engines
