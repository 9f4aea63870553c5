"""Start the agent on a catalogue or some of its items, with a budget; show and stop its job."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.app.agent_jobs import AgentState, item_ids
from core.app.studio import Studio
from core.language.orders import AgentOrder
from core.people import Action
from ui.components.notice import Notice
from ui.error_sentences import sentences
from ui.render import render
from ui.rights import allowed, person

#: Seconds between two updates of a running job.
TICK = 2.0
_PRIVATE: dict[str, Any] = {"api_visibility": "private"}


def agent_panel(studio: Studio, catalog: gr.Dropdown) -> None:
    """Lay out the panel, which follows the catalogue that is chosen on the page."""
    with gr.Accordion("Describe with a language model", open=False, elem_id="agent") as fold:
        shown = gr.HTML(elem_id="agent-state")
        timer = gr.Timer(TICK, active=False)
        stop = gr.Button("Stop describing", variant="stop", elem_id="agent-stop", visible=False)
        dismiss = gr.Button("Dismiss the message", elem_id="agent-dismiss", visible=False)
        with gr.Group(visible=False) as form:
            with gr.Row():
                dollars = gr.Number(
                    label="Spend at most, $", value=studio.settings.rewrite_budget or 1.0,
                    minimum=0, elem_id="agent-dollars",
                )  # fmt: skip
                tokens = gr.Number(
                    label="or use at most, tokens (0: no cap)", value=0, minimum=0, precision=0,
                    elem_id="agent-tokens",
                )  # fmt: skip
                limit = gr.Number(
                    label="Items at most (0: all)", value=0, minimum=0, precision=0,
                    elem_id="agent-limit",
                )  # fmt: skip
            chosen = gr.Textbox(
                label="Only these items (ids, separated by spaces or commas; empty: all that are "
                "left)",
                max_length=200_000, lines=1, max_lines=6, elem_id="agent-items",
            )  # fmt: skip
            with gr.Row():
                batch = gr.Checkbox(
                    label="In batches: half the price, answers within a day", elem_id="agent-batch"
                )
                again = gr.Checkbox(
                    label="Also items that got no usable text before",
                    elem_id="agent-retry",
                )
            go = gr.Button("Start", variant="primary", elem_id="agent-go")
        notice = Notice("agent-notice")
    outputs = [shown, timer, stop, form, dismiss]

    def view(name: str | None) -> tuple[Any, ...]:
        if not name or not studio.catalogs():
            return render("agent_empty.html"), gr.update(active=False), *[gr.skip()] * 3
        state = studio.agent.state(name)
        job = state.job
        return (
            state_html(state),
            gr.update(active=state.running),
            gr.update(visible=state.running and job is not None and not job.stopping),
            gr.update(visible=not (state.running or state.off)),
            gr.update(visible=job is not None and job.unfinished and not state.off),
        )

    @sentences
    def refresh(name: str | None) -> tuple[Any, ...]:
        return view(name)

    @sentences
    def look(name: str | None) -> tuple[Any, ...]:
        """Return what ``refresh`` returns, opened if a job runs or a batch waits to be fetched."""
        shown = view(name)
        state = studio.agent.state(name) if name and studio.catalogs() else None
        job = state.job if state else None
        asks = state and (state.batches or (job and (job.running or job.unfinished)))
        return (*shown, gr.update(open=True) if asks else gr.skip())

    @sentences
    @notice.keeps(len(outputs))
    @allowed(studio, Action.REWRITE)
    def start_agent(
        name: str | None, money: float | None, most: float | None, items: float | None,
        ids: str, batched: bool, retry: bool, request: gr.Request,
    ) -> tuple[Any, ...]:  # fmt: skip
        order = AgentOrder(
            item_ids(ids), int(items or 0) or None, money or None, int(most or 0) or None, retry,
            batched,
        )  # fmt: skip
        studio.jobs.start(studio.agent.begin(name or "", person(request), order))
        return view(name)

    @sentences
    @allowed(studio, Action.REWRITE)
    def stop_agent(name: str | None) -> tuple[Any, ...]:
        if name and studio.agent.job(name).stop():
            gr.Info("The agent stops before its next question; what it has described is kept.")
        else:
            gr.Info("The agent is not at work on this catalogue.")
        return view(name)

    @sentences
    @allowed(studio, Action.REWRITE)
    def dismiss_agent(name: str | None) -> tuple[Any, ...]:
        if name:
            studio.agent.job(name).dismiss()
        return view(name)

    catalog.change(look, catalog, [*outputs, fold], show_progress="hidden", **_PRIVATE)
    timer.tick(refresh, catalog, outputs, show_progress="hidden", **_PRIVATE)
    asked = [catalog, dollars, tokens, limit, chosen, batch, again]
    go.click(start_agent, asked, [*outputs, *notice.outputs], **_PRIVATE)
    stop.click(stop_agent, catalog, outputs, **_PRIVATE)
    dismiss.click(dismiss_agent, catalog, outputs, **_PRIVATE)


def state_html(state: AgentState) -> str:
    """Return the state of the agent's job, or the settings that are missing."""
    return render("agent.html", state=state)
