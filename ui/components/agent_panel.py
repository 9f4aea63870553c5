"""Let the agent describe a catalogue, or some of its items, for a budget; watch it and stop it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.domain import RewriteProgress
from core.language.desk import AgentOrder, AgentState, item_ids
from core.people import Role
from core.studio import Studio
from ui.messages import sentences
from ui.people import allowed, person
from ui.render import render

#: Seconds between two looks at a running job.
TICK = 2.0
_PRIVATE: dict[str, Any] = {"api_visibility": "private"}


def agent_panel(studio: Studio, catalog: gr.Dropdown) -> None:
    """Lay out the panel, which follows the catalogue that is chosen on the page."""
    with gr.Accordion("Describe it with the agent", open=False, elem_id="agent") as fold:
        shown = gr.HTML(elem_id="agent-state")
        timer = gr.Timer(TICK, active=False)
        stop = gr.Button("Stop the agent", variant="stop", elem_id="agent-stop", visible=False)
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
            again = gr.Checkbox(
                label="Also those that it found no words for", elem_id="agent-retry"
            )
            go = gr.Button("Start the agent", variant="primary", elem_id="agent-go")
    outputs = [shown, timer, stop, form]

    def view(name: str | None) -> tuple[Any, ...]:
        if not name or not studio.catalogs():
            return render("agent_empty.html"), gr.update(active=False), *[gr.skip()] * 2
        state = studio.rewriting.desk.state(name)
        running = state.job is not None and state.job.running
        return (
            state_html(state),
            gr.update(active=running),
            gr.update(visible=running),
            gr.update(visible=not running and not state.off),
        )

    @sentences
    def refresh(name: str | None) -> tuple[Any, ...]:
        return view(name)

    @sentences
    def look(name: str | None) -> tuple[Any, ...]:
        """As ``refresh``, and opened where a job is running."""
        shown = view(name)
        job = studio.rewriting.desk.state(name).job if name and studio.catalogs() else None
        return (*shown, gr.update(open=True) if job and job.running else gr.skip())

    @sentences
    @allowed(studio, Role.MERCHANDISER)
    def start_agent(
        name: str | None, money: float | None, most: float | None, items: float | None,
        ids: str, retry: bool, request: gr.Request,
    ) -> tuple[Any, ...]:  # fmt: skip
        order = AgentOrder(
            item_ids(ids), int(items or 0) or None, money or None, int(most or 0) or None, retry
        )
        work = studio.rewriting.desk.order(name or "", person(request), order)
        studio.start(work)
        return view(name)

    @sentences
    @allowed(studio, Role.MERCHANDISER)
    def stop_agent(name: str | None) -> None:
        studio.rewriting.desk.stop(name or "")
        gr.Info("The agent stops before its next question; what it has described is kept.")

    catalog.change(look, catalog, [*outputs, fold], show_progress="hidden", **_PRIVATE)
    timer.tick(refresh, catalog, outputs, show_progress="hidden", **_PRIVATE)
    go.click(start_agent, [catalog, dollars, tokens, limit, chosen, again], outputs, **_PRIVATE)
    stop.click(stop_agent, catalog, None, **_PRIVATE)


def state_html(state: AgentState) -> str:
    """What the agent is doing or has done, or what to set so that it can."""
    progress = state.job.progress if state.job else None
    return render("agent.html", state=state, percent=percent(progress), progress=progress)


def percent(progress: RewriteProgress | None) -> int:
    """How much of a job is done, 0 to 100."""
    if progress is None or not progress.total:
        return 0
    return round(100 * (progress.done + progress.failed) / progress.total)
