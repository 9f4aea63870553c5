"""The fields of a search page: layout, reading them, and filling them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from core.app.studio import Studio
from core.base.languages import NAMES
from core.domain import FacetView, Sort
from ui.components.facet_lists import attributes_update, list_update
from ui.components.page_view import PageView
from ui.components.query import (
    FIRST_HITS,
    MOST_HITS,
    SearchForm,
    clamp_hits,
    few,
    price_limit,
    read_attributes,
    read_language,
    read_sort,
)

#: Orders of the results, with their labels.
SORTS = [
    ("Best match", Sort.MATCH.value),
    ("Price, lowest first", Sort.CHEAPEST.value),
    ("Price, highest first", Sort.DEAREST.value),
]

#: Fields that mean nothing in a list that is found by words alone.
BY_ENGINES = ("cutoff", "fold", "words", "language", "same_type", "varied", "picture")
LANGUAGES = [("Found from the words", ""), *((name, code) for code, name in NAMES.items())]


@dataclass(frozen=True, slots=True)
class Controls:
    """The fields, in the order of a handler's inputs."""

    text: gr.Textbox
    minus: gr.Textbox
    departments: gr.Dropdown
    product_types: gr.Dropdown
    attributes: gr.Dropdown
    price_from: gr.Number
    price_to: gr.Number
    sort: gr.Dropdown
    engines: gr.Radio | gr.CheckboxGroup
    k: gr.Slider
    cutoff: gr.Checkbox
    fold: gr.Checkbox
    words: gr.Checkbox
    language: gr.Dropdown
    same_type: gr.Checkbox
    varied: gr.Checkbox
    catalog: gr.Textbox
    anchor: gr.State
    picture: gr.Image

    def all(self) -> list[Component]:
        """Return every field, as a handler's inputs or outputs."""
        return [getattr(self, name) for name in Controls.__slots__]


def side_fields(studio: Studio, name: str, *, several: bool) -> dict[str, Any]:
    """Lay out the fields of the side panel; returns them under their names in ``Controls``."""
    engines = PageView.of(studio, "").available
    fields: dict[str, Any] = {
        "departments": gr.Dropdown(
            [],
            multiselect=True,
            label="Department",
            elem_id=f"{name}-department",
            elem_classes="vs-any",
        ),
        "product_types": gr.Dropdown(
            [],
            multiselect=True,
            label="Product type",
            elem_id=f"{name}-type",
            elem_classes="vs-any",
        ),
        "attributes": gr.Dropdown(
            [],
            multiselect=True,
            label="Brand, colour and more",
            visible=False,
            elem_id=f"{name}-attributes",
            elem_classes="vs-any",
        ),
        "minus": gr.Textbox(
            label="Without",
            placeholder="e.g. metal",
            elem_id=f"{name}-minus",
            max_lines=1,
        ),
    }
    with gr.Row(elem_classes="vs-prices"):
        fields |= {
            field: gr.Number(
                label=label, minimum=0, min_width=80, visible=False,
                elem_id=f"{name}-{field.replace('_', '-')}",
            )
            for field, label in (("price_from", "Price from"), ("price_to", "Price to"))
        }  # fmt: skip
    fields["engines"] = (
        gr.CheckboxGroup(engines, label="Compare", elem_id=f"{name}-engines")
        if several
        else gr.Radio(engines, label="Search with", elem_id=f"{name}-engines")
    )
    with gr.Accordion("More options", open=False):
        fields |= {
            "sort": gr.Dropdown(SORTS, value=Sort.MATCH.value, label="Sort by"),
            "k": gr.Slider(10, MOST_HITS, value=FIRST_HITS, step=10, label="Results at most"),
            "cutoff": gr.Checkbox(True, label="Hide weak matches"),
            "fold": gr.Checkbox(True, label="Show nearly equal photos once"),
            "words": gr.Checkbox(True, label="Match the listing's words too"),
            "language": gr.Dropdown(LANGUAGES, value="", label="Language of the words"),
            "same_type": gr.Checkbox(True, label="Similar items: only of the same product type"),
            "varied": gr.Checkbox(False, label="More variety in the first row"),
        }
    return fields


def read_form(values: tuple[Any, ...]) -> tuple[SearchForm, str | None]:
    """Read the search from the fields' values, and the path of an uploaded picture."""
    given = dict(zip(Controls.__slots__, values, strict=True))
    item, example, region = given["anchor"] or ("", None, None)
    engines = given["engines"] or ()
    form = SearchForm(
        text=(given["text"] or "").strip(),
        minus=(given["minus"] or "").strip(),
        item=item,
        example=example,
        region=region,
        departments=few(given["departments"] or ()),
        product_types=few(given["product_types"] or ()),
        attributes=read_attributes(given["attributes"] or ()),
        price_from=price_limit(given["price_from"]),
        price_to=price_limit(given["price_to"]),
        sort=read_sort(given["sort"] or ""),
        engines=(engines,) if isinstance(engines, str) else few(engines),
        k=clamp_hits(int(given["k"])),
        cutoff=bool(given["cutoff"]),
        fold=bool(given["fold"]),
        words=bool(given["words"]),
        language=read_language(given["language"] or ""),
        same_type=bool(given["same_type"]),
        varied=bool(given["varied"]),
        catalog=given["catalog"] or "",
    )
    return form, given["picture"]


def field_values(
    form: SearchForm,
    view: PageView,
    engines: list[str] | str | None,
    facets: FacetView | None,
    upload: str | None,
    *,
    words_only: bool = False,
) -> list[Any]:
    """Return the fields' values for a search.

    Args:
        form: The search.
        view: Its catalogue and the engines.
        engines: The chosen engines, or the only one where the page has one.
        facets: Values to filter by; ``None`` hides the lists.
        upload: Path of the uploaded picture.
        words_only: Hide what only engines answer to.
    """
    values = {
        "text": form.text,
        "minus": form.minus,
        "departments": list_update(facets, "department", form.departments),
        "product_types": list_update(facets, "product_type", form.product_types),
        "attributes": attributes_update(facets, form.attributes),
        "price_from": gr.update(value=form.price_from, visible=bool(facets and facets.prices)),
        "price_to": gr.update(value=form.price_to, visible=bool(facets and facets.prices)),
        "sort": form.sort.value,
        "engines": gr.update(choices=view.available, value=engines, visible=not words_only),
        "k": form.k,
        "cutoff": form.cutoff,
        "fold": form.fold,
        "words": form.words,
        "language": form.language,
        "same_type": form.same_type,
        "varied": form.varied,
        "catalog": view.catalog.name if view.catalog else "",
        "anchor": (form.item, form.example, form.region),
        "picture": upload,
    }
    if words_only:
        values |= {name: gr.update(value=values[name], visible=False) for name in BY_ENGINES}
    return [values[name] for name in Controls.__slots__]
