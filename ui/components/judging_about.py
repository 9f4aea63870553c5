"""Say who graded the chosen set where it ships with the demo, and offer a set of one's own."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.app.studio import Studio
from ui.error_sentences import sentences
from ui.render import render

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}


def about_line(studio: Studio, sets: gr.Dropdown, catalog: gr.State) -> gr.Button:
    """Lay out the line; returns the button, which ``opens_new_set`` wires."""
    with gr.Row(elem_classes="vs-about-set"):
        about = gr.HTML(elem_id="annotate-about")
        own = gr.Button(
            "Start a set of your own", variant="primary", elem_id="annotate-own", scale=0,
            min_width=250,
        )  # fmt: skip

    @sentences
    def show(set_id: str | None, catalog: str) -> str:
        return about_html(studio, catalog, set_id)

    sets.change(show, [sets, catalog], about, show_progress="hidden", **_PRIVATE)
    return own


def opens_new_set(own: gr.Button, tabs: gr.Tabs) -> None:
    """Let the button open the tab of a new set."""

    def start_own() -> gr.Tabs:
        return gr.Tabs(selected="new")

    own.click(start_own, None, tabs, show_progress="hidden", **_PRIVATE)


def about_html(studio: Studio, catalog: str, set_id: str | None) -> str:
    """Return who graded a shipped set, or why the demo does not have it; else an empty text."""
    if not catalog:
        return ""
    shipped = studio.demo_judgments
    headline, _, rest = shipped.about(catalog, set_id or "").partition("\n")
    html = render(
        "annotate_about.html", headline=headline, rest=rest, problem=shipped.problem(catalog)
    )
    return html.strip()
