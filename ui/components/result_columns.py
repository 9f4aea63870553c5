"""Show one query's results side by side: a column per engine, with rank changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from PIL import Image

from core.app.facets import by_price
from core.app.studio import Studio
from core.base.counts import counted
from core.domain import CatalogInfo, Comparison, EngineStatus, SearchResult, Sort, TextView
from ui.components.cards import Card, hit_cards, milliseconds
from ui.components.facet_lists import example_queries
from ui.components.photo_part import photo_part
from ui.components.query import SearchForm
from ui.components.results import advice, behind, notes, problem_html, query_anchor
from ui.render import render


@dataclass(frozen=True, slots=True)
class Change:
    """Rank change against the first column, as a sign and in words."""

    sign: str
    words: str
    tone: str


@dataclass(frozen=True, slots=True)
class Row:
    """One result in a column."""

    card: Card
    change: Change | None


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
    """Return the results in columns; without a query, the engines to compare.

    Raises:
        StudioError: The search can't be answered.
    """
    if not engines:
        return problem_html("No search engine can run here; see why beside this.", form)
    if not form.asks(picture=image is not None):
        return render(
            "compare_start.html",
            link=form.link(),
            examples=example_queries(studio, catalog),
            engines=engines,
        )
    names = tuple(status.engine.name for status in engines)
    comparison = studio.compare(form.query(image), names, catalog.name)
    return render(
        "compare_results.html",
        link=form.link(),
        own_picture=form.has_own_picture(image),
        query_anchor=query_anchor(studio, form, catalog.name),
        part=photo_part(studio, form, image, catalog, comparison.results[0].hits),
        sentences=in_common(comparison, engines),
        behind=behind(catalog, engines),
        columns=columns(studio, comparison, engines, form, catalog),
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
    return tuple(
        Column(
            name=result.engine,
            title=statuses[result.engine].engine.title,
            summary=statuses[result.engine].engine.summary,
            time=milliseconds(result),
            explore=replace(form, engines=(result.engine,)).link("/explore"),
            rows=_rows(studio, result, comparison, titles, catalog.name, form.sort),
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
        return Change("only here", f"Only {titles[engine]} shows this item", "only")
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


def _answering(comparison: Comparison, engines: tuple[EngineStatus, ...]) -> dict[str, str]:
    """Return name → title of the engines with results, in the requested order."""
    titles = {status.engine.name: status.engine.title for status in engines}
    return {r.engine: titles[r.engine] for r in comparison.results if r.hits}


def _rows(
    studio: Studio,
    result: SearchResult,
    comparison: Comparison,
    titles: Mapping[str, str],
    catalog: str,
    sort: Sort,
) -> tuple[Row, ...]:
    return tuple(
        Row(card, change(comparison.ranks.get(card.item.item_id, {}), result.engine, titles))
        for card in hit_cards(studio, by_price(result.hits, sort), catalog)
    )
