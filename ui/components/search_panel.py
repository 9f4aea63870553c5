"""The search line and its side panel, shared by Explore and Compare.

Each page passes a function, ``answer``, that lays out the result of a search as HTML.
Everything else (the fields, links that reproduce a search, the browser's back button, indexing that
is still running) works alike on both pages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.context import LocalContext
from PIL import Image

from core.app.studio import Studio
from core.domain import CatalogInfo, EngineStatus, FacetView
from core.errors import StudioError
from ui.blindness import engines_hidden
from ui.components.export_list import wire_export
from ui.components.facet_lists import chips_html, unknown_html
from ui.components.judge_list import judge_button, wire_judge_button
from ui.components.link_problems import engines_gone, said_html, unread_of
from ui.components.page_view import EngineChoice, PageView
from ui.components.photo_part import photo_functions
from ui.components.picture_input import example_strip, picture_input, query_picture
from ui.components.query import (
    SearchForm,
    apply_action,
    form_from_request,
    keeps_picture,
    known_only,
)
from ui.components.results import missing_html, problem_html, progress_html
from ui.components.search_fields import Controls, field_values, read_form, side_fields
from ui.components.ways_on import ways_on
from ui.error_sentences import sentences
from ui.queues import PICTURES, WORDS
from ui.render import render

#: ``answer(form, engines, image, catalog)`` gives the HTML of the results.
Answer = Callable[[SearchForm, tuple[EngineStatus, ...], Image.Image | None, CatalogInfo], str]

#: For ``gr.HTML(js_on_load=…)``: buttons with ``data-action`` raise the event ``pick``.
#: Those that search with a picture raise ``look``, which has a queue of its own.
#: ``take`` saves the list as a file.
ACTIONS_JS = """vs.actions(element, (detail) => trigger(
  detail.action === "export" ? "take"
    : ["example", "region"].includes(detail.action) ? "look" : "pick", detail), watch)"""

#: The same for results, which may show the query photo; its parts can be searched with.
RESULTS_JS = f"""{ACTIONS_JS};
vs.drawing(element, (value) => trigger('look', {{ action: 'region', value }}));
vs.things(element, server);
vs.mixedList(element, watch);"""

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}


class SearchPanel:
    """Builds the fields inside the current page and wires them to ``answer``.

    Args:
        studio: The façade.
        name: Prefix of the element ids: ``explore`` gives ``explore-query``, ``explore-results``.
        answer: Lays out the results.
        default_engines: Engines for a link that names none, if they can run.
        several: Let several engines answer at once.
    """

    def __init__(
        self,
        studio: Studio,
        name: str,
        answer: Answer,
        *,
        default_engines: tuple[str, ...],
        several: bool = False,
    ) -> None:
        self._studio = studio
        self._name = name
        self._answer = answer
        self._choice = EngineChoice(default_engines, several)

    def build(self, page: gr.Blocks) -> None:
        """Lay out the fields and wire their events."""
        with gr.Row(elem_classes="vs-search-line"):
            text = gr.Textbox(
                placeholder="Words, a picture, or both",
                label="Search",
                show_label=False,
                elem_id=f"{self._name}-query",
                elem_classes="vs-search-box",
                max_lines=1,
                scale=1,
                container=False,
            )
            go = gr.Button("Search", variant="primary", scale=0, min_width=96)
        side = f"{self._name}-side"
        toggle = gr.HTML(render("panel_toggle.html", panel=side), elem_classes="vs-narrow-only")
        with gr.Row(elem_classes="vs-layout"):
            with gr.Column(elem_classes="vs-side", elem_id=side, min_width=200) as panel:
                picture = picture_input("Search with a picture")
                strip = gr.HTML(js_on_load=ACTIONS_JS)
                fields = side_fields(self._studio, self._name, several=self._choice.several)
                missing = gr.HTML()
            with gr.Column(elem_classes="vs-main", min_width=280):
                progress = gr.HTML(elem_id=f"{self._name}-progress")
                label = "Judge these lists" if self._choice.several else "Judge this list"
                judge = judge_button(self._name, label)
                results = gr.HTML(
                    render("waiting.html"),
                    elem_id=f"{self._name}-results",
                    js_on_load=RESULTS_JS,
                    server_functions=photo_functions(self._studio),
                )
        anchor, catalog = gr.State(("", None, None)), gr.Textbox("", visible=False)
        controls = Controls(text=text, picture=picture, anchor=anchor, catalog=catalog, **fields)
        self._wire_search(controls, go, strip, results)
        self._wire_page(page, controls, results, strip, missing, progress, (toggle, panel))
        wire_judge_button(self._studio, page, judge, controls.all(), self._on_screen)
        path = f"/{self._name}"
        wire_export(self._studio, results, controls.all(), self._on_screen, path)

    def _wire_search(
        self, controls: Controls, go: gr.Button, strip: gr.HTML, results: gr.HTML
    ) -> None:
        fields = controls.all()

        @sentences
        def search(*values: Any) -> str:
            form, upload = read_form(values)
            return self._results(self._view(form), form, upload)

        @sentences
        def refine(*values: Any) -> list[Any]:
            """Search again, and count the values of the other filters again."""
            form, upload = read_form(values)
            return [gr.skip(), *self._show(self._view(form), form, upload)[1:]]

        @sentences
        def change_picture(*values: Any) -> tuple[Any, str]:
            form, upload = read_form(values)
            if upload:
                form = replace(form, item="", example=None)
            form = replace(form, region=None)
            results = self._results(self._view(form), form, upload)
            return (form.item, form.example, None), results

        @sentences
        def act(event: gr.EventData, *values: Any) -> list[Any]:
            form, upload = read_form(values)
            form = apply_action(form, str(event.action), str(event.value))
            kept = upload if keeps_picture(str(event.action)) else None
            return self._show(self._view(form), form, kept)

        triggers = [controls.text.submit, controls.minus.submit, go.click, controls.k.release]
        triggers += [
            field.input
            for field in (
                controls.sort,
                controls.engines,
                controls.cutoff,
                controls.fold,
                controls.words,
                controls.language,
                controls.same_type,
                controls.varied,
            )
        ]
        quiet = {"show_progress": "minimal", "show_progress_on": results, **_PRIVATE}
        gr.on(triggers, search, fields, results, trigger_mode="always_last", **quiet, **WORDS)
        filters = [
            controls.departments.input, controls.product_types.input, controls.attributes.input,
            controls.price_from.submit, controls.price_to.submit,
            controls.price_from.blur, controls.price_to.blur,
        ]  # fmt: skip
        gr.on(filters, refine, fields, [*fields, results], trigger_mode="always_last",
              **quiet, **WORDS)  # fmt: skip
        pictures = [controls.picture.upload, controls.picture.clear]
        gr.on(pictures, change_picture, fields, [controls.anchor, results], **quiet, **PICTURES)
        for source in (results, strip):
            source.pick(act, fields, [*fields, results], **quiet, **WORDS)
            source.look(act, fields, [*fields, results], **quiet, **PICTURES)

    def _wire_page(
        self,
        page: gr.Blocks,
        controls: Controls,
        results: gr.HTML,
        strip: gr.HTML,
        missing: gr.HTML,
        progress: gr.HTML,
        beside: tuple[Block, ...],
    ) -> None:
        fields = controls.all()
        timer, items_seen = gr.Timer(2, active=False), gr.State(-1)

        @sentences
        def open_page(request: gr.Request) -> list[Any]:
            form = form_from_request(request)
            unread = said_html(unread_of(request.query_params.multi_items()))
            view = self._view(form)
            job = self._studio.indexing.job(view.catalog.name).read() if view.catalog else None
            running = bool(job and job.running)
            shown = self._show(view, form)
            shown[-1] = unread + shown[-1]
            words_only = self._words_only(view)
            if not form.text:  # keep the text that was typed while the page was loading
                shown[0] = gr.update(placeholder="Words") if words_only else gr.skip()
            return [
                *shown,
                "" if words_only else self._strip(view),
                "" if words_only else missing_html(view.statuses),
                progress_html(job, view.catalog, view.statuses),
                gr.Timer(active=running),
                # Compare has no list by words alone, which filters would apply to.
                *[gr.update(visible=not (words_only and self._choice.several)) for _ in beside],
            ]

        @sentences
        def tick(seen: int, *values: Any) -> list[Any]:
            form, upload = read_form(values)
            view = self._view(form)
            job = self._studio.indexing.job(view.catalog.name).read() if view.catalog else None
            running = bool(job and job.running)
            items = view.catalog.items if view.catalog else 0
            browsing = not form.asks(picture=upload is not None)
            redo = not running or (browsing and items != seen)
            shown = self._show(view, form, upload) if redo else [gr.skip()] * (len(fields) + 1)
            line = progress_html(job, view.catalog, view.statuses)
            return [*shown, line, gr.Timer(active=running), items]

        opened = [*fields, results, strip, missing, progress, timer, *beside]
        page.load(open_page, None, opened, show_progress="hidden", **_PRIVATE)
        ticked = [*fields, results, progress, timer, items_seen]
        timer.tick(tick, [items_seen, *fields], ticked, show_progress="hidden", **_PRIVATE)

    def _show(self, view: PageView, form: SearchForm, upload: str | None = None) -> list[Any]:
        """Return values for every field, and the results, so that the page shows ``form``."""
        facets = self._facets(view, form)
        unknown = unknown_html(facets)
        if unknown or facets is None:
            form = known_only(form, facets)
            facets = self._facets(view, form)
        gone = engines_gone(form, view)
        form = replace(form, engines=tuple(name for name in form.engines if name not in gone))
        chosen = self._choice.of(form, view)
        unknown += said_html(gone.values())
        engines = list(chosen) if self._choice.several else next(iter(chosen), None)
        values = field_values(
            form, view, engines, facets, upload, words_only=self._words_only(view)
        )
        results = unknown + self._results(view, form, upload)
        return [*values, results]

    def _on_screen(
        self, values: tuple[Any, ...]
    ) -> tuple[SearchForm, tuple[str, ...], Image.Image | None]:
        """Return the shown search, its engines and its picture."""
        form, upload = read_form(values)
        view = self._view(form)
        form = self._choice.plain(form, view)
        return form, self._choice.of(form, view), query_picture(self._studio, form, upload)

    def _results(self, view: PageView, form: SearchForm, upload: str | None) -> str:
        form = self._choice.plain(form, view)
        chosen = self._choice.of(form, view)
        if view.catalog is None:
            return problem_html(view.problem, form, ways_on(self._studio))
        try:
            image = query_picture(self._studio, form, upload)
            statuses = {status.engine.name: status for status in view.statuses}
            engines = tuple(statuses[name] for name in chosen)
            return chips_html(form) + self._answer(form, engines, image, view.catalog)
        except StudioError as problem:
            ways = ways_on(self._studio, view.catalog.name) if form.item else ()
            return problem_html(str(problem), form, ways)

    def _words_only(self, view: PageView) -> bool:
        """Tell whether no engine answers this visitor."""
        request = LocalContext.request.get(None)
        return view.catalog is not None and engines_hidden(self._studio, request, view.catalog.name)

    def _strip(self, view: PageView) -> str:
        return example_strip(self._studio, view.catalog.name if view.catalog else "")

    def _facets(self, view: PageView, form: SearchForm) -> FacetView | None:
        if view.catalog is None:
            return None
        try:
            return self._studio.facets(view.catalog.name, form.filters)
        except StudioError:
            return None

    def _view(self, form: SearchForm) -> PageView:
        return PageView.of(self._studio, form.catalog)
