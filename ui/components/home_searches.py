"""Home's searches: queries to choose from, and one query's first hits from both engines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gradio.context import LocalContext

from core.app.demo_measures import BEFORE_AFTER
from core.app.studio import Studio
from core.base.counts import listed
from core.domain import CatalogInfo, EngineStatus, Item, Report
from ui.blindness import engines_hidden
from ui.components.cards import Card, framed_card, item_card
from ui.components.facet_lists import example_queries
from ui.components.query import FIRST_HITS, SearchForm, choose_engines
from ui.components.result_columns import Column, Row, columns, frames, in_common
from ui.components.results import behind
from ui.components.same_searches import ScoredQuery, telling_queries

_TOP = 6


@dataclass(frozen=True, slots=True)
class Choice:
    """A query to choose: its words, its link, whether it is shown, whether VL-CLIP loses it."""

    label: str
    link: str
    chosen: bool
    loss: bool = False


@dataclass(frozen=True, slots=True)
class Retrieval:
    """One query's first hits, before and after.

    Attributes:
        asked: The query in words.
        item: The query's item, its place in its photo framed; ``None`` for words.
        columns: The lists.
        shared: Which results show the same photo, for each list.
        common: How much they have in common.
        behind: What can't be found yet.
        frames: What frames in the tiles mean.
        compare: Link to the whole lists.
    """

    asked: str
    item: Card | None
    columns: tuple[Column, ...]
    shared: tuple[str, ...]
    common: str
    behind: str
    frames: str
    compare: str


def searches(
    studio: Studio,
    form: SearchForm,
    catalog: CatalogInfo,
    statuses: tuple[EngineStatus, ...],
    judged: Report | None,
    story: Item | None,
    *,
    for_words: bool,
) -> dict[str, Any]:
    """Return the variables of ``home_searches.html``.

    Args:
        studio: The façade.
        form: What the link asks for.
        catalog: The catalogue.
        statuses: All engines.
        judged: The report on judgments whose queries are offered; else product types are.
        story: The item of the story; hits for items like it are shown where no query is chosen.
        for_words: Show hits for words instead: the item is shown already, or there is none.
    """
    scored = telling_queries(judged) if judged else ()
    query = _chosen(form, scored)
    types = () if scored else example_queries(studio, catalog)
    words = query.text if query and not query.item_id else ""
    if for_words and types:
        words = types[0]
    asked = replace(form, text=form.text or words)
    like = "" if asked.text else query.item_id if query else story.item_id if story else ""
    return {
        "scored": bool(scored),
        "queries": _choices(form, scored, query, types, asked.text),
        "retrieval": _retrieval(studio, asked, like, query, statuses, catalog, story),
    }


def _retrieval(
    studio: Studio,
    form: SearchForm,
    like: str,
    scored: ScoredQuery | None,
    statuses: tuple[EngineStatus, ...],
    catalog: CatalogInfo,
    story: Item | None,
) -> Retrieval | None:
    """Return the results for the text, else for items like an item; a judged list as it was."""
    names = choose_engines(BEFORE_AFTER, statuses, BEFORE_AFTER)
    nothing = not names or not catalog.items or not (form.text or like)
    if nothing or engines_hidden(studio, LocalContext.request.get(None), catalog.name):
        return None
    asking = replace(form, item=like, k=_TOP)
    if scored:
        asking = replace(asking, cutoff=False, fold=False)
    engines = tuple(s for name in names for s in statuses if s.engine.name == name)
    comparison = studio.compare(asking.query(), names, catalog.name)
    item = story if story and story.item_id == like else None
    if like and item is None:
        item = studio.item(like, catalog.name)
    lists = columns(studio, comparison, engines, asking, catalog)
    return Retrieval(
        asked=f"Like “{item.title}”" if item else f"“{form.text}”",
        item=_asked_card(studio, item, story, catalog.name) if item else None,
        columns=tuple(
            replace(column, empty="Nothing in this catalogue is clearly alike.") for column in lists
        ),
        shared=tuple(" ".join(shared_photos(column.rows)) for column in lists),
        common=in_common(comparison, engines),
        behind=behind(catalog, engines),
        frames=frames(lists, engines),
        compare=replace(asking, k=FIRST_HITS).link("/compare"),
    )


def _asked_card(studio: Studio, item: Item, story: Item | None, catalog: str) -> Card:
    """Return the card of the query's item; the story has shown its own item's place already."""
    return item_card(item, catalog) if item is story else framed_card(studio, item, catalog)


def shared_photos(rows: Sequence[Row]) -> Iterator[str]:
    """Yield which results are things in the photo of an earlier one: else they look like errors."""
    ranks: dict[str, list[str]] = {}
    for row in rows:
        if row.card.item.has_photo:
            ranks.setdefault(row.card.item.photo.sha256, []).append(str(row.card.rank))
    for first, *others in ranks.values():
        if len(others) == 1:
            yield f"Result {others[0]} is another thing in the same photo as result {first}."
        elif others:
            yield f"Results {listed(others)} are other things in the same photo as result {first}."


def _chosen(form: SearchForm, scored: Sequence[ScoredQuery]) -> ScoredQuery | None:
    """Return the judged query that the link names, or the first if it names none."""
    if form.text:
        return next((q for q in scored if not q.item_id and q.text == form.text), None)
    named = (query for query in scored if query.item_id and query.item_id == form.item)
    return next(named, next(iter(scored), None))


def _choices(
    form: SearchForm,
    scored: Sequence[ScoredQuery],
    now: ScoredQuery | None,
    types: Sequence[str],
    words: str,
) -> tuple[Choice, ...]:
    """Return the queries to choose from: judged ones, else product types; `words` are shown now."""
    links = [
        replace(form, text="", item=q.item_id) if q.item_id else replace(form, text=q.text)
        for q in scored
    ]
    return (
        *(
            Choice(query.label, link.link(), query == now, query.is_loss)
            for query, link in zip(scored, links, strict=True)
        ),
        *(Choice(t, replace(form, text=t).link(), t == words) for t in types),
    )
