"""Show one query's results side by side: a column per engine, with rank changes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from core.app.facets import by_price
from core.app.studio import Studio
from core.base.counts import counted
from core.domain import CatalogInfo, Comparison, EngineStatus, SearchResult, TextView
from ui.blindness import require_engines_shown
from ui.components.cards import Card, hit_cards, milliseconds
from ui.components.framed_photo import frames_sentence
from ui.components.photo_part import photo_part
from ui.components.query import SearchForm
from ui.components.rank_changes import Change, Places, change, places
from ui.components.results import advice, behind, notes, problem_html, query_anchor
from ui.render import render

#: The rank that counts for an item that a list does not show.
_NOWHERE = math.inf


@dataclass(frozen=True, slots=True)
class Row:
    """One result in a column.

    Attributes:
        card: The item.
        change: Its rank against the first column.
        places: Where it stands with the other engines.
    """

    card: Card
    change: Change | None
    places: Places


@dataclass(frozen=True, slots=True)
class Difference:
    """What two columns differ in most.

    Attributes:
        sentence: The difference, with the item's title in quotation marks.
        item_id: The item; empty where nothing differs.
        reads: What the engine that ranks it higher reads instead of the title; may be empty.
    """

    sentence: str
    item_id: str = ""
    reads: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One engine's results.

    Attributes:
        name: The engine.
        title: Its name for people.
        summary: What it reads.
        time: How long it searched.
        explore: Link to its list alone.
        rows: Its results.
        empty: What to do where there are none.
        cut: How many weaker matches are hidden; may be empty.
        notes: Sentences about this list.
        reads_rewrites: It reads short descriptions instead of titles.
        shared: How many of its results the first of several others has; may be empty.
        is_baseline: Several other lists are compared with this one.
    """

    name: str
    title: str
    summary: str
    time: str
    explore: str
    rows: tuple[Row, ...]
    empty: str
    cut: str = ""
    notes: tuple[str, ...] = ()
    reads_rewrites: bool = False
    shared: str = ""
    is_baseline: bool = False


def compare_html(
    studio: Studio,
    form: SearchForm,
    engines: tuple[EngineStatus, ...],
    image: Image.Image | None,
    catalog: CatalogInfo,
) -> str:
    """Return the results of a query in columns.

    Raises:
        StudioError: The search can't be answered.
    """
    if not engines:
        return problem_html("No search engine can run here; see why beside this.", form)
    names = tuple(status.engine.name for status in engines)
    require_engines_shown(studio, catalog.name)
    query = form.query(image)
    comparison = studio.compare(query, names, catalog.name)
    shown = columns(studio, comparison, engines, form, catalog)
    return render(
        "compare_results.html",
        link=form.link(),
        own_picture=form.has_own_picture(image),
        query_anchor=query_anchor(studio, form, catalog.name),
        part=photo_part(studio, form, image, catalog, comparison.results[0].hits),
        common=in_common(comparison, engines),
        behind=behind(catalog, engines),
        columns=shown,
        ranks=max(len(column.rows) for column in shown),
        differs=differs_most(shown),
        frames=frames(shown, engines),
        tab=form.text,
    )


def columns(
    studio: Studio,
    comparison: Comparison,
    engines: tuple[EngineStatus, ...],
    form: SearchForm,
    catalog: CatalogInfo,
) -> tuple[Column, ...]:
    """Return a column per result, in the order asked for."""
    statuses = {status.engine.name: status for status in engines}
    titles = _answering(comparison, engines)
    items = [hit.item for result in comparison.results for hit in result.hits]
    busy = studio.grounding.busy(items, catalog.name)

    def rows(result: SearchResult) -> tuple[Row, ...]:
        hits, engine = by_price(result.hits, form.sort), statuses[result.engine].engine
        cards = hit_cards(studio, hits, catalog.name, form.asked(), busy, engine)
        return _rows(cards, result.engine, comparison, titles)

    shared = _shared(comparison, titles)
    return tuple(
        Column(
            name=result.engine,
            title=statuses[result.engine].engine.title,
            summary=statuses[result.engine].engine.summary,
            time=milliseconds(result),
            explore=replace(form, engines=(result.engine,)).link("/explore"),
            rows=rows(result),
            empty=advice(form, catalog, statuses[result.engine]),
            cut=counted(result.cut, "weaker match") if result.cut else "",
            notes=notes(result, form.sort),
            reads_rewrites=statuses[result.engine].engine.text_view is TextView.REWRITE,
            shared=shared.get(result.engine, ""),
            is_baseline=bool(shared) and result.engine == next(iter(titles)),
        )
        for result in comparison.results
    )


