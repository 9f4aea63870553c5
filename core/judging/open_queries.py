"""Queries that somebody may still judge: engines' results for them are hidden from annotators."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

from core.domain import JudgmentQuery, JudgmentSet
from core.judging.judgment_queue import JudgmentQueue
from core.judging.state import SetState

#: Words that change what a search finds hardly or not at all.
_SMALL = frozenset(["a", "an", "the", "of", "in", "on", "for", "with", "and", "or", "to"])
_WORD = re.compile(r"\w+")

#: So many first items of a list are compared with what was pooled for a query; fewer than
#: ``_FEWEST`` tell nothing; from this share on a list is nearly that query's.
_FIRST, _FEWEST, _MOSTLY = 10, 3, 0.7

#: Returns the ids of those queries that look like what is searched with.
LooksLike = Callable[[Sequence[JudgmentQuery]], Collection[str]]


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
    looks_like: LooksLike | None = None,
) -> bool:
    """Tell whether a search, or a report's queries, are judged in a set that is not finished.

    Args:
        desk: The catalogue's queue.
        texts: Texts of queries; see ``folded`` for what makes no difference.
        item_ids: Items that are queries.
        set_id: A set, all of whose queries count; may be cut to its first 60 characters.
        looks_like: Compares the picture of a search with the queries'.
    """
    words = {folded(text) for text in texts} - {frozenset()}
    items = set(item_ids) - {""}
    for judgment_set in desk.sets.all():
        whole = bool(set_id) and judgment_set.set_id[:60] == set_id[:60]
        alike = looks_like(judgment_set.queries) if looks_like else ()
        asked = frozenset(
            query.query_id
            for query in judgment_set.queries
            if whole or _asks(query, words, items) or query.query_id in alike
        )
        if not asked:
            continue
        still_open = desk.look(judgment_set.set_id, partial(open_ids, judgment_set, asked=asked))
        if still_open:
            return True
    return False


def shows_open(desk: JudgmentQueue, lists: Iterable[Sequence[str]]) -> bool:
    """Tell whether a list holds mostly what was pooled for one query that is not finished.

    However the search was worded or its picture was cut, such a list says which engine finds what
    for that query.

    Args:
        desk: The catalogue's queue.
        lists: Ids of items, best first, of each list that would be shown.
    """
    tops = [frozenset(items[:_FIRST]) for items in lists]
    tops = [items for items in tops if len(items) >= _FEWEST]
    for judgment_set in desk.sets.all() if tops else ():
        shared: Counter[tuple[str, int]] = Counter()
        for pair in judgment_set.pairs:
            for number, items in enumerate(tops):
                if pair.item_id in items:
                    shared[(pair.query.query_id, number)] += 1
        alike = frozenset(
            query_id for (query_id, number), count in shared.items()
            if count >= _MOSTLY * len(tops[number])
        )  # fmt: skip
        if not alike:
            continue
        if desk.look(judgment_set.set_id, partial(open_ids, judgment_set, asked=alike)):
            return True
    return False


def any_open(desk: JudgmentQueue) -> bool:
    """Tell whether somebody may still judge a pair of any set of a catalogue."""
    for judgment_set in desk.sets.all():
        asked = frozenset(query.query_id for query in judgment_set.queries)
        if desk.look(judgment_set.set_id, partial(open_ids, judgment_set, asked=asked)):
            return True
    return False


def folded(text: str) -> frozenset[str]:
    """Return the words of a text in which searches differ that find different things.

    Case, accents, characters without width, order, repetition, punctuation, small words and an
    English plural are left out.
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    seen = (c for c in plain if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    words = _WORD.findall("".join(seen))
    singular = {word[:-1] if len(word) > 3 and word[-2:] not in ("ss", "us") and word.endswith("s")
                else word for word in words}  # fmt: skip
    return frozenset(singular - _SMALL or singular)


def _asks(query: JudgmentQuery, words: set[frozenset[str]], items: set[str]) -> bool:
    return folded(query.text) in words or query.item_id in items
