"""Explore: search with words, a picture or an item, and go on from any hit."""

from __future__ import annotations

from functools import partial

import gradio as gr

from core.app.studio import Studio
from ui.components.help_choose import help_notice
from ui.components.results import answer_html
from ui.components.search_panel import SearchPanel
from ui.render import render

#: Engines for a link that names none; the first that can run here answers.
DEFAULT_ENGINES = ("vl-clip", "clip")


def build(studio: Studio, page: gr.Blocks) -> None:
    """Lay out the page and wire its events."""
    gr.HTML(
        render(
            "head.html",
            title="Explore",
            lead="Search the catalogue, then go on from any item.",
        )
    )
    help_notice(studio, page)
    answer = partial(answer_html, studio)
    SearchPanel(studio, "explore", answer, default_engines=DEFAULT_ENGINES).build(page)
