"""The form that sets an experiment up, and its plan: how long until the lift is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.app.simulating import EXAMPLE, PLANNED
from core.app.studio import Studio
from core.errors import ExperimentError
from core.experiments.behaviour_metrics import METRICS
from core.experiments.model import Experiment, ExperimentKind, Variant
from ui.render import render

_KINDS = [
    ("A/B test: each visitor gets one engine", ExperimentKind.AB.value),
    ("Interleaving: each list mixes the engines", ExperimentKind.INTERLEAVING.value),
]
#: The metric that decides, unless somebody chooses.
PRIMARY = "ctr"


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
    lift: gr.Number
    visitors: gr.Number
    plan: gr.Button
    planned: gr.HTML
    create: gr.Button

    @property
    def fields(self) -> list[gr.components.Component]:
        """The fields, in the order of ``experiment_of``."""
        return [
            self.name, self.kind, self.catalog, self.engines, self.primary, self.traffic,
            self.sequential,
        ]  # fmt: skip

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
        name, kind, catalog, engines, primary, traffic, sequential, lift, visitors, plan, planned,
        create,
    )  # fmt: skip


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


def experiment_of(
    studio: Studio, name: str, kind: str, catalog: str | None, engines: list[str],
    primary: str | None, traffic: float, sequential: bool, planned: int,
) -> Experiment:  # fmt: skip
    """Return the experiment that the form describes.

    Raises:
        ExperimentError: Something is missing or means nothing.
    """
    if not name.strip():
        raise ExperimentError("Give the experiment a name.")
    if not catalog:
        raise ExperimentError("Choose the catalogue that the engines answer from.")
    experiment_id = studio.experiments.store.free_id(name)
    interleaved = kind == ExperimentKind.INTERLEAVING
    return Experiment(
        experiment_id,
        name.strip(),
        catalog,
        ExperimentKind(kind),
        tuple(Variant(engine, engine) for engine in _runnable(studio, engines)),
        salt=experiment_id,
        traffic=traffic / 100,
        primary="" if interleaved else primary or "",
        sequential=sequential,
        planned=planned,
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
