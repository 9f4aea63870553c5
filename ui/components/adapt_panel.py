"""Fine-tune an engine on a catalogue, compare before and after, then use or delete it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.context import LocalContext

from core.app.studio import Studio
from core.app.training_jobs import AdaptState
from core.domain import Job
from core.errors import TrainingError
from core.evaluation.report_html import explain, label
from core.people import Action
from ui.blindness import is_hidden
from ui.components.notice import Notice
from ui.error_sentences import sentences
from ui.render import render
from ui.rights import allowed, person

#: Seconds between two updates of a running job.
TICK = 2.0
#: Stages at which a run can stop and be resumed; the later ones take seconds.
_STOPPABLE = ("preparing", "training")
#: Measures of the report that are shown; the rest is on Evaluate.
MEASURES = ("hits@1", "hits@5", "mrr")
_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
_STAGES = {
    "preparing": "getting the items ready",
    "embedding": "making the catalogue's new vectors",
    "measuring": "measuring before and after",
}


def adapt_panel(studio: Studio, catalog: gr.Dropdown) -> None:
    """Lay out the panel, which follows the catalogue that is chosen on the page."""
    with gr.Accordion("Fine-tune an engine", open=False, elem_id="adapt") as fold:
        shown = gr.HTML(render("adapt_empty.html"), elem_id="adapt-state")
        timer = gr.Timer(TICK, active=False)
        stop = gr.Button("Stop fine-tuning", variant="stop", elem_id="adapt-stop", visible=False)
        with gr.Row(visible=False, elem_classes="vs-adapt-line") as keep:
            mine = gr.Dropdown(label="Fine-tuned engine", choices=[], elem_id="adapt-mine", scale=4)
            use = gr.Button("Use this engine", elem_id="adapt-use", scale=0, min_width=190)
            usual = gr.Button(
                "Use the default engine",
                elem_id="adapt-usual",
                visible=False,
                scale=0,
                min_width=190,
            )
            away = gr.Button(
                "Delete it", variant="stop", elem_id="adapt-away", scale=0, min_width=160
            )
        with gr.Row(visible=False, elem_classes="vs-adapt-line") as sure:
            asked = gr.HTML(elem_id="adapt-sure")
            yes = gr.Button(
                "Yes, delete it", variant="stop", elem_id="adapt-yes", scale=0, min_width=220
            )
            no = gr.Button("Keep it", elem_id="adapt-no", scale=0, min_width=110)
        with gr.Row(visible=False, elem_classes="vs-adapt-line") as form:
            base = gr.Dropdown(label="Start from", choices=[], elem_id="adapt-base", scale=2)
            name = gr.Textbox(
                label="Name of the new engine", placeholder="my-shop", max_length=40,
                elem_id="adapt-name", scale=2,
            )  # fmt: skip
            go = gr.Button(
                "Fine-tune", variant="primary", elem_id="adapt-go", scale=0, min_width=120
            )
            forget = gr.Button(
                "Delete this run", elem_id="adapt-forget", visible=False, scale=0, min_width=180
            )
        notice = Notice("adapt-notice")
    outputs = [shown, timer, stop, forget, form, base, name, keep, mine, usual, sure]

    def view(chosen: str | None) -> tuple[Any, ...]:
        if not studio.catalogs():
            return (render("adapt_empty.html"), *[gr.skip()] * (len(outputs) - 1))
        state = _shown(studio, studio.adapting.state(chosen))
        run = state.run
        running = run is not None and run.running
        latest = run.engine if run else None
        # An unfinished run on this catalogue is offered again, under its name.
        again = run if run and run.job.unfinished and run.catalog == state.catalog else None
        bases = [(engine.title, engine.name) for engine in state.bases]
        first = bases[-1][1] if bases else None
        if again and again.base in dict(bases).values():
            first = again.base
        return (
            state_html(state),
            gr.update(active=running),
            gr.update(visible=run is not None and _stoppable(run.job)),
            gr.update(visible=run is not None and run.job.unfinished),
            gr.update(visible=bool(bases) and not running),
            gr.update(choices=bases, value=first),
            gr.update(value=again.engine) if again else gr.skip(),
            gr.update(visible=bool(state.mine) and not running),
            gr.update(
                choices=list(state.mine),
                value=latest if latest in state.mine else next(iter(state.mine), None),
            ),
            gr.update(visible=bool(state.chosen)),
            gr.update(visible=False),
        )

    @sentences
    def refresh(chosen: str | None) -> tuple[Any, ...]:
        return view(chosen)

    @sentences
    def look(chosen: str | None) -> tuple[Any, ...]:
        """Return what ``refresh`` returns, opened if there is something to see."""
        run = studio.adapting.state(chosen).run if studio.catalogs() else None
        on_this_catalog = run is not None and run.catalog == chosen
        return (*view(chosen), gr.update(open=True) if on_this_catalog else gr.skip())

    @sentences
    @notice.keeps(len(outputs))
    @allowed(studio, Action.TRAIN)
    def start(
        chosen: str | None, grown_from: str | None, wanted: str, request: gr.Request
    ) -> tuple[Any, ...]:
        name, author = wanted.strip(), person(request)
        studio.jobs.start(studio.adapting.begin(name, chosen, grown_from or "", author))
        return view(chosen)

    @sentences
    @allowed(studio, Action.TRAIN)
    def stop_run(chosen: str | None) -> tuple[Any, ...]:
        if studio.adapting.job.stop():
            gr.Info(
                "It stops after its present step. Started again under its name, it goes on there."
            )
        else:
            gr.Info("No engine is being fine-tuned.")
        return view(chosen)

    @sentences
    @allowed(studio, Action.TRAIN)
    def forget_run(chosen: str | None) -> tuple[Any, ...]:
        studio.adapting.forget()
        return view(chosen)

    @sentences
    @allowed(studio, Action.TRAIN)
    def take(chosen: str | None, engine: str | None) -> tuple[Any, ...]:
        if not engine:
            raise TrainingError("Choose a fine-tuned engine first.")
        studio.adapting.use(engine, chosen)
        gr.Info(f"In this catalogue {engine} answers now where no engine is chosen.")
        return view(chosen)

    @sentences
    @allowed(studio, Action.TRAIN)
    def give_back(chosen: str | None) -> tuple[Any, ...]:
        studio.adapting.use("", chosen)
        return view(chosen)

    @sentences
    @allowed(studio, Action.DELETE)
    def ask(engine: str | None) -> tuple[Any, ...]:
        if not engine:
            raise TrainingError("Choose a fine-tuned engine first.")
        hidden = gr.update(visible=False)
        return render("adapt_sure.html", engine=engine), gr.update(visible=True), hidden

    @sentences
    @allowed(studio, Action.DELETE)
    def discard(chosen: str | None, engine: str | None) -> tuple[Any, ...]:
        if not engine:
            raise TrainingError("Choose a fine-tuned engine first.")
        studio.training.discard(engine)
        gr.Info(f"The engine {engine} is gone.")
        return view(chosen)

    catalog.change(look, catalog, [*outputs, fold], show_progress="hidden", **_PRIVATE)
    timer.tick(refresh, catalog, outputs, show_progress="hidden", **_PRIVATE)
    go.click(start, [catalog, base, name], [*outputs, *notice.outputs], **_PRIVATE)
    use.click(take, [catalog, mine], outputs, **_PRIVATE)
    usual.click(give_back, catalog, outputs, **_PRIVATE)
    stop.click(stop_run, catalog, outputs, **_PRIVATE)
    forget.click(forget_run, catalog, outputs, **_PRIVATE)
    away.click(ask, mine, [asked, sure, keep], **_PRIVATE)
    yes.click(discard, [catalog, mine], outputs, **_PRIVATE)
    no.click(refresh, catalog, outputs, **_PRIVATE)


def state_html(state: AdaptState) -> str:
    """Return the running run, or before and after of the last one."""
    return render(
        "adapt.html", state=state, stages=_STAGES, measures=MEASURES, label=label, explain=explain,
        curve=b64encode(state.curve.encode()).decode(),
    )  # fmt: skip


def _shown(studio: Studio, state: AdaptState) -> AdaptState:
    """Return the state without a report that is hidden from the visitor."""
    hidden = state.report and is_hidden(studio, LocalContext.request.get(None), state.report)
    return replace(state, report=None, verdicts=(), curve="") if hidden else state


def _stoppable(job: Job) -> bool:
    return job.running and not job.stopping and job.progress.stage in _STOPPABLE
