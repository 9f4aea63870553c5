"""Inspect: one item's way from photo and listing to what each encoder gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.domain import Detection, EngineInput, Inspection
from core.errors import QueryError
from core.studio import Studio
from ui.components.pictures import data_uri, mask_overlay
from ui.media import photo_url
from ui.messages import sentences
from ui.render import render
from ui.theme import ASSETS

#: One colour per detection, best first; distinct also for most colour-blind people (Okabe, Ito).
COLOURS = ((0, 158, 115), (230, 159, 0), (86, 180, 233), (213, 94, 0), (204, 121, 167))


@dataclass(frozen=True, slots=True)
class DetectionRow:
    """A detection as the page shows it; box in per cent of the photo."""

    number: int
    detection: Detection
    chosen: bool
    colour: str
    overlay: str
    left: float
    top: float
    width: float
    height: float
    share: float | None


def build(studio: Studio, page: gr.Blocks) -> None:
    """Lay out the page inside its route."""
    gr.HTML(
        '<h1 class="vs-title">Inspect</h1><p class="vs-lead">Everything behind one item’s vectors: '
        "the product found in the photo, the words rewritten, and exactly what each encoder gets."
        "</p>"
    )
    with gr.Row(equal_height=True):
        chosen = gr.Textbox(
            label="Item id",
            placeholder="met-36029",
            max_length=200,
            elem_id="inspect-item",
            scale=3,
        )
        catalog = gr.Dropdown(label="Catalogue", choices=[], elem_id="inspect-catalog", scale=1)
        show = gr.Button("Show", variant="primary", scale=0, min_width=90)
    pane = gr.HTML(
        render("inspect_empty.html", items=(), catalog=""),
        elem_id="inspect",
        js_on_load=(ASSETS / "inspect.js").read_text(encoding="utf-8"),
    )

    @sentences
    def load(request: gr.Request) -> tuple[Any, ...]:
        catalogs = [entry.name for entry in studio.catalogs()]
        if not catalogs:
            raise QueryError("Nothing is indexed yet: see the Catalog page.")
        wanted = str(request.query_params.get("catalog", ""))
        where = wanted if wanted in catalogs else studio.catalog().name
        item_id = str(request.query_params.get("item", ""))
        return item_id, gr.update(choices=catalogs, value=where), content(studio, item_id, where)

    @sentences
    def look(item_id: str, where: str) -> tuple[str, str]:
        return item_id.strip(), content(studio, item_id.strip(), where)

    page.load(load, None, [chosen, catalog, pane], api_visibility="private")
    address = "(item, catalog) => { window.vs.setQuery({item, catalog}); }"
    for listen in (chosen.submit, show.click):
        listen(look, [chosen, catalog], [chosen, pane], api_visibility="private").then(
            None, [chosen, catalog], None, js=address
        )


def content(studio: Studio, item_id: str, catalog: str) -> str:
    """The page's body for an item, or an invitation to choose one."""
    if not item_id:
        return render(
            "inspect_empty.html",
            items=studio.items(catalog, limit=12),
            catalog=catalog,
            url=photo_url,
        )
    inspection = studio.inspect(item_id, catalog)
    return render(
        "inspect.html",
        it=inspection,
        catalog=catalog,
        photo=photo_url(inspection.item.photo, catalog, thumbnail=False),
        rows=detection_rows(inspection),
        inputs=[(entry, data_uri(entry.picture)) for entry in inspection.inputs],
        facts=item_facts(inspection),
        status=grounding_sentence(inspection),
        reference=_reference(inspection.inputs),
    )


def detection_rows(inspection: Inspection) -> list[DetectionRow]:
    """Detections with overlay pictures, best first."""
    grounding = inspection.grounding
    if grounding is None:
        return []
    rows = []
    for index, detection in enumerate(grounding.detections[: len(COLOURS)]):
        colour, box = COLOURS[index], detection.box
        rows.append(
            DetectionRow(
                number=index + 1,
                detection=detection,
                chosen=detection is grounding.best,
                colour="#{:02x}{:02x}{:02x}".format(*colour),
                overlay=mask_overlay(detection.mask, colour) if detection.mask else "",
                left=100 * box.left / grounding.width,
                top=100 * box.top / grounding.height,
                width=100 * box.width / grounding.width,
                height=100 * box.height / grounding.height,
                share=detection.mask.area / (grounding.width * grounding.height)
                if detection.mask
                else None,
            )
        )
    return rows


def grounding_sentence(inspection: Inspection) -> str:
    """What the grounding stage decided, in words."""
    grounding = inspection.grounding
    if grounding is None:
        return "Not grounded yet: the indexer has not reached this item."
    if grounding.best is not None:
        return (
            f"Looked for “{grounding.prompt}”: the best region of those found "
            f"({len(grounding.detections)}) scores {grounding.best.score:.2f}, above the "
            f"threshold {grounding.threshold:.2f}, so its box is the crop."
        )
    if grounding.detections:
        return (
            f"Looked for “{grounding.prompt}”: the best region scores "
            f"{grounding.detections[0].score:.2f}, below the threshold {grounding.threshold:.2f}, "
            "so the whole photo is kept."
        )
    return f"Looked for “{grounding.prompt}”: nothing was found, so the whole photo is kept."


def item_facts(inspection: Inspection) -> list[tuple[str, str]]:
    """The listing's own fields that have a value."""
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
