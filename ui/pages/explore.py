"""Explore: ask with words, a picture or an item; see ranked hits; go on from any of them."""

from __future__ import annotations

from functools import partial

import gradio as gr

from core.app.studio import Studio
from ui.components.results import answer_html
from ui.components.search_panel import SearchPanel
from ui.render import render

#: Who answers when the link names no engine, the first that can run here.
DEFAULT_ENGINES = ("vl-clip", "clip")


def build(studio: Studio, page: gr.Blocks) -> None:
    """Lay out the page and wire its events."""
    gr.HTML(
        render(
            "head.html",
            title="Explore",
            lead="Search the catalogue with words or a picture, then go on from any item.",
        )
    )
    answer = partial(answer_html, studio)
    SearchPanel(studio, "explore", answer, default_engines=DEFAULT_ENGINES).build(page)
