"""Search within product types of a large table: are answers full, are they right, how long?

    python -m benchmarks.filtered_search [--rows 200000] [--index-mb 1500]

The points are those of ``benchmarks.search``. Scattered types have their share of the rows wherever
these lie. Types that lie together are the points nearest to a direction, which no query is chosen
for: most queries are far from such a type, which is the hardest case for partitions. Each is asked
with new points; the truly closest of the type's rows are known. Times are those of the processor
and of the clock, beside an exact search within the same type.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.search import DEPTH, DIM, Points
from core.domain import Filters
from core.store.catalog_store import CatalogStore
from core.store.database import filter_condition
from core.store.vectors import VectorTable, list_array, vector_schema

QUERIES = 50
#: Shares of the rows.
SCATTERED = (0.2, 0.05, 0.01, 0.001, 0.0001)
TOGETHER = (0.1, 0.01, 0.001)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--index-mb", type=int, default=1500)
    given = parser.parse_args()
    points = Points(given.rows)
    with tempfile.TemporaryDirectory() as folder:
        store = CatalogStore(Path(folder), index_bytes=given.index_mb * 10**6)
        table = store.vectors("made")
        vectors, types, groups = write(table, points)
        measured = table.build_index()
        assert measured is not None
        print(f"{given.rows:,} rows, load {os.getloadavg()[0]:.1f}: {measured.summary}")
        queries = points.some(QUERIES, -1 % 2**31)
        for share in SCATTERED:
            name = f"{share:.2%}"
            filters = Filters(product_types=(name,))
            report(f"scattered {name}", table, queries, vectors, types == name, filters)
        for share in TOGETHER:
            name = f"{share:.2%}"
            filters = Filters(departments=(name,))
            report(f"together {name}", table, queries, vectors, groups == name, filters)


def write(table: VectorTable, points: Points) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Write the points; return them and their types, scattered and together."""
    table.prepare("made", DIM, 0.0)
    schema, rng = vector_schema(DIM), np.random.default_rng(3)
    direction = points.some(1, 99)[0]
    nearness = np.sort(points.some(20_000, 98) @ direction)[::-1]
    kept: tuple[list[np.ndarray], ...] = ([], [], [])
    for start, block in points.blocks():
        drawn = rng.random(len(block))
        types = named(np.cumsum(SCATTERED).tolist(), SCATTERED, drawn)
        limits = [-nearness[int(share * len(nearness))] for share in sorted(TOGETHER)]
        groups = named(limits, sorted(TOGETHER), -(block @ direction))
        texts = {
            "item_id": [f"{number:08}" for number in range(start, start + len(block))],
            "product_type": types.tolist(), "department": groups.tolist(),
        }  # fmt: skip
        columns = [
            list_array(block)
            if field.name.endswith("vector")
            else pa.array(texts.get(field.name, [""] * len(block)), pa.string())
            for field in schema
        ]
        assert table.table is not None
        table.table.add(pa.Table.from_arrays(columns, schema=schema))
        for part, values in zip(kept, (block, types, groups), strict=True):
            part.append(values)
    vectors, types, groups = (np.concatenate(part) for part in kept)
    return vectors, types, groups


def named(limits: Sequence[float], shares: Sequence[float], values: np.ndarray) -> np.ndarray:
    """Return the name of the first share whose limit a value is below; ``rest`` above all."""
    names = np.array([*(f"{share:.2%}" for share in shares), "rest"])
    chosen: np.ndarray = names[np.searchsorted(np.asarray(limits), values)]
    return chosen


def report(
    label: str,
    table: VectorTable,
    queries: np.ndarray,
    vectors: np.ndarray,
    chosen: np.ndarray,
    filters: Filters,
) -> None:
    """Search within one type, by the index and row by row; print what comes and how long."""
    rows = np.flatnonzero(chosen)
    count = min(DEPTH, len(rows))
    cosines = queries @ vectors[rows].T
    truth = [set(rows[np.argsort(-line)[:count]].tolist()) for line in cosines]
    condition = filter_condition(filters)

    def by_index(query: np.ndarray) -> set[int]:
        return {int(name) for name, _, _ in table.nearest(query, DEPTH, condition)}

    def exactly(query: np.ndarray) -> set[int]:
        assert table.table is not None
        search = table.table.search(query, "vector").distance_type("cosine")  # type: ignore[attr-defined]
        search = search.bypass_vector_index().where(condition, prefilter=True)
        return {int(name) for name in search.limit(DEPTH).to_arrow()["item_id"].to_pylist()}

    lines = [asked(search, queries, truth) for search in (by_index, exactly)]
    (hits, least, processor, clock), (_, _, exact_processor, exact_clock) = lines
    print(
        f"  {label} ({len(rows):,} rows): at least {least} of {count} results, recall {hits:.4f}, "
        f"processor {processor:.1f} ms (exact {exact_processor:.1f}), "
        f"clock {clock:.1f} ms (exact {exact_clock:.1f})",
        flush=True,
    )


def asked(
    search: Callable[[np.ndarray], set[int]], queries: np.ndarray, truth: list[set[int]]
) -> tuple[float, int, float, float]:
    """Return recall, fewest results, and medians of milliseconds of processor and clock."""
    search(queries[0])
    processor, clock, hits, least = [], [], 0, DEPTH
    for query, expected in zip(queries, truth, strict=True):
        began, started = time.process_time(), time.perf_counter()
        names = search(query)
        processor.append(1000 * (time.process_time() - began))
        clock.append(1000 * (time.perf_counter() - started))
        hits += len(names & expected)
        least = min(least, len(names))
    share = hits / sum(map(len, truth))
    return share, least, float(np.median(processor)), float(np.median(clock))


if __name__ == "__main__":
    main()
