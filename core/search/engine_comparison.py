"""Compare the results of several engines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from core.domain import Comparison, Query, SearchResult
from core.ports.engines import EngineModel
from core.search.searcher import Searcher


def compare(searcher: Searcher, query: Query, models: Sequence[EngineModel]) -> Comparison:
    """Answer a query with each engine and measure how far the results agree."""
    results = searcher.search_all(query, models)
    return Comparison(results, overlaps(results), ranks(results))


def overlaps(results: Sequence[SearchResult]) -> dict[tuple[str, str], float]:
    """Return the Jaccard overlap of the hits per pair of engines; 1 if both have no hits."""
    ids_by_engine = {result.engine: {hit.item.item_id for hit in result.hits} for result in results}
    return {
        (first, second): _jaccard(ids_by_engine[first], ids_by_engine[second])
        for first, second in combinations(ids_by_engine, 2)
    }


def ranks(results: Sequence[SearchResult]) -> dict[str, dict[str, int]]:
    """Return the rank of every hit per engine: ``ranks[item_id][engine]``."""
    table: dict[str, dict[str, int]] = {}
    for result in results:
        for hit in result.hits:
            table.setdefault(hit.item.item_id, {})[result.engine] = hit.rank
    return table


def _jaccard(first: set[str], second: set[str]) -> float:
    union = first | second
    return len(first & second) / len(union) if union else 1.0
