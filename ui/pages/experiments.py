"""Experiments: set up, watch and read online experiments; an example with simulated visitors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from core.app.studio import Studio
from core.errors import StudioError
from core.experiments.model import Experiment, ExperimentStatus
from core.people import Action
from ui.components.catalog_of_link import catalog_of_link
from ui.components.experiment_form import (
    FormValues,
    PlannedVisitors,
    ab_fields,
    choices,
    experiment_form,
    experiment_of,
    plan_html,
)
from ui.components.experiment_view import example_html, experiment_html, list_html
from ui.components.explore_offer import explore_offer
from ui.components.link_problems import said_html
from ui.components.notice import Notice
from ui.error_sentences import sentences
from ui.render import render
from ui.rights import allowed, may

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
#: Simulations and analyses: one at a time, so that nobody keeps all processors busy.
_ONE: dict[str, Any] = {**_PRIVATE, "concurrency_limit": 1, "concurrency_id": "experiments"}

#: Open the form and show it; close it when the experiment was made.
OPEN_FORM_JS = """() => {
  const form = document.querySelector("#experiments-form");
  form?.classList.add("vs-open");
  form?.scrollIntoView({ block: "start" });
  form?.querySelector("#experiments-name input, #experiments-name textarea")?.focus();
}"""
#: The address bar names the new experiment, so that it can be sent around; the form stays open
#: where an error is shown.
REMEMBER_JS = """() => setTimeout(() => {
  if (document.querySelector("#experiments-notice [role=alert]")) return;
  const shown = document.querySelector("#experiments-shown [data-experiment]");
  const to = new URL(window.location);
  to.searchParams.delete("example");
  if (shown instanceof HTMLElement) to.searchParams.set("experiment", shown.dataset.experiment);
  window.history.replaceState(window.history.state, "", to);
  document.querySelector("#experiments-form")?.classList.remove("vs-open");
}, 400)"""


def build(studio: Studio, page: gr.Blocks) -> None:
    """Lay out the page inside its route."""
    gr.HTML(render("experiments_head.html"))
    listed = gr.HTML(render("waiting.html"), elem_id="experiments-list")
    with gr.Row(elem_classes="vs-experiments-line"):
        new = gr.Button(
            "New experiment", elem_id="experiments-new", visible=False, scale=0, min_width=190
        )
    notice = Notice("experiments-notice", "That did not work.")
    with gr.Column(elem_id="experiments-form"):  # shown by OPEN_FORM_JS
        form = experiment_form()
    shown = gr.HTML(elem_id="experiments-shown")
    #: Id of the experiment that is shown, and the form's latest plan.
    current, planned = gr.State(""), gr.State(None)
    with gr.Row(elem_classes="vs-experiments-line"):
        options: dict[str, Any] = {"visible": False, "scale": 0, "min_width": 190}
        start = gr.Button("Start", variant="primary", elem_id="experiments-start", **options)
        simulate = gr.Button("Simulate a week", elem_id="experiments-simulate", **options)
        stop = gr.Button("End it", variant="stop", elem_id="experiments-stop", **options)
        offer = explore_offer(studio, current)
    outputs = [current, listed, shown, start, simulate, stop, offer.button]

    def show_one(request: gr.Request | None, experiment_id: str) -> tuple[Any, ...]:
        """Return the page with one experiment, or none."""
        experiment = studio.experiments.get(experiment_id) if experiment_id else None
        body = experiment_html(studio, request, experiment_id) if experiment else ""
        return (
            experiment_id,
            list_html(studio, request, experiment_id),
            body,
            *buttons(request, experiment),
        )

    def buttons(request: gr.Request | None, experiment: Experiment | None) -> list[Any]:
        runs = may(studio, request, Action.EXPERIMENT)
        status = experiment.status if experiment and runs else None
        real = experiment is not None and not experiment.simulated
        empty = experiment is not None and not studio.experiments.log.count(experiment.id)
        draft = status is ExperimentStatus.DRAFT and real and empty  # else its log was taken in
        engines = experiment is not None and all(v.engine for v in experiment.variants)
        ended = status is ExperimentStatus.STOPPED and real
        return [
            gr.update(visible=draft or ended, value="Start again" if ended else "Start"),
            gr.update(visible=draft and engines),
            gr.update(visible=status is ExperimentStatus.RUNNING),
            offer.update(request, experiment),
        ]

    @sentences
    def load(request: gr.Request) -> tuple[Any, ...]:
        names = [info.name for info in studio.catalogs()]
        catalog = catalog_of_link(studio, str(request.query_params.get("catalog", "")), names)
        wanted = str(request.query_params.get("experiment", ""))
        example = str(request.query_params.get("example", ""))
        busy = render("experiment_busy.html", example=example) if wanted or example else ""
        new_one = gr.update(visible=may(studio, request, Action.EXPERIMENT))
        infos = {info.name: info for info in studio.catalogs()}
        problem = infos[catalog].problem if catalog in infos else ""
        listed = said_html([problem] if problem else []) + list_html(studio, request, wanted)
        return listed, busy, new_one, *choices(studio, catalog)

    @sentences
    def show(request: gr.Request) -> tuple[Any, ...]:
        wanted = str(request.query_params.get("experiment", ""))
        example = str(request.query_params.get("example", ""))
        try:
            if not example:
                return show_one(request, wanted)
            body = example_html(studio, request, example)
            return "", gr.skip(), body, *buttons(request, None)
        except StudioError as problem:
            return "", gr.skip(), said_html([str(problem)]), *buttons(request, None)

    @sentences
    @notice.keeps(2)
    @allowed(studio, Action.EXPERIMENT)
    def plan_experiment(
        kind: str, catalog: str | None, engines: list[str], primary: str | None, traffic: float,
        lift: float | None, visitors: float | None,
    ) -> tuple[Any, ...]:  # fmt: skip
        return plan_html(studio, kind, catalog, engines, primary, traffic, lift, visitors)

    @sentences
    def show_kind(kind: str) -> list[Any]:
        return ab_fields(kind)

    @sentences
    @notice.keeps(len(outputs))
    @allowed(studio, Action.EXPERIMENT)
    def create_experiment(
        name: str, kind: str, catalog: str | None, engines: list[str], primary: str | None,
        traffic: float, sequential: bool, weights: str | None, only: str | None, holdout: float,
        guardrails: list[str], cap: float | None, planned: PlannedVisitors | None,
        request: gr.Request,
    ) -> tuple[Any, ...]:  # fmt: skip
        given = FormValues(
            name, kind, catalog, engines, primary, traffic, sequential, weights, only, holdout,
            guardrails, cap,
            planned.for_fields(kind, catalog, engines, primary, traffic) if planned else 0,
        )  # fmt: skip
        made = studio.experiments.create(experiment_of(studio, given))
        return show_one(request, made.id)

    def changing(change: Callable[[str], object]) -> Callable[[str, gr.Request], tuple[Any, ...]]:
        """Return a handler that changes the shown experiment and shows it anew."""

        def changed(experiment_id: str, request: gr.Request) -> tuple[Any, ...]:
            change(experiment_id)
            return show_one(request, experiment_id)

        changed.__name__ = change.__name__  # by which logs name it
        return sentences(notice.keeps(len(outputs))(allowed(studio, Action.EXPERIMENT)(changed)))

    def start_experiment(experiment_id: str) -> None:
        studio.experiments.start(experiment_id)

    def stop_experiment(experiment_id: str) -> None:
        studio.experiments.stop(experiment_id)

    def simulate_week(experiment_id: str) -> None:
        studio.simulating.run(experiment_id)

    page.load(
        load, None, [listed, shown, new, form.catalog, form.engines], show_progress="hidden",
        **_PRIVATE,
    ).then(show, None, outputs, show_progress="hidden", **_ONE)  # fmt: skip
    new.click(None, None, None, js=OPEN_FORM_JS, **_PRIVATE)
    form.kind.change(show_kind, form.kind, form.of_ab, show_progress="hidden", **_PRIVATE)
    form.plan.click(
        plan_experiment, form.planning, [form.planned, planned, *notice.outputs],
        show_progress_on=form.planned, **_ONE,
    )  # fmt: skip
    answered = [*outputs, *notice.outputs]
    form.create.click(
        create_experiment, [*form.fields, planned], answered, show_progress_on=shown, **_PRIVATE
    ).then(None, None, None, js=REMEMBER_JS, **_PRIVATE)
    for button, work in ((start, start_experiment), (stop, stop_experiment),
                         (simulate, simulate_week)):  # fmt: skip
        button.click(changing(work), current, answered, show_progress_on=shown, **_ONE)
