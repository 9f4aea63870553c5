"""Pooling, as in TREC: the union of the engines' top results, with every trace of them removed."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Mapping

from core.domain import JudgmentQuery, Pair, SearchResult


def pool(
    results: Mapping[JudgmentQuery, Iterable[SearchResult]], depth: int, seed: str
) -> tuple[Pair, ...]:
    """Return pairs to judge: per query the union of the top ``depth`` of each result.

    Queries keep their order, the items of a query are shuffled by ``seed``: neither engine nor rank
    can be told from the order.
    """
    pairs: list[Pair] = []
    for query, answers in results.items():
        items = {hit.item.item_id for answer in answers for hit in answer.hits[:depth]}
        pairs += [Pair(query, item) for item in shuffled(sorted(items), f"{seed}/{query.query_id}")]
    return tuple(pairs)


def shuffled(values: list[str], seed: str) -> list[str]:
    """Return the values in an order that the seed fixes on every machine."""
    digest = hashlib.sha256(seed.encode()).digest()
    order = list(values)
    random.Random(digest).shuffle(order)  # noqa: S311 (an order, no secret)
    return order
