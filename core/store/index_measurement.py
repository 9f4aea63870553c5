"""Measure the index of a large vector table on the table's own vectors.

Half the queries are the pictures and half the texts of items: what people search with. How wide a
search must be for them differs between tables, so it is measured, and stored with the index.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import numpy.typing as npt
from lancedb.query import LanceVectorQueryBuilder
from lancedb.table import Table

from core.domain.search_index import Breadth, SearchIndex
from core.store import index_kinds
from core.store.damage import reading
from core.store.database import read_by
from core.store.frozen_rows import FrozenRows, Vectors

#: Smallest share of the truly closest items that a search must find.
RECALL = 0.98
#: Numbers of results that a breadth is chosen for.
DEPTHS = (20, 100)
#: Items whose picture and text are the queries of a measurement.
SAMPLE = 60
#: Rows that are compared with the queries at once; it bounds the memory.
_BLOCK = 20_000


def measure(table: Table, frozen: FrozenRows, kind: str) -> SearchIndex:
    """Find the smallest breadth that reaches ``RECALL``, for each depth.

    Args:
        table: The table.
        frozen: Its frozen rows, which are searched.
        kind: The kind of its index.
    """
    queries = sample(table, frozen.item_ids.to_pylist())
    deepest = max(DEPTHS)
    truth = closest(blocks(table), queries, deepest)
    breadths: dict[int, Breadth] = {}
    seconds = 0.0
    for depth in DEPTHS:
        steps = index_kinds.steps(kind, depth)
        breadths[depth], spent = _narrowest(frozen, queries, truth[:, :depth], steps)
        seconds = seconds or spent
    return SearchIndex(
        kind,
        len(frozen.row_ids),
        len(queries),
        breadths,
        milliseconds=1000 * seconds,
        exact_milliseconds=1000 * _exact_seconds(table, queries[:5], min(DEPTHS)),
    )


def recall_of(table: Table, frozen: FrozenRows, item_ids: Sequence[str], breadth: Breadth) -> float:
    """Return the share of the closest rows that items' pictures and texts find.

    Args:
        table: The table.
        frozen: Its frozen rows, which are searched.
        item_ids: The items; at most ``SAMPLE`` of them, evenly spread, are asked with.
        breadth: How widely is searched.
    """
    queries = sample(table, item_ids)
    truth = closest(blocks(table), queries, min(DEPTHS))
    return _recall(frozen, queries, truth, breadth)[0]


def sample(table: Table, item_ids: Sequence[str]) -> Vectors:
    """Return pictures and texts of evenly spread items as queries, ``[n, d] float32``."""
    rows = len(item_ids)
    places = sorted({rows * step // SAMPLE for step in range(SAMPLE)})
    ids = [item_ids[place] for place in places]
    read = read_by(table, "item_id", ids, ["image_vector", "text_vector"])
    parts = [column.combine_chunks().flatten().to_numpy() for column in read.columns]
    return np.concatenate([part.reshape(read.num_rows, -1) for part in parts])


def blocks(table: Table) -> Iterator[tuple[npt.NDArray[np.uint64], Vectors]]:
    """Yield row ids and searched vectors of all rows, some thousand at a time."""
    with reading(table):
        reader = table.search().select(["vector"]).with_row_id(True).to_batches(_BLOCK)
        for batch in reader:
            flat = batch["vector"].flatten().to_numpy(zero_copy_only=False)
            yield batch["_rowid"].to_numpy(), flat.reshape(batch.num_rows, -1)


def closest(
    parts: Iterator[tuple[npt.NDArray[np.uint64], Vectors]], queries: Vectors, count: int
) -> npt.NDArray[np.uint64]:
    """Return row ids of the truly closest rows, ``[queries, count]``, best first."""
    ids = np.zeros((len(queries), 0), np.uint64)
    cosines = np.zeros((len(queries), 0), np.float32)
    for row_ids, vectors in parts:
        ids = np.concatenate([ids, np.broadcast_to(row_ids, (len(queries), len(row_ids)))], axis=1)
        cosines = np.concatenate([cosines, queries @ vectors.T], axis=1)
        best = np.argpartition(-cosines, min(count, cosines.shape[1]) - 1, axis=1)[:, :count]
        best = np.take_along_axis(
            best, np.argsort(-np.take_along_axis(cosines, best, 1), axis=1), 1
        )
        ids, cosines = np.take_along_axis(ids, best, 1), np.take_along_axis(cosines, best, 1)
    return ids


def _narrowest(
    frozen: FrozenRows,
    queries: Vectors,
    truth: npt.NDArray[np.uint64],
    steps: Sequence[Breadth],
) -> tuple[Breadth, float]:
    """Return the first breadth that reaches ``RECALL``, else the best, and its median time."""
    best, seconds = Breadth(truth.shape[1]), 0.0
    for breadth in steps:
        recall, spent = _recall(frozen, queries, truth, breadth)
        if recall > best.recall:
            best, seconds = replace(breadth, recall=round(recall, 4)), spent
        if recall >= RECALL:
            break
    return best, seconds


def _recall(
    frozen: FrozenRows, queries: Vectors, truth: npt.NDArray[np.uint64], breadth: Breadth
) -> tuple[float, float]:
    """Return the share of the true rows that searches find, and their median seconds."""
    times, hits = [], 0
    for query, expected in zip(queries, truth, strict=True):
        started = time.perf_counter()
        rows, _ = frozen.search(query, truth.shape[1], breadth)
        times.append(time.perf_counter() - started)
        hits += len(np.intersect1d(rows, expected))
    return hits / truth.size, float(np.median(times))


def _exact_seconds(table: Table, queries: Vectors, count: int) -> float:
    times = []
    for query in queries:
        started = time.perf_counter()
        with reading(table):
            search = cast("LanceVectorQueryBuilder", table.search(query, "vector"))
            search = search.distance_type("cosine").bypass_vector_index()
            search.select(["item_id", "_distance"]).limit(count).to_arrow()
        times.append(time.perf_counter() - started)
    return float(np.median(times))
