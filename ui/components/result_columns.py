"""Show one query's results side by side: a column per engine, with rank changes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

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
from ui.components.results import advice, behind, notes, problem_html, query_anchor
from ui.render import render

#: The rank that counts for an item that a list does not show.
_NOWHERE = math.inf


@dataclass(frozen=True, slots=True)
class Change:
    """Rank change against the first column, as a sign and in words."""

    sign: str
    words: str
    tone: str


@dataclass(frozen=True, slots=True)
class Row:
    """One result in a column.

    Attributes:
        card: The item.
        change: Its rank against the first column.
        elsewhere: Its rank with each other engine, in words.
    """

    card: Card
    change: Change | None
    elsewhere: tuple[str, ...] = ()


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
    """One engine's results."""

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
        sentences=in_common(comparison, engines),
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
        )
        for result in comparison.results
    )


def change(ranks: Mapping[str, int], engine: str, titles: Mapping[str, str]) -> Change | None:
    """Return how an item's rank with ``engine`` compares with that in the first of ``titles``.

    Args:
        ranks: The item's rank per engine that found it.
        engine: The column that the item stands in.
        titles: Name to title of all compared engines, the first being the baseline.
    """
    first = next(iter(titles))
    if len(titles) < 2:
        return None
    if set(ranks) == {engine}:
        return Change(f"{titles[engine]} only", f"Only {titles[engine]} shows this item", "only")
    if engine == first:
        return None
    if first not in ranks:
        return Change("new", f"{titles[first]} does not show this item", "only")
    up = ranks[first] - ranks[engine]
    if up == 0:
        return Change("=", f"Same rank as with {titles[first]}", "equal")
    words = (
        f"{counted(abs(up), 'rank')} {'higher' if up > 0 else 'lower'} than with {titles[first]}"
    )
    return Change(f"{'▲' if up > 0 else '▼'}{abs(up)}", words, "up" if up > 0 else "down")


def in_common(comparison: Comparison, engines: tuple[EngineStatus, ...]) -> tuple[str, ...]:
    """Return the overlap of every two engines with results: ``7 of 20 in common``."""
    titles = _answering(comparison, engines)
    item_ids = {
        r.engine: {hit.item.item_id for hit in r.hits} for r in comparison.results if r.hits
    }
    return tuple(
        f"{titles[first]} and {titles[second]}: {len(item_ids[first] & item_ids[second])} of "
        f"{max(len(item_ids[first]), len(item_ids[second]))} in common"
        for first, second in combinations(item_ids, 2)
    )


def frames(shown: Sequence[Column], engines: Sequence[EngineStatus]) -> str:
    """Return what the frames in these lists mean; empty where no photo has one."""
    if not any(row.card.framed for column in shown for row in column.rows):
        return ""
    names = [column.name for column in shown if column.rows]
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
            tuple(
                f"number {ranks[name]} with {title}" if name in ranks else f"not with {title}"
                for name, title in titles.items()
                if name != engine
            ),
        )
        for card in cards
        for ranks in (comparison.ranks.get(card.item.item_id, {}),)
    )
