"""Words of queries that came without: qrels name their queries by ids alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from core.domain import JudgmentQuery, JudgmentSet


def is_bare(query: JudgmentQuery) -> bool:
    """Tell whether only the id of a query is known, which stands in place of its words."""
    return query.text == query.query_id and not (query.item_id or query.picture)


def bare_queries(judgment_set: JudgmentSet) -> set[str]:
    """Return the ids of the queries of which nothing else is known."""
    return {query.query_id for query in judgment_set.queries if is_bare(query)}


def with_words(judgment_set: JudgmentSet, words: Mapping[str, str]) -> JudgmentSet:
    """Return the set with words for the queries of which only the id is known.

    Args:
        judgment_set: The set.
        words: Words by query id; those of other queries change nothing.
    """
    given = {
        query_id: JudgmentQuery(query_id, words[query_id].strip())
        for query_id in bare_queries(judgment_set)
        if words.get(query_id, "").strip() not in ("", query_id)
    }
    if not given:
        return judgment_set
    pairs = tuple(
        replace(pair, query=given.get(pair.query.query_id, pair.query))
        for pair in judgment_set.pairs
    )
    return replace(judgment_set, pairs=pairs)
