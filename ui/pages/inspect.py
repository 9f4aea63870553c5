"""Inspect: one item's photo, listing and encoder inputs, with corrections."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import gradio as gr
from gradio.context import LocalContext

from core.app.studio import Studio
from core.domain import Box, EngineInput, Grounding, Inspection, Item
from core.errors import QueryError, StudioError
from core.people import Action
from ui.blindness import fit_sentence, require_fit_shown
from ui.components.cards import web_photos
from ui.components.detections import (
    NO_CROP,
    chosen_number,
    detection_rows,
    found_sentence,
    grounding_sentence,
    similar_link,
)
from ui.components.item_choice import choice_html, matches_html
from ui.components.item_forms import forms, shots
from ui.components.pictures import data_uri, heat_overlay
from ui.components.query import MOST_CHARACTERS, SearchForm
from ui.components.rewrite_panel import ACTIONS, decide, panel
from ui.components.ways_on import ways_on
from ui.components.why_match import why_match
from ui.error_sentences import sentences
from ui.media import export_url, photo_url
from ui.queues import PICTURES, look_at_photo
from ui.render import render
from ui.rights import LOCAL, may, own_name, person, require
from ui.server_functions import answered
from ui.theme import ASSETS

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
NO_SEARCH = SearchForm()


def build(studio: Studio, page: gr.Blocks) -> None:
    """Lay out the page inside its route."""
    gr.HTML(
        '<div class="vs-head"><h1 class="vs-title">Inspect</h1><p class="vs-lead">One item in '
        "detail: where the product is in its photo, how it is described, and what each engine "
        "sees.</p></div>"
    )
    with gr.Row():
        chosen = gr.Textbox(
            label="Item: its id, or words of its title",
            placeholder="leather sofa",
            max_length=200,
            elem_id="inspect-item",
            scale=3,
        )
        # The header's list chooses it.
        catalog = gr.Dropdown(
            label="Catalogue", choices=[], elem_id="inspect-catalog", visible=False
        )
        name = gr.Textbox(
            label="Your name, for corrections",
            value=LOCAL,
            max_length=60,
            elem_id="inspect-name",
            elem_classes="vs-your-name",
            interactive=True,
            scale=1,
        )
        show = gr.Button("Show", variant="primary", scale=0, min_width=90, elem_id="inspect-show")
    find = gr.State("")
    pane = gr.HTML(
        render("waiting.html"),
        elem_id="inspect",
        js_on_load=(ASSETS / "inspect.js").read_text(encoding="utf-8"),
        server_functions=photo_functions(studio),
    )

    @sentences
    def load(request: gr.Request) -> tuple[Any, ...]:
        titled = [(entry.title, entry.name) for entry in studio.catalogs()]
        catalogs = [name for _, name in titled]
        wanted = str(request.query_params.get("catalog", ""))
        item_id = str(request.query_params.get("item", ""))
        phrase = str(request.query_params.get("find", ""))
        asked = asked_for(request, wanted)
        catalog_name = wanted if wanted in catalogs else None
        try:
            catalog_name = studio.catalog(wanted or None).name  # no other one in its place
            shown = content(studio, item_id, catalog_name, phrase, asked)
        except StudioError as problem:
            link = "?" + urlencode({"item": item_id, "catalog": wanted})
            ways = ways_on(studio, catalog_name or "", items=True)
            shown = render("problem.html", sentence=str(problem), link=link, ways=ways)
        return (
            item_id,
            gr.update(choices=titled, value=catalog_name),
            own_name(request),
            phrase,
            shown,
        )

    @sentences
    def look(item_id: str, catalog: str) -> tuple[str, str, str]:
        typed = item_id.strip()
        if typed and not studio.items_by_id([typed], catalog):
            return typed, "", matches_html(studio, typed, catalog)
        return typed, "", content(studio, typed, catalog)

    @sentences
    def act(
        event: gr.EventData, item_id: str, catalog: str, phrase: str, who: str, request: gr.Request
    ) -> tuple[str, str]:
        action, value = str(event.action), str(event.value)
        if action == "find":
            return value.strip(), content(studio, item_id, catalog, value.strip())
        require(studio, request, Action.CORRECT)
        item = studio.item(item_id, catalog)
        correct(studio, item, catalog, phrase, action, value, person(request, who))
        return "", content(studio, item_id, catalog)

    opened = [chosen, catalog, name, find, pane]
    page.load(load, None, opened, **_PRIVATE)
    for listen in (chosen.submit, show.click):
        listen(look, [chosen, catalog], [chosen, find, pane], **_PRIVATE)
    pane.pick(
        act, [chosen, catalog, find, name], [find, pane], show_progress="minimal",
        **_PRIVATE, **PICTURES,
    )  # fmt: skip


def correct(
    studio: Studio, item: Item, catalog: str, phrase: str, action: str, value: str, author: str
) -> None:
    """Carry out a person's decision on an item's crop or text; return a sentence on the outcome.

    Raises:
        QueryError: The request makes no sense for this item.
    """
    if action in ACTIONS:
        gr.Info(decide(studio, item.item_id, catalog, action, value, author))
        return
    grounding = studio.grounding
    match action:
        case "use" if value.isdecimal():
            done = grounding.choose(item, int(value) - 1, author, phrase=phrase, catalog=catalog)
        case "draw" if box := Box.read(value):
            done = grounding.draw(item, box, author, catalog=catalog)
        case "whole":
            done = grounding.keep_whole(item, author, catalog=catalog)
        case "restore":
            done = grounding.restore(item, author, catalog=catalog)
        case _:
            raise QueryError("This can't be done here. Load the page again.")
    gr.Info(done)


def asked_for(request: gr.Request, catalog: str) -> SearchForm:
    """Return the search that led to the item: words, or the item that it is like."""
    words, like = (str(request.query_params.get(name, "")) for name in ("q", "like"))
    return SearchForm(words[:MOST_CHARACTERS], item=like if not words else "", catalog=catalog)


def content(
    studio: Studio, item_id: str, catalog: str, find: str = "", asked: SearchForm = NO_SEARCH
) -> str:
    """Return the page's body for an item, or an invitation to choose one.

    Args:
        studio: The façade.
        item_id: The item; empty shows some to choose from.
        catalog: Name of the catalogue.
        find: Phrase to look for in the photo, instead of the product.
        asked: The search that led here, to explain the match.
    """
    if not item_id:
        return choice_html(studio, catalog)
    rows = studio.rows(item_id, catalog)
    hidden = fit_sentence(studio, LocalContext.request.get(None), catalog)
    # How alike an engine's two vectors are tells which engine is likely to find the item.
    inspection = studio.inspect(item_id, catalog, rows=rows, vectors=not hidden)
    item, grounding = inspection.item, inspection.grounding
    corrects = may(studio, LocalContext.request.get(None), Action.CORRECT)
    find = "" if hidden else find
    searched = studio.grounding.find(inspection.photo, find) if find and inspection.photo else None
    link = {"item": item_id, "catalog": catalog} | ({"find": find} if find else {})
    asked = replace(asked, catalog=catalog)
    return render(
        "inspect.html",
        it=inspection,
        catalog=catalog,
        link="?" + urlencode(link | asked.asked()),
        why=why_match(studio, inspection, asked),
        photo=photo_url(item.photo, catalog, thumbnail=False),
        shots=shots(item, catalog),
        forms=forms(inspection, catalog),
        links=web_photos(item),
        find=find,
        no_find=hidden,
        has_heat=studio.grounding.has_heat and not hidden,
        rows=detection_rows(searched or grounding),
        chosen=NO_CROP if searched else chosen_number(grounding),
        tau=shown_from(searched, studio.settings.grounding_threshold),
        status=found_sentence(searched) if searched else grounding_sentence(inspection),
        similar=similar_link(item_id, catalog),
        export=export_url(item_id, catalog),
        inputs=[
            (entry, data_uri(entry.picture) if entry.picture else "") for entry in inspection.inputs
        ],
        rewriting=panel(studio, item_id, catalog, rows, corrects=corrects),
        corrects=corrects,
        facts=item_facts(inspection),
        reference=_reference(inspection.inputs),
    )


def shown_from(searched: Grounding | None, tau: float) -> float:
    """Return the slider's start: τ, or lower if the best detection has a smaller score."""
    if searched is None or not searched.detections:
        return tau
    return min(tau, math.floor(100 * searched.detections[0].score) / 100)


