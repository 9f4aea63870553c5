"""Inspect without an item: some to choose from, or those that match what was typed."""

from __future__ import annotations

from collections.abc import Sequence

from gradio.context import LocalContext

from core.app.studio import Studio
from core.domain import Item, Query
from core.errors import QueryError
from core.people import Action
from ui.blindness import engines_hidden, require_words
from ui.components.cards import item_card
from ui.components.rewrite_panel import worth_a_look_panel
from ui.render import render
from ui.rights import may

#: Items to choose from.
_MOST = 12


def choice_html(studio: Studio, catalog: str) -> str:
    """Return an invitation to choose an item, with some of the catalogue.

    Who may correct texts gets those to check, too: how little some agree with their photos is not
    for those who judge.
    """
    items = studio.items(catalog, limit=_MOST)
    corrects = may(studio, LocalContext.request.get(None), Action.CORRECT)
    queue = worth_a_look_panel(studio, catalog) if corrects else ""
    return _html(items, catalog, "Choose an item.", "Or one of these", queue)


def matches_html(studio: Studio, text: str, catalog: str) -> str:
    """Return the items that have the typed words, found without any engine.

    Raises:
        StudioError: No item has them, or nobody may search while a set is judged.
    """
    query = Query(text=text, k=_MOST)
    if engines_hidden(studio, LocalContext.request.get(None), catalog):
        require_words(studio, query, catalog)
    items = studio.by_words(query, catalog)
    if not items:
        raise QueryError(f"No item of the catalogue “{catalog}” has the id “{text}” or such words.")
    return _html(items, catalog, f"No item has the id “{text}”.", "Items that have these words")


def _html(items: Sequence[Item], catalog: str, said: str, heading: str, queue: str = "") -> str:
    cards = [item_card(item, catalog) for item in items]
    return render("inspect_empty.html", said=said, heading=heading, cards=cards, queue=queue)
