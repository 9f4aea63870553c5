"""Queries that somebody may still judge: engines' results for them are hidden from annotators."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from core.domain import JudgmentQuery, JudgmentSet
from core.judging.judgment_queue import JudgmentQueue
from core.judging.state import SetState


def open_ids(judgment_set: JudgmentSet, state: SetState, *, asked: frozenset[str]) -> set[str]:
    """Return those of the given queries that have a pair which somebody may still judge.

    Without an overlap everybody may judge every pair, so all of them stay open.
    """
    wanted = judgment_set.rules.overlap
    if not wanted:
        return set(asked)
    return {
        pair.query.query_id
        for pair in judgment_set.pairs
        if pair.query.query_id in asked and len(state.graders(pair.key)) < wanted
    }


def is_open(
    desk: JudgmentQueue,
    *,
    texts: Iterable[str] = (),
    item_ids: Iterable[str] = (),
    set_id: str = "",
) -> bool:
    """Tell whether a search, or a report's queries, are judged in a set that is not finished.

    Args:
        desk: The catalogue's queue.
        texts: Texts of queries; case and spaces make no difference.
        item_ids: Items that are queries.
        set_id: A set, all of whose queries count; may be cut to its first 60 characters.
    """
    words = {folded(text) for text in texts} - {""}
    items = set(item_ids) - {""}
    for judgment_set in desk.sets.all():
        whole = bool(set_id) and judgment_set.set_id[:60] == set_id[:60]
        asked = frozenset(
            query.query_id for query in judgment_set.queries if whole or _asks(query, words, items)
        )
        if not asked:
            continue
        still_open = desk.look(judgment_set.set_id, partial(open_ids, judgment_set, asked=asked))
        if still_open:
            return True
    return False


def folded(text: str) -> str:
    """Return a text in small letters with single spaces."""
    return " ".join(text.casefold().split())


def _asks(query: JudgmentQuery, words: set[str], items: set[str]) -> bool:
    return folded(query.text) in words or query.item_id in items
