"""Home's story: one real item's way through the stages, and one query before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, zip_longest

from core.domain import CatalogInfo, EngineStatus, Filters, Inspection, Item
from core.errors import QueryError
from core.studio import Studio
from ui.components.cards import inspect_link, plural
from ui.components.columns import Column, columns, in_common
from ui.components.detections import DetectionRow, detection_rows, grounding_sentence
from ui.components.pictures import data_uri
from ui.components.query import EXAMPLE_QUERIES, SearchForm, choose_engines
from ui.components.results import behind, missing_engines
from ui.media import photo_url
from ui.render import render

#: Demo items that are tried first: photos with more in them than the product. Which of them is
#: shown, and what was found in it, is looked up like any other item's.
FEATURED = ("BlendSwap-CC-BY-081", "groc1232", "groc1829", "groc0650", "met-436528")

#: Asked first: on the demo its two answers differ, which most of the short examples' do not.
FIRST_QUERY = "portrait of a woman"

#: The engines of "before" and "after".
BEFORE_AFTER = ("clip", "vl-clip")

_CANDIDATES_PER_DEPARTMENT = 4
_TOP = 6
#: A box that covers more of the photo than this shows nobody what grounding does.
_MOST_OF_PHOTO = 0.85


@dataclass(frozen=True, slots=True)
class Step:
    """What the page shows of the item's stages."""

    inspection: Inspection
    link: str
    photo: str
    region: DetectionRow | None
    grounding: str
    inputs: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Retrieval:
    """One query's first hits, before and after."""

    columns: tuple[Column, ...]
    common: str
    behind: str
    compare: str


def story_html(studio: Studio, form: SearchForm) -> str:
    """Everything on Home below its heading, made from the catalogue as it is now.

    Raises:
        StudioError: The catalogue, or the item that the link names, is not there.
    """
    catalog = studio.catalog(form.catalog or None)
    statuses = studio.engines()
    text = form.text or FIRST_QUERY
    inspection = _inspection(studio, form, catalog)
    return render(
        "home_story.html",
        link=form.link(),
        step=_step(inspection, catalog.name) if inspection else None,
        next_item=_next_item(studio, form, catalog, inspection),
        text=text,
        queries=[(query, replace(form, text=query).link()) for query in EXAMPLE_QUERIES],
        retrieval=_retrieval(studio, replace(form, text=text, item="", k=_TOP), statuses, catalog),
        facts=facts(studio, catalog, statuses),
        **missing_engines(statuses),
    )


def facts(studio: Studio, catalog: CatalogInfo, statuses: tuple[EngineStatus, ...]) -> str:
    """One line: what is indexed, with which weights, findable by which engines."""
    engines = " and ".join(status.engine.title for status in statuses if status.available)
    return (
        f"{catalog.title}: {plural(catalog.items, 'item')}"
        f" · {studio.settings.profile.value} weights"
        f" · engines: {engines or 'none'}"
    )


def shows_grounding(inspection: Inspection) -> bool:
    """Did all stages do something visible to this item: a region of the photo, other words?"""
    grounding, rewrite = inspection.grounding, inspection.rewrite
    if grounding is None or grounding.best is None or rewrite is None:
        return False
    share = grounding.best.box.area / (grounding.width * grounding.height)
    return share < _MOST_OF_PHOTO and rewrite.text.lower() != inspection.item.title.lower()


def found_sentence(inspection: Inspection) -> str:
    """What was found in the photo, short; where nothing was, why the whole photo is kept."""
    best = inspection.grounding.best if inspection.grounding else None
    if best is None:
        return grounding_sentence(inspection)
    return f"Found by looking for “{best.phrase}”, with score {best.score:.2f}."


def _inspection(studio: Studio, form: SearchForm, catalog: CatalogInfo) -> Inspection | None:
    """The item that the link names, else the first whose stages show something, else any."""
    if form.item:
        return studio.inspect(form.item, catalog.name)
    first = None
    for item in _candidates(studio, catalog):
        inspection = studio.inspect(item.item_id, catalog.name)
        first = first or inspection
        if shows_grounding(inspection):
            return inspection
    return first


def _next_item(
    studio: Studio, form: SearchForm, catalog: CatalogInfo, now: Inspection | None
) -> str:
    """Link to the story of another item."""
    ids = [item.item_id for item in _candidates(studio, catalog)]
    if not now or len(ids) < 2:
        return ""
    here = ids.index(now.item.item_id) if now.item.item_id in ids else -1
    return replace(form, item=ids[(here + 1) % len(ids)]).link()


def _candidates(studio: Studio, catalog: CatalogInfo) -> Iterator[Item]:
    """The featured items that are there, then a few from every department in turn."""
    yield from (item for item in map(_finder(studio, catalog), FEATURED) if item)
    shelves = (
        studio.items(
            catalog.name,
            filters=Filters((name,)) if name else None,
            limit=_CANDIDATES_PER_DEPARTMENT,
        )
        for name in catalog.departments or ("",)
    )
    for item in chain.from_iterable(zip_longest(*shelves)):
        if item and item.item_id not in FEATURED:
            yield item


def _finder(studio: Studio, catalog: CatalogInfo) -> Callable[[str], Item | None]:
    def find(item_id: str) -> Item | None:
        try:
            return studio.item(item_id, catalog.name)
        except QueryError:
            return None

    return find


def _step(inspection: Inspection, catalog: str) -> Step:
    item = inspection.item
    return Step(
        inspection=inspection,
        link=inspect_link(item.item_id, catalog),
        photo=photo_url(item.photo, catalog, thumbnail=False),
        region=_region(inspection),
        grounding=found_sentence(inspection),
        inputs=tuple(
            (entry.engine.title, entry.text, data_uri(entry.picture.convert("RGB"), "JPEG"))
            for entry in inspection.inputs
        ),
    )


def _region(inspection: Inspection) -> DetectionRow | None:
    grounding = inspection.grounding
    rows = detection_rows(grounding)
    return next((row for row in rows if grounding and row.detection is grounding.best), None)


def _retrieval(
    studio: Studio, form: SearchForm, statuses: tuple[EngineStatus, ...], catalog: CatalogInfo
) -> Retrieval | None:
    names = choose_engines(BEFORE_AFTER, statuses, BEFORE_AFTER)
    if not names or not catalog.items:
        return None
    engines = tuple(s for name in names for s in statuses if s.engine.name == name)
    comparison = studio.compare(form.query(), names, catalog.name)
    return Retrieval(
        columns=columns(comparison, engines, form, catalog),
        common=" · ".join(in_common(comparison, engines)),
        behind=behind(catalog, engines),
        compare=SearchForm(text=form.text, catalog=form.catalog).link("/compare"),
    )
