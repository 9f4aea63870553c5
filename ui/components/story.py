"""Home's example: one real item in each stage, and one query before and after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from pathlib import Path

from core.app.library import DEMO
from core.app.studio import Studio
from core.base.counts import counted, listed
from core.base.lazy import lazy
from core.domain import CatalogInfo, EngineStatus, Filters, Inspection, Item, Report
from core.errors import StudioError
from core.ports.grounder import SALIENT
from ui.components.cards import inspect_link
from ui.components.detections import DetectionRow, detection_rows, grounding_sentence
from ui.components.first_results import first_results, picture_of_part, shows_grounding
from ui.components.first_right import (
    FirstRight,
    same_searches_line,
    with_own_texts,
    with_same_searches,
)
from ui.components.home_limits import limits
from ui.components.home_searches import searches
from ui.components.proof import Proof, examples, proof
from ui.components.query import SearchForm
from ui.components.results import missing_engines
from ui.components.same_searches import first_ten_line, judged_report, same_searches
from ui.components.text_writers import text_writers
from ui.media import photo_url
from ui.render import render

_CANDIDATES_PER_DEPARTMENT, _DEPARTMENTS = 4, 12


@dataclass(frozen=True, slots=True)
class Step:
    """The stages of the example item."""

    inspection: Inspection
    link: str
    photo: str
    region: DetectionRow | None
    grounding: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Headline:
    """The one figure of the first screen, and what is said below it.

    Attributes:
        figure: How often each engine's first result is right; ``None`` if that was not measured.
        own_texts: Whether each engine was asked with its own text, instead of the same search.
        less: What the same searches for both bring; empty if the figure is on them.
    """

    figure: FirstRight | None
    own_texts: bool
    less: str


@dataclass(frozen=True, slots=True)
class Examples:
    """Where the shown item is among the examples, and the links to those around it.

    Attributes:
        number: Its place; 0 if it is none of them.
        of: Number of examples.
        before: Link to the example before it.
        after: Link to the next one.
    """

    number: int
    of: int
    before: str
    after: str


def story_html(studio: Studio, form: SearchForm) -> str:
    """Return everything on Home below its heading, made from the catalogue as it is now.

    Raises:
        StudioError: The catalogue, or the item that the link names, is not there.
    """
    catalog = studio.catalog(form.catalog or None)
    form = replace(form, catalog=catalog.name)  # links say which catalogue they mean
    statuses = studio.engines()
    proven = proof(studio, catalog.name, statuses)
    featured = examples(studio, catalog.name, proven.report) if proven else ()
    candidates = _Candidates(studio, catalog, featured)
    inspection = _inspection(studio, form, catalog, candidates)
    judged = judged_report(studio, catalog.name)
    writers = text_writers(studio, catalog.name, proven, judged)
    cards = limits(studio, form, proven, writers.in_costs)
    shown_in_turn = (*featured, *((cards.loss.item,) if cards.loss else ()))
    shown = inspection.item if inspection else None
    return render(
        "home_story.html",
        link=form.link(),
        catalog=catalog.name,
        is_demo=catalog.name == DEMO,
        proof=proven,
        same=same_searches(studio, judged) if judged else None,
        examples=_examples(form, shown_in_turn, shown),
        firsts=first_results(studio, inspection, proven.report, catalog.name)
        if inspection and proven
        else None,
        part=picture_of_part(studio, inspection) if inspection else "",
        headline=_headline(proven, judged),
        step=_step(inspection, catalog.name) if inspection else None,
        next_item=_next_item(form, candidates, inspection),
        **searches(
            studio, form, catalog, statuses, judged, shown, for_words=bool(proven or not shown)
        ),
        writers=writers,
        limits=cards,
        facts=facts(studio, catalog, statuses),
        **missing_engines(statuses),
    )


def facts(studio: Studio, catalog: CatalogInfo, statuses: tuple[EngineStatus, ...]) -> str:
    """Return one line: what is indexed, with which weights, findable by which engines."""
    engines = [status.engine.title for status in statuses if status.available]
    return (
        f"{catalog.title}: {counted(catalog.items, 'item')}"
        f" · {Path(studio.settings.profile).stem} models"
        f" · engines: {listed(engines) if engines else 'none'}"
    )


def found_sentence(inspection: Inspection) -> str:
    """Return a sentence on the region found in the photo, or on why the whole photo is kept."""
    best = inspection.grounding.best if inspection.grounding else None
    if best is None:
        return grounding_sentence(inspection)
    if best.phrase == SALIENT:
        return "The product stands out from a plain ground, so it was found without its name."
    return f"Found by looking for “{best.phrase}”."


def _inspection(
    studio: Studio, form: SearchForm, catalog: CatalogInfo, candidates: Iterable[Item]
) -> Inspection | None:
    """Return the item that the link names, else the first whose stages show something, else any.

    Raises:
        StudioError: The named item can't be shown, or none of them can.
    """
    if form.item:
        named = studio.inspect(form.item, catalog.name, vectors=False)
        return named if named.photo else None
    items, problem = [item for item in candidates if item.has_photo], None
    groundings = studio.grounding.of_items(items, catalog.name)
    items.sort(key=lambda item: not shows_grounding(groundings.get(item.item_id)))
    for item in items:
        rows = studio.rows(item, catalog.name)
        try:
            return studio.inspect(item.item_id, catalog.name, rows=rows, vectors=False)
        except StudioError as error:  # for example its photo is lost: try the next one
            problem = problem or error
    if problem is not None:
        raise problem
    return None


def _next_item(form: SearchForm, candidates: Iterable[Item], now: Inspection | None) -> str:
    """Return a link to the story of another item."""
    ids = [item.item_id for item in candidates]
    if not now or len(ids) < 2:
        return ""
    here = ids.index(now.item.item_id) if now.item.item_id in ids else -1
    return replace(form, item=ids[(here + 1) % len(ids)]).link()


class _Candidates:
    """The featured items, then a few of every department in turn; read once."""

    def __init__(self, studio: Studio, catalog: CatalogInfo, featured: Sequence[Item]) -> None:
        self._studio, self._catalog, self._featured = studio, catalog, featured

    def __iter__(self) -> Iterator[Item]:
        yield from self._featured
        yield from self._shelves

    @lazy
    def _shelves(self) -> list[Item]:
        shelves = (
            self._studio.items(
                self._catalog.name,
                filters=Filters((name,)) if name else None,
                limit=_CANDIDATES_PER_DEPARTMENT,
            )
            for name in self._catalog.departments[:_DEPARTMENTS] or ("",)
        )
        in_turn = chain.from_iterable(zip_longest(*shelves))
        featured = {item.item_id for item in self._featured}
        return [item for item in in_turn if item and item.item_id not in featured]


def _step(inspection: Inspection, catalog: str) -> Step:
    item, rewrite = inspection.item, inspection.rewrite
    return Step(
        inspection=inspection,
        link=inspect_link(item.item_id, catalog),
        photo=photo_url(item.photo, catalog, thumbnail=False),
        region=_region(inspection),
        grounding=found_sentence(inspection),
        kept=bool(rewrite and rewrite.text.casefold() == item.title.casefold()),
    )


def _examples(form: SearchForm, items: Sequence[Item], shown: Item | None) -> Examples | None:
    """Return the way through the examples; ``None`` where there is nothing else to show."""
    ids = [item.item_id for item in items]
    here = ids.index(shown.item_id) if shown and shown.item_id in ids else -1
    if not ids or (here >= 0 and len(ids) < 2):
        return None
    before, after = (
        replace(form, text="", item=ids[place % len(ids)]).link()
        for place in (max(here, 0) - 1, here + 1)
    )
    return Examples(here + 1, len(ids), before, after)


def _headline(proven: Proof | None, judged: Report | None) -> Headline:
    own = with_own_texts(proven.report) if proven else None
    fair = with_same_searches(judged) if judged else None
    less = ""
    if own and fair and judged:
        less = f"{same_searches_line(own, fair)} {first_ten_line(judged)}"
    return Headline(own or fair, own is not None, less)


def _region(inspection: Inspection) -> DetectionRow | None:
    grounding = inspection.grounding
    rows = detection_rows(grounding)
    return next((row for row in rows if grounding and row.detection is grounding.best), None)
