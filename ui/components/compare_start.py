"""Compare before a query: queries to press, and the lists of one that tells the engines apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from gradio.context import LocalContext

from core.app.demo_measures import BEFORE_AFTER
from core.app.studio import Studio
from core.domain import CatalogInfo, EngineStatus
from core.errors import StudioError
from ui.blindness import hidden_sentence, require_engines_shown
from ui.components.cards import Card, framed_card
from ui.components.facet_lists import example_queries
from ui.components.query import FIRST_HITS, SearchForm
from ui.components.result_columns import Column, Difference, columns, differs_most, frames
from ui.components.same_searches import Telling, judged_report, most_telling
from ui.render import render

#: Results of each engine in the example.
_RANKS = 5


@dataclass(frozen=True, slots=True)
class Example:
    """The lists of an example query.

    Attributes:
        asked: The query.
        item: The query's item, its place in its photo framed; ``None`` for words.
        judged: How many of the first results people graded as right; empty if not judged.
        differs: What the lists differ in most.
        columns: A list per engine.
        ranks: Length of the longest list.
        frames: What frames in the photos mean.
        link: Link to the whole lists.
    """

    asked: str
    item: Card | None
    judged: str
    differs: Difference
    columns: tuple[Column, ...]
    ranks: int
    frames: str
    link: str


def compare_start_html(
    studio: Studio, form: SearchForm, engines: tuple[EngineStatus, ...], catalog: CatalogInfo
) -> str:
    """Return the queries to press with an example, or with the engines where none can be shown.

    Whom no engine answers reads why instead.
    """
    note = hidden_sentence(studio, LocalContext.request.get(None), catalog.name)
    try:
        example = None if note else _example(studio, form, engines, catalog)
    except StudioError:  # for example nothing is indexed yet
        example = None
    return render(
        "compare_start.html",
        link=form.link(),
        note=note,
        explore=SearchForm(form.text, catalog=catalog.name).link("/explore"),
        annotate=f"/annotate?{urlencode({'catalog': catalog.name})}",
        asked=form.text,
        examples=example_queries(studio, catalog),
        engines=engines,
        example=example,
    )


def _example(
    studio: Studio, form: SearchForm, engines: tuple[EngineStatus, ...], catalog: CatalogInfo
) -> Example | None:
    """Return the lists of a query; ``None`` where not two engines find anything."""
    names = tuple(status.engine.name for status in engines)
    report = judged_report(studio, catalog.name) if set(BEFORE_AFTER) <= set(names) else None
    telling = most_telling(report) if report else None
    asking = _form(studio, replace(form, catalog=catalog.name, k=_RANKS), telling, catalog)
    if asking is None:
        return None
    require_engines_shown(studio, catalog.name)
    comparison = studio.compare(asking.query(None), names, catalog.name)
    shown = columns(studio, comparison, engines, asking, catalog)
    differs = differs_most(shown)
    if differs is None:
        return None
    item = studio.item(asking.item, catalog.name) if asking.item else None
    return Example(
        f"like “{item.title}”" if item else f"“{asking.text}”",
        framed_card(studio, item, catalog.name) if item else None,
        _judged(telling, shown) if telling else "",
        differs,
        shown,
        max(len(column.rows) for column in shown),
        frames(shown, engines),
        replace(asking, k=FIRST_HITS).link("/compare"),
    )


def _form(
    studio: Studio, form: SearchForm, telling: Telling | None, catalog: CatalogInfo
) -> SearchForm | None:
    """Return the search of the example: a judged one as it was judged, else a product type."""
    if telling is None:
        texts = example_queries(studio, catalog)
        return replace(form, text=texts[0]) if texts else None
    query = telling.query
    asked = replace(form, item=query.item_id, text="" if query.item_id else query.text)
    return replace(asked, cutoff=False, fold=False)


def _judged(telling: Telling, shown: tuple[Column, ...]) -> str:
    """Return how many of the first results were graded as right."""
    titles = {column.name: column.title for column in shown}
    before, after = (titles[engine] for engine in BEFORE_AFTER)
    return (
        f"Of the first {telling.of} results, people graded {telling.right[0]} as right with "
        f"{before} and {telling.right[1]} with {after}. No other judged search by words or an item "
        "differs more."
    )
