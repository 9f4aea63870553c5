"""Show the results of Explore: ranked hits, shelves to browse, or a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from gradio.context import LocalContext
from PIL import Image

from core.app.facets import by_price, has_prices, items_by_price
from core.app.studio import Studio
from core.base.counts import counted
from core.base.languages import NAMES
from core.domain import (
    CatalogInfo,
    EngineStatus,
    Filters,
    Grounding,
    Item,
    Job,
    Query,
    SearchResult,
    Sort,
)
from core.search.query_words import split
from ui.blindness import engines_hidden, hidden_sentence, require_words
from ui.components.cards import Card, hit_cards, item_card, milliseconds
from ui.components.facet_lists import example_queries
from ui.components.framed_photo import part_of_photo, tiles_sentence, without_frame
from ui.components.help_choose import mixed_list
from ui.components.photo_part import photo_part
from ui.components.query import MOST_HITS, SearchForm
from ui.components.ways_on import Links
from ui.media import photo_url
from ui.render import render

_SHELF = 8
_UNSORTED = "No item here has a price, so the best match comes first."
#: Most shelves; a catalogue may have a department per item.
MOST_SHELVES = 12


@dataclass(frozen=True, slots=True)
class Anchor:
    """The item or example photo of a search, as a chip above the results."""

    photo: str
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """A row of items to browse.

    Attributes:
        title: Its heading.
        cards: The items.
        department: Department to open, if there are more items.
        count: How many items there are, and how many are shown.
    """

    title: str
    cards: tuple[Card, ...]
    department: str = ""
    count: str = ""


def answer_html(
    studio: Studio,
    form: SearchForm,
    engines: tuple[EngineStatus, ...],
    image: Image.Image | None,
    catalog: CatalogInfo,
) -> str:
    """Return the first engine's hits for a search, or shelves to browse without one.

    Raises:
        StudioError: The search can't be answered.
    """
    if not form.asks(picture=image is not None):
        note = hidden_sentence(studio, LocalContext.request.get(None), catalog.name)
        return _browse_html(studio, form, catalog, note)
    if not engines:
        return problem_html("No search engine can run here; see why beside this.", form)
    engine = engines[0]
    query = form.query(image)
    if engines_hidden(studio, LocalContext.request.get(None), catalog.name):
        return _words_html(studio, form, query, catalog)
    mixed = mixed_list(studio, form, query, catalog.name)
    if mixed:
        return _hits_html(studio, form, catalog, engine, mixed.result, image, mixed.list_id)
    result = studio.search(query, engine.engine.name, catalog.name)
    return _hits_html(studio, form, catalog, engine, result, image)


def problem_html(sentence: str, form: SearchForm, ways: Links = ()) -> str:
    """Return a problem as the content of the results, with links that lead on from there."""
    return render("problem.html", sentence=sentence, link=form.link(), ways=ways)


def query_anchor(studio: Studio, form: SearchForm, catalog: str) -> Anchor | None:
    """Return the chip for the item or example photo of a search, if it has one."""
    if form.item:
        item = studio.item(form.item, catalog)
        label = "Similar to a part of" if form.region else "Similar to"
        return Anchor(photo_url(item.photo, catalog), label, item.title)
    photos = studio.example_photos() if form.example is not None else ()
    if form.example is not None and form.example < len(photos):
        label = "Like a part of" if form.region else "Like"
        return Anchor(f"/media/example/{form.example}.jpg", label, photos[form.example][1])
    return None


def status_line(
    catalog: CatalogInfo, engine: EngineStatus, result: SearchResult, by: str = ""
) -> str:
    """Return number of hits, engine and time: ``24 of 680 items · VL-CLIP · 31 ms``.

    ``by`` says who answered, where that is not the engine alone.
    """
    count = f"{len(result.hits):,} of {counted(catalog.items, 'item')}"
    line = " · ".join(filter(None, (count, by or engine.engine.title, milliseconds(result))))
    if result.language not in ("", "en"):
        line += f" · read as {NAMES[result.language]}"
        line += f": “{result.english}”" if result.english else ""
    searchable = catalog.searchable.get(result.engine, catalog.items)
    if searchable < catalog.items:
        line += f" · {searchable:,} can be found so far"
    return line


def notes(result: SearchResult, sort: Sort = Sort.MATCH) -> tuple[str, ...]:
    """Return sentences on an answer: no close match, no such colour, left-out words, order."""
    left_out = _left_out(result.unwanted)
    priced = sort is Sort.MATCH or has_prices(hit.item for hit in result.hits)
    unsorted = "" if priced else _UNSORTED
    by_price = sort is not Sort.MATCH and priced
    ranks = (
        "Sorted by price; the number on a photo is the item's place by match." if by_price else ""
    )
    sentences = (
        result.verdict,
        result.off_colour,
        left_out,
        unsorted,
        ranks if result.hits else "",
    )
    return tuple(sentence for sentence in sentences if sentence)


def advice(form: SearchForm, catalog: CatalogInfo, engine: EngineStatus) -> str:
    """Return suggestions for a search without hits, most promising first."""
    if not catalog.searchable.get(engine.engine.name, catalog.items):
        return f"{engine.engine.title} has indexed nothing yet; it follows while indexing runs."
    tries = []
    if form.filters:
        tries.append("take away a filter")
    if form.cutoff:
        tries.append("show weaker matches too (More options)")
    if form.minus:
        tries.append("clear the “without” field")
    tries.append("use other or fewer words")
    return "Try this: " + ", or ".join(tries) + "."


def behind(catalog: CatalogInfo, engines: tuple[EngineStatus, ...]) -> str:
    """Return a warning if engines can't find the whole catalogue yet."""
    late = [
        f"{status.engine.title} can find {counted(catalog.searchable[status.engine.name], 'item')}"
        for status in engines
        if catalog.searchable.get(status.engine.name, catalog.items) < catalog.items
    ]
    if not late:
        return ""
    return f"Not the whole picture yet: {' and '.join(late)} of {catalog.items:,} so far."