def photo_functions(studio: Studio) -> list[Callable[..., dict[str, Any]]]:
    """Return what the browser calls: the heat map of a photo, when somebody wants to see it."""

    def heat(ask: dict[str, Any], request: gr.Request | None = None) -> dict[str, Any]:
        def work() -> dict[str, Any]:
            catalog, phrase = str(ask.get("catalog", "")) or None, str(ask.get("phrase", ""))
            item = studio.item(str(ask.get("item", "")), catalog)
            require_fit_shown(studio, request, catalog)
            photo = studio.photo(item, catalog)
            heat_map = look_at_photo(studio.grounding.heatmap, photo, phrase)
            if heat_map is None:
                return {"error": "The model in use finds boxes only; it has no heat map."}
            legend = f"How likely each part is “{phrase}” rather than anything else: up to "
            return {"picture": heat_overlay(heat_map), "legend": f"{legend}{heat_map.max():.2f}"}

        return answered(studio, request, Action.LOOK, work)

    return [heat]


def item_facts(inspection: Inspection) -> list[tuple[str, str]]:
    """Return the listing's own fields that have a value."""
    item = inspection.item
    named = [
        ("Department", item.department),
        ("Product type", item.product_type),
        ("Price", item.price),
        *((name.replace("_", " ").capitalize(), value) for name, value in item.attributes.items()),
        ("Credit", item.credit),
        ("Licence", item.licence),
        ("Source", item.source),
    ]
    return [(name, value) for name, value in named if value]


def _reference(inputs: tuple[EngineInput, ...]) -> EngineInput | None:
    return next((entry for entry in inputs if entry.engine.name == "clip"), None)
