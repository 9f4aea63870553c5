"""Build the index of a large vector table, and tune it on the table's own vectors.

Half the queries are the pictures and half the texts of items: what people search with. How wide a
search must be for them differs between tables, so it is measured, and stored with the index.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import cast

import numpy as np
import numpy.typing as npt
from lancedb.index import Bitmap, BTree, HnswFlat
from lancedb.query import LanceVectorQueryBuilder
from lancedb.table import Table
from pydantic import TypeAdapter, ValidationError

from core.domain.search_index import Breadth, SearchIndex
from core.store.damage import reading
from core.store.database import compact, count_rows, read_by
from core.store.frozen_rows import FrozenRows, Vectors

#: Up to this many rows a search is exact; above, an index answers.
EXACT_LIMIT = 20_000
#: Kind of the index, as LanceDB calls it. It keeps full vectors, so cosines are exact. With 8 bits
#: a number it is a third as large and its cosines are off by up to 0.21 where a number lies beyond
#: the range that was sampled; ranking those again takes longer than searching full vectors.
KIND = "IvfHnswFlat"
#: Smallest share of the truly closest items that a search must find.
RECALL = 0.98
#: Numbers of results that a breadth is chosen for.
DEPTHS = (20, 100)
#: Items whose picture and text are the queries of the measurement.
SAMPLE = 60
#: Candidates that are tried, as multiples of the number of results.
_STEPS = (1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32)
#: An index is measured again when the table has grown by so much.
_GROWN = 1.5
#: Rows that are compared with the queries at once; it bounds the memory.
_BLOCK = 20_000

#: Key of the measurement in the metadata of the vector column.
_METADATA = "search_index"
_JSON = TypeAdapter(SearchIndex)


def read_index(table: Table) -> SearchIndex | None:
    """Return the measurement of a table's index; ``None`` if there is none.

    Raises:
        CatalogDamaged: The table can't be read.
    """
    with reading(table):
        text = (table.schema.field("vector").metadata or {}).get(_METADATA.encode())
    if not text:
        return None
    try:
        return _JSON.validate_json(text)
    except ValidationError:  # of a later version
        return None


def has_index(table: Table) -> bool:
    """Tell whether there is an index over the searched vectors."""
    with reading(table):
        return any(index.columns == ["vector"] for index in table.list_indices())


def is_due(table: Table) -> bool:
    """Tell whether a table is large and its index is missing, not measured or not up to date."""
    rows = count_rows(table)
    if rows <= EXACT_LIMIT:
        return False
    with reading(table):
        index = next((i for i in table.list_indices() if i.columns == ["vector"]), None)
    measured = read_index(table)
    return (
        index is None
        or index.index_type != KIND
        or bool(index.num_unindexed_rows)
        or measured is None
        or rows > measured.rows * _GROWN
    )


def build(table: Table, freeze: Callable[[], FrozenRows]) -> SearchIndex | None:
    """Build or update the index of a large table and measure it.

    Rows can be searched and added meanwhile.

    Args:
        table: The table.
        freeze: Returns its latest rows, frozen.
    """
    if count_rows(table) <= EXACT_LIMIT:
        return None
    _create_missing(table)
    compact(table)
    measured, rows = read_index(table), count_rows(table)
    if measured is None or rows > measured.rows * _GROWN:
        measured = measure(table, freeze())
        text = _JSON.dump_json(measured).decode()
        table.update_field_metadata({"path": "vector", "metadata": {_METADATA: text}})
    return measured


def _create_missing(table: Table) -> None:
    have = {index.columns[0]: index.index_type for index in table.list_indices()}
    wanted: dict[str, HnswFlat | Bitmap | BTree] = {
        "vector": HnswFlat(distance_type="cosine", ef_construction=150),
        "department": Bitmap(),
        "product_type": Bitmap(),
        "item_id": BTree(),
    }
    for column, config in wanted.items():
        if column not in have or (column == "vector" and have[column] != KIND):
            table.create_index(column, config=config, wait_timeout=timedelta(hours=4))


def measure(table: Table, frozen: FrozenRows) -> SearchIndex:
    """Find the smallest breadth that reaches ``RECALL``, for each depth.

    Args:
        table: The table.
        frozen: Its frozen rows, which are searched.
    """
    queries = sample(table, frozen)
    deepest = max(DEPTHS)
    truth = closest(blocks(table), queries, deepest)
    breadths: dict[int, Breadth] = {}
    seconds = 0.0
    for depth in DEPTHS:
        breadths[depth], spent = _narrowest(frozen, queries, truth[:, :depth])
        seconds = seconds or spent
    return SearchIndex(
        KIND,
        len(frozen.row_ids),
        len(queries),
        breadths,
        milliseconds=1000 * seconds,
        exact_milliseconds=1000 * _exact_seconds(table, queries[:5], min(DEPTHS)),
    )


def sample(table: Table, frozen: FrozenRows) -> Vectors:
    """Pictures and texts of evenly spread items as queries, ``[n, d] float32``."""
    rows = len(frozen.item_ids)
    places = sorted({rows * step // SAMPLE for step in range(SAMPLE)})
    ids = [frozen.item_ids[place].as_py() for place in places]
    read = read_by(table, "item_id", ids, ["image_vector", "text_vector"])
    parts = [column.combine_chunks().flatten().to_numpy() for column in read.columns]
    return np.concatenate([part.reshape(read.num_rows, -1) for part in parts])


def blocks(table: Table) -> Iterator[tuple[npt.NDArray[np.uint64], Vectors]]:
    """Row ids and searched vectors of all rows, some thousand at a time."""
    with reading(table):
        reader = table.search().select(["vector"]).with_row_id(True).to_batches(_BLOCK)
        for batch in reader:
            flat = batch["vector"].flatten().to_numpy(zero_copy_only=False)
            yield batch["_rowid"].to_numpy(), flat.reshape(batch.num_rows, -1)


def closest(
    parts: Iterator[tuple[npt.NDArray[np.uint64], Vectors]], queries: Vectors, count: int
) -> npt.NDArray[np.uint64]:
    """Row ids of the truly closest rows, ``[queries, count]``, best first."""
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
    frozen: FrozenRows, queries: Vectors, truth: npt.NDArray[np.uint64]
) -> tuple[Breadth, float]:
    """Return the smallest breadth that reaches ``RECALL``, else the best, and its median time."""
    depth = truth.shape[1]
    best, seconds = Breadth(depth), 0.0
    for step in _STEPS:
        breadth = Breadth(round(step * depth))
        times, hits = [], 0
        for query, expected in zip(queries, truth, strict=True):
            started = time.perf_counter()
            rows, _ = frozen.search(query, depth, breadth)
            times.append(time.perf_counter() - started)
            hits += len(np.intersect1d(rows, expected))
        recall = hits / truth.size
        if recall > best.recall:
            best = Breadth(breadth.candidates, round(recall, 4))
            seconds = float(np.median(times))
        if recall >= RECALL:
            break
    return best, seconds


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
