"""“Judge this list”: add the results of Explore or Compare to a judgment set and open Annotate."""

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

#: Returns the shown search, its engines and its picture from the values of the page's fields.
Shown = Callable[[tuple[Any, ...]], tuple[SearchForm, tuple[str, ...], Image.Image | None]]

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
#: Open Annotate at the address from the previous handler.
OPEN_JS = "(link) => { if (link) window.location.assign(link); }"


def annotate_link(catalog: str, set_id: str, query_id: str = "") -> str:
    """Return the link to Annotate for a set, with the pairs of one query first."""
    asked = {"catalog": catalog, "set": set_id} | ({"first": query_id} if query_id else {})
    return f"/annotate?{urlencode(asked)}"


def judge_button(name: str, label: str) -> gr.Button:
    """Return the button, hidden until the person's rights are known."""
    return gr.Button(
        label, size="sm", scale=0, visible=False, elem_id=f"{name}-judge",
        elem_classes="vs-judge-list",
    )  # fmt: skip


def wire_judge_button(
    studio: Studio, page: gr.Blocks, button: gr.Button, fields: list[Component], shown: Shown
) -> None:
    """Wire the button to add the shown results to the catalogue's set of lists."""
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
