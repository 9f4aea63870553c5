"""Show filters: lists with counts, chips, sentences on unknown values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import gradio as gr

from core.app.studio import Studio
from core.domain import CatalogInfo, Facet, FacetView, Hit
from ui.components.link_problems import said_html
from ui.components.query import SearchForm
from ui.components.same_searches import judged_report, telling_queries
from ui.render import render

#: Queries that are suggested at most.
MOST_EXAMPLES = 4
#: Number of things to find in a photo by default; each takes a pass over it.
MOST_THINGS = 12
#: Facets with a list of their own; the others share one.
OWN_LISTS = ("department", "product_type")
#: Names of facets for people, where they differ from the column's.
_TITLES = {"product_type": "Type", "color": "Colour"}


def example_queries(studio: Studio, catalog: CatalogInfo) -> tuple[str, ...]:
    """Return example queries: those of the judgments that gain and lose most, else types."""
    report = judged_report(studio, catalog.name)
    if report is not None and (queries := telling_queries(report, items=False)):
        return tuple(query.text for query in queries)
    facets = {facet.name: facet.values for facet in studio.facets(catalog.name).facets}
    types = facets.get("product_type") or facets.get("department") or ()
    return tuple(entry.value for entry in types[:MOST_EXAMPLES])


def things_to_find(
    studio: Studio, catalog: CatalogInfo, hits: Iterable[Hit] = ()
) -> tuple[str, ...]:
    """Return names of things to find in a photo: types that the catalogue has, for any catalogue.

    Args:
        studio: The studio.
        catalog: The catalogue in use.
        hits: Items that look like the photo; their types come first.
    """
    facets = {facet.name: facet.values for facet in studio.facets(catalog.name).facets}
    types = [entry.value for entry in facets.get("product_type") or facets.get("department") or ()]
    near = [hit.item.product_type for hit in hits if hit.item.product_type]
    names = dict.fromkeys(name.lower() for name in (*near, *types))
    return tuple(names)[:MOST_THINGS]


def facet_title(name: str) -> str:
    """Return a facet's name for people: ``product_type`` gives ``Type``."""
    return _TITLES.get(name, name.replace("_", " ").strip().capitalize())


def list_update(view: FacetView | None, name: str, chosen: tuple[str, ...]) -> Any:
    """Return the update of a facet's list: each value with its count, the chosen ones first."""
    facet = next((f for f in view.facets if f.name == name), None) if view else None
    return gr.update(choices=_choices(facet, chosen), value=list(chosen))


def attributes_update(view: FacetView | None, chosen: tuple[tuple[str, str], ...]) -> Any:
    """Return the update of the list that all attributes share; hidden where there is none."""
    facets = [f for f in view.facets if f.name not in OWN_LISTS] if view else []
    choices = [
        (f"{facet_title(facet.name)}: {value}{count}", f"{facet.name}:{value}")
        for facet in facets
        for value, count in _counted(facet, tuple(v for n, v in chosen if n == facet.name))
    ]
    values = [f"{name}:{value}" for name, value in chosen]
    return gr.update(choices=choices, value=values, visible=bool(choices))


def chips_html(form: SearchForm) -> str:
    """Return the active filters as removable chips; empty if there are none."""
    chips = [
        (f"{facet_title(name)}: {value}", f"{name}:{value}")
        for name, values in form.filters.by_facet().items()
        for value in values
    ]
    if form.filters.has_price:
        chips.append((f"Price {_range(form)}", "price:"))
    return render("filter_chips.html", chips=chips) if chips else ""


def unknown_html(view: FacetView | None) -> str:
    """Return a sentence for each wanted value that no item has; empty if all exist."""
    return said_html(
        f"No item has {facet_title(name)} “{value}”; that filter was left out."
        for name, value in (view.unknown if view else ())
    )


def _choices(facet: Facet | None, chosen: tuple[str, ...]) -> list[tuple[str, str]]:
    counted = _counted(facet, chosen) if facet else [(value, "") for value in chosen]
    return [(f"{value}{count}", value) for value, count in counted]


def _counted(facet: Facet, chosen: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the values with their counts; chosen values stay in the list."""
    counted = [(entry.value, f" ({entry.count:,})") for entry in facet.values]
    counted_values = {value for value, _ in counted}
    return [*((value, " (0)") for value in chosen if value not in counted_values), *counted]


def _range(form: SearchForm) -> str:
    low, high = form.price_from, form.price_to
    if low is None:
        return f"up to {high:g}"
    return f"from {low:g}" if high is None else f"{low:g} to {high:g}"
