"""Show a vision-language model's figures for engines: Precision@1/3/5, agreement with people."""

from __future__ import annotations

import gradio as gr
from gradio.context import LocalContext

from core.app.studio import Studio
from core.domain import JudgeRecord
from ui.blindness import engines_hidden
from ui.error_sentences import sentences
from ui.render import render

#: Number of jobs that are shown, latest first.
SHOWN = 5


def judge_figures(studio: Studio, catalog: gr.Dropdown) -> None:
    """Lay out the section, which follows the catalogue that is chosen on the page."""
    with gr.Accordion("Judged by a model", open=False, elem_id="evaluate-judge"):
        shown = gr.HTML(figures_html((), ""), elem_id="evaluate-judge-figures")

    @sentences
    def look(name: str | None) -> str:
        hidden = not name or engines_hidden(studio, LocalContext.request.get(None), name)
        records = () if hidden else studio.assessing.records(name)
        return figures_html(records, name or "")

    catalog.change(look, catalog, shown, show_progress="hidden", api_visibility="private")


def figures_html(records: tuple[JudgeRecord, ...], catalog: str) -> str:
    """Return the latest jobs as tables; if there are none, the command that starts one."""
    return render("judge_figures.html", records=records[:SHOWN], catalog=catalog)