def progress_html(
    job: Job | None, catalog: CatalogInfo | None, statuses: Iterable[EngineStatus]
) -> str:
    """Return one line and a bar while the catalogue is being indexed, else nothing.

    Nothing either where every item of the last indexing can be found already, as at each start
    while the demo's file is looked at: visitors then have nothing to wait for.
    """
    if job is None or not job.running or is_complete(catalog, statuses):
        return ""
    return render("progress.html", progress=job.progress)


def is_complete(catalog: CatalogInfo | None, statuses: Iterable[EngineStatus]) -> bool:
    """Tell whether an indexing has ended and every engine that can run here finds every item."""
    if catalog is None or not catalog.updated or not catalog.items:
        return False
    names = [status.engine.name for status in statuses if status.available]
    return all(catalog.searchable.get(name, 0) >= catalog.items for name in names)


def missing_html(statuses: tuple[EngineStatus, ...]) -> str:
    """Return the engines that can't run here, folded away, each with its reason."""
    return render("engines_missing.html", **missing_engines(statuses))


def missing_engines(statuses: tuple[EngineStatus, ...]) -> dict[str, object]:
    """Return the variables of ``engines_missing.html``, for templates that include it."""
    missing = [status for status in statuses if not status.available]
    names = ", ".join(status.engine.title for status in missing)
    return {"missing": missing, "summary": f"Not available here: {names}"}


def _hits_html(
    studio: Studio,
    form: SearchForm,
    catalog: CatalogInfo,
    engine: EngineStatus,
    result: SearchResult,
    image: Image.Image | None,
    mixed: str = "",
) -> str:
    shown = len(result.hits)
    busy = studio.grounding.busy((hit.item for hit in result.hits), catalog.name)
    by = None if mixed else engine.engine
    cards = hit_cards(
        studio, by_price(result.hits, form.sort), catalog.name, form.asked(), busy, by
    )
    return render(
        "explore_results.html",
        link=form.link(),
        mixed=mixed,
        own_picture=form.has_own_picture(image),
        query_anchor=query_anchor(studio, form, catalog.name),
        part=photo_part(studio, form, image, catalog, result.hits),
        status=status_line(catalog, engine, result, "two engines, mixed" if mixed else ""),
        cut=counted(result.cut, "weaker match") if result.cut else "",
        notes=notes(result, form.sort),
        cards=[replace(card, framed=without_frame(card.framed)) for card in cards],
        tiles=tiles_sentence(by) if busy else "",
        tab=form.text,
        more=min(2 * form.k, MOST_HITS) if shown >= form.k < MOST_HITS else 0,
        advice=advice(form, catalog, engine),
        examples=() if result.hits else example_queries(studio, catalog),
    )


