"""Explore: ask with words, a picture or an item; see ranked hits; go on from any of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from gradio.components import Component

from core.domain import CatalogInfo
from core.errors import StudioError
from core.studio import Studio
from ui.components.picture_input import example_strip, picture_input, query_picture
from ui.components.query import (
    FIRST_HITS,
    MOST_HITS,
    SearchForm,
    choose_engines,
    clamp_hits,
    form_from_request,
    form_from_search,
)
from ui.components.results import answer_html, missing_html, problem_html, progress_html
from ui.messages import sentences
from ui.render import render

#: Engines that answer by default, the first that can run here.
DEFAULT_ENGINES = ("vl-clip", "clip")

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
_KEEPS_PICTURE = frozenset({"all", "more", "department"})
_ACTIONS_JS = "vs.actions(element, (detail) => trigger('pick', detail), watch)"


@dataclass(frozen=True, slots=True)
class Controls:
    """The fields of the page, in the order in which their values travel."""

    text: gr.Textbox
    minus: gr.Textbox
    departments: gr.Dropdown
    product_types: gr.Dropdown
    engine: gr.Radio
    k: gr.Slider
    cutoff: gr.Checkbox
    fold: gr.Checkbox
    words: gr.Checkbox
    catalog: gr.Dropdown
    anchor: gr.State
    picture: gr.Image

    def all(self) -> list[Component]:
        """Every field, as a handler's inputs or outputs."""
        return [getattr(self, name) for name in self.__slots__]


def build(studio: Studio, page: gr.Blocks) -> None:
    """Lay out the page and wire its events."""
    gr.HTML(render("explore_head.html"))
    with gr.Row(elem_classes="vs-search-line"):
        text = gr.Textbox(
            placeholder="Search with words, a picture, or both",
            label="Search",
            show_label=False,
            elem_id="explore-query",
            elem_classes="vs-search-box",
            max_lines=1,
            scale=1,
            container=False,
            autofocus=True,
        )
        go = gr.Button("Search", variant="primary", scale=0, min_width=96)
    with gr.Row(elem_classes="vs-layout"):
        with gr.Column(elem_classes="vs-side", elem_id="explore-side", min_width=200):
            picture = picture_input("Search with a picture")
            strip = gr.HTML(example_strip(studio), js_on_load=_ACTIONS_JS)
            fields = _fields(studio)
            missing = gr.HTML()
        with gr.Column(elem_classes="vs-main", min_width=280):
            progress = gr.HTML(elem_id="explore-progress")
            results = gr.HTML(elem_id="explore-results", js_on_load=_ACTIONS_JS)
    controls = Controls(text=text, picture=picture, anchor=gr.State(("", None)), **fields)
    timer = gr.Timer(2, active=False)
    items_seen = gr.State(-1)
    _wire(studio, page, controls, go, strip, results, missing, progress, timer, items_seen)


def _fields(studio: Studio) -> dict[str, Any]:
    catalog = _catalog(studio, "")
    engines = [(s.engine.title, s.engine.name) for s in studio.engines() if s.available]
    fields: dict[str, Any] = {
        "minus": gr.Textbox(
            label="Without", placeholder="e.g. metal", elem_id="explore-minus", max_lines=1
        ),
        "departments": gr.Dropdown(
            list(catalog.departments) if catalog else [],
            multiselect=True,
            label="Department",
            elem_id="explore-department",
        ),
        "product_types": gr.Dropdown(
            list(catalog.product_types) if catalog else [],
            multiselect=True,
            label="Product type",
            elem_id="explore-type",
        ),
        "engine": gr.Radio(
            engines, value=None, label="Engine", elem_id="explore-engine", type="value"
        ),
    }
    with gr.Accordion("More options", open=False):
        fields |= {
            "k": gr.Slider(12, MOST_HITS, value=FIRST_HITS, step=12, label="Results at most"),
            "cutoff": gr.Checkbox(True, label="Hide weak matches"),
            "fold": gr.Checkbox(True, label="Fold near-duplicate photos"),
            "words": gr.Checkbox(True, label="Match words of the listing too"),
            "catalog": gr.Dropdown([""], value="", label="Catalogue", visible=False),
        }
    return fields


