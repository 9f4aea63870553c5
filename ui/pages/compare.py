"""Compare: one query, several engines side by side; and a blind vote on two of them."""

from __future__ import annotations

from functools import partial

import gradio as gr

from core.app.studio import Studio
from ui.components.blind_vote import preference_panel
from ui.components.result_columns import compare_html
from ui.components.search_panel import SearchPanel
from ui.render import render

#: Engines for a link that names none; the first column is the baseline.
DEFAULT_ENGINES = ("clip", "vl-clip")


def build(studio: Studio, page: gr.Blocks) -> None:
    """Lay out the page and wire its events."""
    gr.HTML(
        render(
            "head.html",
            title="Compare",
            lead="Ask several engines the same question and see where they disagree.",
        )
    )
    answer = partial(compare_html, studio)
    panel = SearchPanel(studio, "compare", answer, default_engines=DEFAULT_ENGINES, several=True)
    panel.build(page)
    preference_panel(studio, page)