def in_common(comparison: Comparison, engines: tuple[EngineStatus, ...]) -> str:
    """Return the overlap of two lists, or with which of several the others are compared."""
    titles = _answering(comparison, engines)
    if len(titles) < 2:
        return ""
    first, second, *more = titles
    if more:
        return f"Every list is compared with that of {titles[first]}."
    return f"{titles[first]} and {titles[second]}: {_overlap(comparison, first, second)} in common"


def _shared(comparison: Comparison, titles: Mapping[str, str]) -> dict[str, str]:
    """Return what each of several other lists has in common with the first; else nothing."""
    if len(titles) < 3:
        return {}
    first, *others = titles
    return {
        name: f"{_overlap(comparison, first, name)} also with {titles[first]}" for name in others
    }


def _overlap(comparison: Comparison, first: str, second: str) -> str:
    """Return ``7 of 20``: the items in both lists, and the length of the longer one."""
    ids = {r.engine: {hit.item.item_id for hit in r.hits} for r in comparison.results}
    longer = max(len(ids[first]), len(ids[second]))
    return f"{len(ids[first] & ids[second])} of {longer}"


def frames(shown: Sequence[Column], engines: Sequence[EngineStatus]) -> str:
    """Return what the frames in these lists mean; empty where no photo has one."""
    if not any(row.card.framed for column in shown for row in column.rows):
        return ""
    names = [column.name for column in shown if column.rows]
    if len(names) > 2:  # each column says what its engine reads
        return frames_sentence([])
    return frames_sentence([s.engine for s in engines if s.engine.name in names])


def differs_most(shown: Sequence[Column]) -> Difference | None:
    """Return the largest difference of a column to the first one; ``None`` without two lists.

    What counts is how near to the top an item moves: from nowhere to rank 1 most, 19 to 20 hardly.
    """
    answered = [column for column in shown if column.rows]
    if len(answered) < 2:
        return None
    first, *others = answered
    before = _ranks(first)
    moves = [
        (abs(1 / after.get(name, _NOWHERE) - 1 / before.get(name, _NOWHERE)), column, name)
        for column in others
        for after in (_ranks(column),)
        for name in {**before, **after}
    ]
    size, column, item_id = max(moves, key=lambda move: move[0])
    if not size:
        return Difference(
            f"{first.title} and {column.title} show the same items in the same order."
        )
    higher, lower = sorted((first, column), key=lambda c: _ranks(c).get(item_id, _NOWHERE))
    row = next(row for row in higher.rows if row.card.item.item_id == item_id)
    place = _ranks(lower).get(item_id)
    then = f"number {place}" if place else f"not among the {counted(len(lower.rows), 'item')}"
    return Difference(
        f"“{row.card.item.title}” is number {row.card.rank} with {higher.title}, "
        f"{then} with {lower.title}.",
        item_id,
        row.card.seen if higher.reads_rewrites else "",
    )


def _ranks(column: Column) -> dict[str, int]:
    return {row.card.item.item_id: row.card.rank for row in column.rows}


def _answering(comparison: Comparison, engines: tuple[EngineStatus, ...]) -> dict[str, str]:
    """Return name → title of the engines with results, in the requested order."""
    titles = {status.engine.name: status.engine.title for status in engines}
    return {r.engine: titles[r.engine] for r in comparison.results if r.hits}


def _rows(
    cards: Sequence[Card], engine: str, comparison: Comparison, titles: Mapping[str, str]
) -> tuple[Row, ...]:
    return tuple(
        Row(
            card,
            change(ranks, engine, titles),
            places(ranks, engine, titles),
        )
        for card in cards
        for ranks in (comparison.ranks.get(card.item.item_id, {}),)
    )
