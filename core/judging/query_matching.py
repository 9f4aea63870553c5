"""Find a row's query among a set's queries; ids of different files may mean different queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count

from core.domain import JudgmentQuery, JudgmentSet
from core.judging.judgment_rows import Row
from core.judging.set_words import is_bare


class QueryMatcher:
    """The queries of a set, which grow by those of a file.

    Args:
        judgment_set: The set.
        texts: Words by query id, from a file beside the labels.
    """

    def __init__(self, judgment_set: JudgmentSet, texts: Mapping[str, str]) -> None:
        self._texts, self._numbers = texts, count(1)
        self._by_id = {query.query_id: query for query in judgment_set.queries}
        self._by_content = {_content(query): query for query in judgment_set.queries}
        self._before = frozenset(self._by_id)
        #: Words that rows gave to queries of which only the id was known, by id.
        self.words: dict[str, str] = {}

    def add(self, query: JudgmentQuery) -> None:
        """Remember a query that a row brought; one of its id stays."""
        self._by_id.setdefault(query.query_id, query)
        self._by_content.setdefault(_content(query), query)

    def query_of(self, row: Row) -> JudgmentQuery:
        """Return the set's query for a row; a new one if the set has no equal query.

        An id that the set has for another query does not count: the words do.
        """
        given = row.query
        if given.query_id and not _is_said(given):
            given = replace(given, text=self._texts.get(given.query_id, ""))
        present = self._by_id.get(given.query_id)
        if present is not None and _may_be(given, present):
            return self._worded(present, given)
        same = self._by_content.get(_content(given)) if _is_said(given) else None
        if same is not None and (
            not given.query_id
            or present is not None
            or (row.event is None and same.query_id in self._before)
        ):
            return same
        if not _is_said(given):
            given = replace(given, text=given.query_id)
        if given.query_id and present is None:
            return given
        return replace(given, query_id=self._new_id())

    def _worded(self, present: JudgmentQuery, given: JudgmentQuery) -> JudgmentQuery:
        """Return the set's query, with the row's words where only its id was known."""
        if not is_bare(present) or not given.text or given.text == present.text:
            return present
        worded = replace(present, text=given.text)
        self.words[present.query_id] = given.text
        self._by_id[present.query_id] = worded
        self._by_content.setdefault(_content(worded), worded)
        return worded

    def _new_id(self) -> str:
        return next(name for number in self._numbers if (name := f"q{number}") not in self._by_id)


def _is_said(query: JudgmentQuery) -> bool:
    """Tell whether more than the id of a query is known."""
    return bool(query.text or query.item_id or query.picture)


def _may_be(given: JudgmentQuery, present: JudgmentQuery) -> bool:
    """Tell whether two queries of one id are the same, as far as both are known."""
    if not _is_said(given) or is_bare(present) or _content(given) == _content(present):
        return True
    # The file beside qrels has an item or a picture where there are no words.
    alone = given.text if not (given.item_id or given.picture) else ""
    return bool(alone) and alone in (present.item_id, present.picture)


def _content(query: JudgmentQuery) -> tuple[str, str, str]:
    return query.text.casefold(), query.item_id, query.picture
