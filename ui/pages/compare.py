"""Compare: one query, several engines side by side; and a blind vote on two of them."""

from __future__ import annotations

from functools import partial

import gradio as gr
from gradio.context import LocalContext
from PIL import Image

from core.app.studio import Studio
from core.domain import CatalogInfo, EngineStatus
from ui.blindness import hidden_sentence
from ui.components.blind_vote import preference_panel
from ui.components.compare_start import compare_start_html
from ui.components.query import SearchForm
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
    answer = partial(compare_answer, studio)
    panel = SearchPanel(studio, "compare", answer, default_engines=DEFAULT_ENGINES, several=True)
    panel.build(page)
    preference_panel(studio, page)


def compare_answer(
    studio: Studio,
    form: SearchForm,
    engines: tuple[EngineStatus, ...],
    image: Image.Image | None,
    catalog: CatalogInfo,
) -> str:
    """Return the lists of a query; without one, an example. Whom no engine answers reads why.

    Raises:
        StudioError: The search can't be answered.
    """
    hidden = hidden_sentence(studio, LocalContext.request.get(None), catalog.name)
    if engines and (hidden or not form.asks(picture=image is not None)):
        return compare_start_html(studio, form, engines, catalog)
    return compare_html(studio, form, engines, image, catalog)