def _wire(
    studio: Studio,
    page: gr.Blocks,
    controls: Controls,
    go: gr.Button,
    strip: gr.HTML,
    results: gr.HTML,
    missing: gr.HTML,
    progress: gr.HTML,
    timer: gr.Timer,
    items_seen: gr.State,
) -> None:
    fields = controls.all()

    @sentences
    def open_page(request: gr.Request) -> list[Any]:
        form = form_from_request(request)
        running = studio.progress(form.catalog or None)
        return [
            *_show(studio, form),
            missing_html(studio.engines()),
            progress_html(running),
            gr.Timer(active=bool(running and running.running)),
        ]

    @sentences
    def search(*values: Any) -> str:
        form, upload = read_form(values)
        return _answer(studio, form, upload)

    @sentences
    def change_catalog(*values: Any) -> list[Any]:
        form, _ = read_form(values)
        return _show(studio, SearchForm(text=form.text, catalog=form.catalog))

    @sentences
    def new_picture(*values: Any) -> tuple[Any, str]:
        form, upload = read_form(values)
        form = replace(form, item="", example=None) if upload else form
        return (form.item, form.example), _answer(studio, form, upload)

    @sentences
    def act(event: gr.EventData, *values: Any) -> list[Any]:
        form, upload = read_form(values)
        form = apply_action(form, str(event.action), str(event.value))
        return _show(studio, form, upload if event.action in _KEEPS_PICTURE else None)

    @sentences
    def tick(seen: int, *values: Any) -> list[Any]:
        form, upload = read_form(values)
        running = studio.progress(form.catalog or None)
        catalog = _catalog(studio, form.catalog)
        items = catalog.items if catalog else 0
        ended = not (running and running.running)
        browsing = not form.asks(picture=upload is not None)
        redo = ended or (browsing and items != seen)
        shown = _show(studio, form, upload) if redo else [gr.skip()] * (len(fields) + 1)
        return [*shown, progress_html(running), gr.Timer(active=not ended), items]

    page.load(open_page, None, [*fields, results, missing, progress, timer], **_PRIVATE)
    gr.on(
        [text.submit for text in (controls.text, controls.minus)]
        + [go.click, controls.departments.input, controls.product_types.input]
        + [controls.engine.input, controls.k.release, controls.cutoff.input]
        + [controls.fold.input, controls.words.input],
        search,
        fields,
        results,
        trigger_mode="always_last",
        show_progress="minimal",
        **_PRIVATE,
    )
    controls.catalog.input(change_catalog, fields, [*fields, results], **_PRIVATE)
    gr.on(
        [controls.picture.upload, controls.picture.clear],
        new_picture,
        fields,
        [controls.anchor, results],
        show_progress="minimal",
        **_PRIVATE,
    )
    for source in (results, strip):
        source.pick(
            act,
            fields,
            [*fields, results],
            show_progress="minimal",
            show_progress_on=results,
            **_PRIVATE,
        )
    timer.tick(
        tick,
        [items_seen, *fields],
        [*fields, results, progress, timer, items_seen],
        show_progress="hidden",
        **_PRIVATE,
    )


def read_form(values: tuple[Any, ...]) -> tuple[SearchForm, str | None]:
    """The search that the fields spell out, and the path of an uploaded picture."""
    given = dict(zip(Controls.__slots__, values, strict=True))
    item, example = given["anchor"] or ("", None)
    form = SearchForm(
        text=(given["text"] or "").strip(),
        minus=(given["minus"] or "").strip(),
        item=item,
        example=example,
        departments=tuple(given["departments"] or ()),
        product_types=tuple(given["product_types"] or ()),
        engines=(given["engine"],) if given["engine"] else (),
        k=clamp_hits(int(given["k"])),
        cutoff=bool(given["cutoff"]),
        fold=bool(given["fold"]),
        words=bool(given["words"]),
        catalog=given["catalog"] or "",
    )
    return form, given["picture"]


def apply_action(form: SearchForm, action: str, value: str) -> SearchForm:
    """The search after a click on a card, a chip or the browser's back button."""
    match action:
        case "similar":
            return form.like_item(value)
        case "example":
            return form.like_example(int(value) if value.isdigit() else 0)
        case "ask":
            return replace(form, text=value, minus="", item="", example=None, k=FIRST_HITS)
        case "department":
            return replace(form, departments=(value,), product_types=())
        case "forget":
            return replace(form, item="", example=None)
        case "all":
            return replace(form, cutoff=False)
        case "more":
            return replace(form, k=clamp_hits(int(value) if value.isdigit() else form.k))
        case "restore":
            return form_from_search(value)
    return form


def known_only(form: SearchForm, catalog: CatalogInfo | None) -> SearchForm:
    """The search without filters that its catalogue does not have."""
    if catalog is None:
        return replace(form, departments=(), product_types=())
    return replace(
        form,
        departments=tuple(d for d in form.departments if d in catalog.departments),
        product_types=tuple(t for t in form.product_types if t in catalog.product_types),
    )


def _show(studio: Studio, form: SearchForm, upload: str | None = None) -> list[Any]:
    """Values for every field, and the results, so that the page shows ``form``."""
    catalog = _catalog(studio, form.catalog)
    form = known_only(form, catalog)
    available = [(s.engine.title, s.engine.name) for s in studio.engines() if s.available]
    engine = choose_engines(form.engines, studio.engines(), DEFAULT_ENGINES)[:1]
    names = [(info.title, info.name) for info in studio.catalogs()]
    values = {
        "text": form.text,
        "minus": form.minus,
        "departments": gr.Dropdown(
            choices=list(catalog.departments) if catalog else [], value=list(form.departments)
        ),
        "product_types": gr.Dropdown(
            choices=list(catalog.product_types) if catalog else [], value=list(form.product_types)
        ),
        "engine": gr.Radio(choices=available, value=engine[0] if engine else None),
        "k": form.k,
        "cutoff": form.cutoff,
        "fold": form.fold,
        "words": form.words,
        "catalog": gr.Dropdown(
            choices=names,
            value=catalog.name if catalog else None,
            visible=len(names) > 1,
        ),
        "anchor": (form.item, form.example),
        "picture": gr.skip() if upload else None,
    }
    return [*(values[name] for name in Controls.__slots__), _answer(studio, form, upload)]


def _answer(studio: Studio, form: SearchForm, upload: str | None) -> str:
    try:
        image = query_picture(studio, form, upload)
    except StudioError as problem:
        return problem_html(str(problem), form)
    chosen = choose_engines(form.engines, studio.engines(), DEFAULT_ENGINES)[:1]
    engine = next((s for s in studio.engines() if s.engine.name in chosen), None)
    return answer_html(studio, form, engine, image)


def _catalog(studio: Studio, name: str) -> CatalogInfo | None:
    try:
        return studio.catalog(name or None)
    except StudioError:
        return None
