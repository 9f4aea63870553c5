"""Lay out what is done with a whole judgment set: rename and remove it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from core.app.studio import Studio
from core.base.counts import counted
from core.errors import JudgmentError
from core.people import Action
from ui.error_sentences import sentences
from ui.render import render
from ui.rights import allowed, person

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}


def set_form(
    studio: Studio,
    sets: gr.Dropdown,
    catalog: gr.State,
    shown: Callable[[str, str | None], tuple[Any, ...]],
    outputs: list[Any],
) -> None:
    """Lay out the form for the chosen set inside the current column.

    Args:
        studio: The façade.
        sets: The choice of the set.
        catalog: Name of the catalogue.
        shown: Values for ``outputs``, given the catalogue and the id of the set to show.
        outputs: Components to update once a set was changed: choice of sets, desk, tabs.
    """
    gr.HTML('<h2 class="vs-h2">The chosen set</h2>')
    with gr.Row(elem_classes="vs-set-line"):
        name = gr.Textbox(label="New name", max_length=120, elem_id="annotate-set-name", scale=3)
        rename = gr.Button("Rename", elem_id="annotate-set-rename", scale=1, min_width=110)
    remove = gr.Button("Remove the set …", size="sm", elem_id="annotate-set-remove")
    with gr.Column(visible=False, elem_id="annotate-set-sure") as asking:
        question = gr.HTML()
        with gr.Row():
            sure = gr.Button("Remove it", variant="stop", elem_id="annotate-set-remove-sure")
            keep = gr.Button("Cancel")
    asked = gr.State("")  # id of the set that the question is about

    def changed(catalog: str, set_id: str | None) -> tuple[Any, ...]:
        choice, desk, _ = shown(catalog, set_id)
        return choice, desk, gr.skip()  # this tab stays open

    @sentences
    @allowed(studio, Action.LEAD)
    def take_name(set_id: str | None, catalog: str, wanted: str) -> tuple[Any, ...]:
        renamed = studio.judging.queue(catalog).sets.rename(_chosen(set_id), wanted)
        gr.Info("The set has its new name.")
        return "", *changed(catalog, renamed.set_id)

    @sentences
    @allowed(studio, Action.LEAD)
    def ask(set_id: str | None, catalog: str) -> tuple[Any, ...]:
        queue = studio.judging.queue(catalog)
        made = queue.sets.get(_chosen(set_id))
        labels = counted(len(queue.current(made.set_id)), "label")
        html = render("annotate_remove.html", name=made.name, labels=labels)
        return gr.update(visible=True), html, made.set_id

    @sentences
    @allowed(studio, Action.LEAD)
    def take_out(set_id: str, catalog: str, request: gr.Request) -> tuple[Any, ...]:
        studio.judging.queue(catalog).remove(_chosen(set_id), person(request))
        gr.Info("The set is removed.")
        return gr.update(visible=False), "", *changed(catalog, None)

    @sentences
    @allowed(studio, Action.LEAD)
    def keep_it() -> tuple[Any, ...]:
        return gr.update(visible=False), ""

    rename.click(take_name, [sets, catalog, name], [name, *outputs], **_PRIVATE)
    remove.click(ask, [sets, catalog], [asking, question, asked], **_PRIVATE)
    sure.click(take_out, [asked, catalog], [asking, asked, *outputs], **_PRIVATE)
    keep.click(keep_it, None, [asking, asked], show_progress="hidden", **_PRIVATE)


def _chosen(set_id: str | None) -> str:
    if not set_id:
        raise JudgmentError("Choose a judgment set first.")
    return set_id