def _browse_html(studio: Studio, form: SearchForm, catalog: CatalogInfo, note: str) -> str:
    if form.filters or form.sort is not Sort.MATCH or len(catalog.departments) < 2:
        cards = _cards(studio, catalog.name, form.filters, form.k, form.sort)
        title = " · ".join((*form.departments, *form.product_types)) or catalog.title
        shelves = [Shelf(title, cards, count=_count(studio, form, catalog))] if cards else []
        more = min(2 * form.k, MOST_HITS) if len(cards) >= form.k < MOST_HITS else 0
    else:
        rows = studio.shelves(MOST_SHELVES, _SHELF, catalog.name)
        groups = studio.group_sizes(catalog.name)
        busy = studio.grounding.busy(chain(*rows.values()), catalog.name)
        shelves = [
            Shelf(name.capitalize(), _as_cards(items, catalog.name, groups, busy), name)
            for name, items in rows.items()
            if items
        ]
        more = 0
    return render(
        "explore_browse.html",
        link=form.link(),
        note=note,
        examples=example_queries(studio, catalog) if catalog.items else (),
        shelves=shelves,
        more=more,
        further=max(0, len(catalog.departments) - MOST_SHELVES) if len(shelves) > 1 else 0,
        advice="Take away a filter."
        if form.filters and catalog.items
        else "Items appear here as soon as a catalogue is indexed.",
    )


def _words_html(studio: Studio, form: SearchForm, query: Query, catalog: CatalogInfo) -> str:
    """Return the items that have the query's words, for who may not see an engine's list."""
    sentences = [require_words(studio, query, catalog.name), _left_out(split(form.text)[1])]
    items = items_by_price(studio.by_words(query, catalog.name), form.sort)
    if form.sort is not Sort.MATCH and items and not has_prices(items):
        sentences.append(_UNSORTED)
    return render(
        "words_list.html",
        link=form.link(),
        tab=form.text,
        count=f"{counted(len(items), 'item')} with words of “{form.text}”",
        note=" ".join(filter(None, sentences)),
        cards=_browsed_cards(studio, items, catalog.name),
        more=min(2 * form.k, MOST_HITS) if len(items) >= form.k < MOST_HITS else 0,
    )


def _left_out(unwanted: str) -> str:
    return f"Left out, as your words say: {unwanted}." if unwanted else ""


def _count(studio: Studio, form: SearchForm, catalog: CatalogInfo) -> str:
    """Return ``9 of 54 items``, and how many of them are shown where that is fewer."""
    passing = studio.count(catalog.name, form.filters)
    text = counted(passing, "item")
    if passing < catalog.items:
        text = f"{passing:,} of {counted(catalog.items, 'item')}"
    return text if passing <= form.k else f"{text} · the first {form.k:,} are shown"


def _cards(
    studio: Studio, catalog: str, filters: Filters, limit: int, sort: Sort = Sort.MATCH
) -> tuple[Card, ...]:
    items = studio.items(catalog, filters=filters, limit=limit, sort=sort)
    return _browsed_cards(studio, items, catalog)


def _browsed_cards(studio: Studio, items: Iterable[Item], catalog: str) -> tuple[Card, ...]:
    items = list(items)
    busy = studio.grounding.busy(items, catalog)
    return _as_cards(items, catalog, studio.group_sizes(catalog), busy)


def _as_cards(
    items: Iterable[Item],
    catalog: str,
    groups: Mapping[str, int],
    busy: Mapping[str, Grounding],
) -> tuple[Card, ...]:
    """Return cards that show each item as a shop does: only its part of a photo that shows more."""
    return tuple(
        replace(
            item_card(item, catalog, groups),
            framed=part_of_photo(item, busy.get(item.item_id), catalog),
        )
        for item in items
    )
