"""Compare before a query: queries to press, and the lists of the first of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.app.studio import Studio
from core.domain import CatalogInfo, EngineStatus
from core.errors import StudioError
from ui.blindness import require_blind
from ui.components.facet_lists import example_queries
from ui.components.query import SearchForm
from ui.components.result_columns import Column, Difference, columns, differs_most
from ui.render import render

#: Results of each engine in the example.
_RANKS = 5


@dataclass(frozen=True, slots=True)
class Example:
    """The lists of an example query.

    Attributes:
        asked: The query.
        differs: What the lists differ in most.
        columns: A list per engine.
        ranks: Length of the longest list.
    """

    asked: str
    differs: Difference
    columns: tuple[Column, ...]
    ranks: int


def compare_start_html(
    studio: Studio, form: SearchForm, engines: tuple[EngineStatus, ...], catalog: CatalogInfo
) -> str:
    """Return the queries to press with an example, or with the engines where none can be shown."""
    examples = example_queries(studio, catalog)
    try:
        example = _example(studio, form, engines, catalog, examples[0]) if examples else None
    except StudioError:  # for example nothing is indexed yet, or the query is being judged
        example = None
    return render(
        "compare_start.html",
        link=form.link(),
        examples=examples,
        engines=engines,
        example=example,
    )


def _example(
    studio: Studio,
    form: SearchForm,
    engines: tuple[EngineStatus, ...],
    catalog: CatalogInfo,
    text: str,
) -> Example | None:
    """Return the lists of a query; ``None`` where not two engines find anything."""
    form = replace(form, text=text, catalog=catalog.name, k=_RANKS)
    query = form.query(None)
    require_blind(studio, query, catalog.name)
    comparison = studio.compare(query, [status.engine.name for status in engines], catalog.name)
    shown = columns(studio, comparison, engines, form, catalog)
    differs = differs_most(shown)
    if differs is None:
        return None
    return Example(text, differs, shown, max(len(column.rows) for column in shown))
