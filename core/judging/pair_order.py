"""The order in which an annotator gets the pairs of a set."""

from __future__ import annotations

import hashlib
import random
from datetime import datetime

from core.domain import JudgmentSet, Pair
from core.judging.pool import shuffled
from core.judging.queue import REPEAT_AFTER


class Order:
    """A set's pairs in one annotator's order: query after query.

    Where pairs come again without notice, some come later than their query (``_put_off``); where
    the pairs of one query are asked for, ``queue.deal`` keeps such pairs to the end.

    The order in which pairs came into the set has no influence, and with the store's secret nobody
    can compute the annotator's order: so it doesn't tell which pairs were added later. While a set
    grows, only queries that got pairs are ordered anew.

    Args:
        annotator: Name of the annotator.
        secret: The store's secret.
        one_query: Whether the pairs of one query are asked for.
    """

    def __init__(self, annotator: str, secret: bytes = b"", one_query: bool = False) -> None:
        self._annotator, self._secret, self._one_query = annotator, secret, one_query
        self._version: tuple[str, datetime, int] | None = None
        self._pairs: tuple[Pair, ...] = ()
        self._by_query: dict[str, dict[str, Pair]] = {}
        self._ordered: dict[str, list[Pair]] = {}
        self._all: list[Pair] = []

    def of(self, judgment_set: JudgmentSet) -> list[Pair]:
        """Return the pairs of a revision of the set, which nobody may change."""
        version = judgment_set.set_id, judgment_set.created, judgment_set.revision
        if version != self._version:
            seed = f"{self._secret.hex()}{judgment_set.set_id}/{self._annotator}"
            self._take(judgment_set.pairs, seed)
            queries = shuffled(sorted(self._ordered), seed)
            ordered = [pair for query_id in queries for pair in self._ordered[query_id]]
            share = 0.0 if self._one_query else judgment_set.rules.repeats
            self._all, self._version = _put_off(ordered, share, seed), version
        return self._all

    def _take(self, pairs: tuple[Pair, ...], seed: str) -> None:
        """Order the queries whose pairs are new."""
        before = len(self._pairs)
        if pairs[:before] != self._pairs:
            self._by_query, self._ordered, before = {}, {}, 0
        self._pairs = pairs
        grown = set()
        for pair in pairs[before:]:
            self._by_query.setdefault(pair.query.query_id, {})[pair.item_id] = pair
            grown.add(pair.query.query_id)
        for query_id in grown:
            items = self._by_query[query_id]
            self._ordered[query_id] = [
                items[item_id] for item_id in shuffled(sorted(items), f"{seed}/{query_id}")
            ]


def _put_off(ordered: list[Pair], share: float, seed: str) -> list[Pair]:
    """Move a share of the pairs to later places, each to one of its own.

    Hidden repeats come that late and about that often: if new pairs did not, a query that comes
    back for one pair would tell that this pair is a repeat.
    """
    if not share:
        return ordered
    draw = random.Random(hashlib.sha256(f"{seed}/later".encode()).digest())  # noqa: S311 (an order)
    places = [
        place + (REPEAT_AFTER + draw.randrange(REPEAT_AFTER) if draw.random() < share else 0)
        for place in range(len(ordered))
    ]
    return [ordered[place] for place in sorted(range(len(ordered)), key=places.__getitem__)]
