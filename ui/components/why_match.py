"""Explain on Inspect why an item was found by the query that one came with."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markupsafe import Markup

from core.app.studio import Studio
from core.domain import Inspection
from core.errors import StudioError
from ui.blindness import require_engines_shown
from ui.components.query import MOST_HITS, SearchForm
from ui.render import render

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Match:
    """What one engine makes of the item for the query.

    Attributes:
        title: The engine's title.
        place: The item's place among the results, in words.
        reasons: Why it was found, as its card says.
        words: The text that the engine reads, in pieces, each with whether it was asked for.
        kind: The item's product type, the same, where it has words of the query and the text lacks
            them: words are looked for in the whole listing.
    """

    title: str
    place: str
    reasons: tuple[str, ...]
    words: tuple[tuple[str, bool], ...]
    kind: tuple[tuple[str, bool], ...] = ()


def why_match(studio: Studio, inspection: Inspection, form: SearchForm) -> Markup:
    """Return the explanation for every engine that can run here; empty without a query."""
    names = tuple(s.engine.name for s in studio.engines() if s.available)
    if not (form.text or form.item) or form.item == inspection.item.item_id or not names:
        return Markup()
    wide = SearchForm(form.text, item=form.item, cutoff=False, fold=False, k=MOST_HITS)
    try:
        require_engines_shown(studio, form.catalog)
        query = wide.query()
        results = studio.compare(query, names, form.catalog).results
        like = studio.item(form.item, form.catalog).title if form.item else ""
    except StudioError:
        return Markup()  # the page is about the item, which is there
    texts = {entry.engine.name: entry for entry in inspection.inputs}
    entries = []
    for result in results:
        entry = texts.get(result.engine)
        if entry is None:
            continue
        hit = next((h for h in result.hits if h.item.item_id == inspection.item.item_id), None)
        entries.append(
            Match(
                entry.engine.title,
                f"number {hit.rank}" if hit else f"not among the first {len(result.hits)}",
                hit.reasons if hit else (),
                asked_words(entry.text, form.text),
                _kind(inspection.item.product_type, entry.text, form.text),
            )
        )
    html = render(
        "why_match.html",
        asked=f"“{form.text}”" if form.text else f"items like “{like}”",
        entries=entries,
        back=form.link("/explore"),
    )
    return Markup(html)  # noqa: S704 (escaped by the template)


def asked_words(text: str, query: str) -> tuple[tuple[str, bool], ...]:
    """Return the words of a text, each with whether the query has it, in any number."""
    asked = {_stem(word) for word in _WORD.findall(query)}
    return tuple(
        (word, any(_stem(part) in asked for part in _WORD.findall(word))) for word in text.split()
    )


def _kind(kind: str, text: str, query: str) -> tuple[tuple[str, bool], ...]:
    """Return the words of a product type, if it has one of the query that the text lacks."""
    words = asked_words(kind, query)
    read = {_stem(word) for word in _WORD.findall(text)}
    lacking = any(asked and _stem(word) not in read for word, asked in words)
    return words if lacking else ()


def _stem(word: str) -> str:
    return word.casefold().removesuffix("s")
