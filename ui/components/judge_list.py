"""“Judge this list”: what Explore or Compare shows becomes pairs to judge, and Annotate opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import gradio as gr
from gradio.components import Component
from PIL import Image

from core.app.studio import Studio
from core.people import Action
from ui.components.query import SearchForm
from ui.error_sentences import sentences
from ui.rights import allowed, may

#: What is on screen, from the values of the page's fields: the search, its engines, its picture.
Shown = Callable[[tuple[Any, ...]], tuple[SearchForm, tuple[str, ...], Image.Image | None]]

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
#: Leave for Annotate, where the handler before this gave an address.
OPEN_JS = "(link) => { if (link) window.location.assign(link); }"


def annotate_link(catalog: str, set_id: str, query_id: str = "") -> str:
    """Annotate on a set, its pairs of one query first."""
    asked = {"catalog": catalog, "set": set_id} | ({"first": query_id} if query_id else {})
    return f"/annotate?{urlencode(asked)}"


def judge_button(name: str, label: str) -> gr.Button:
    """Return the button, hidden until the page knows that it may be used."""
    return gr.Button(
        label, size="sm", scale=0, visible=False, elem_id=f"{name}-judge",
        elem_classes="vs-judge-list",
    )  # fmt: skip


def wire_judge_button(
    studio: Studio, page: gr.Blocks, button: gr.Button, fields: list[Component], shown: Shown
) -> None:
    """Let the button put what is on screen into the catalogue's set of such lists."""
    link = gr.Textbox(visible=False)

    @sentences
    def view(request: gr.Request) -> Any:
        return gr.update(visible=may(studio, request, Action.LEAD))

    @sentences
    @allowed(studio, Action.LEAD)
    def judge_list(*values: Any) -> str:
        form, engines, image = shown(values)
        catalog = studio.catalog(form.catalog or None).name
        made, query = studio.judging.collect(form.query(image), engines, catalog)
        return annotate_link(catalog, made.set_id, query.query_id)

    page.load(view, None, button, show_progress="hidden", **_PRIVATE)
    button.click(judge_list, fields, link, **_PRIVATE).success(
        None, link, None, js=OPEN_JS, **_PRIVATE
    )
