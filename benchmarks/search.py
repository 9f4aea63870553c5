"""Search latency: the studio on a catalogue, and exact search against index on synthetic rows.

python -m benchmarks.search [--data-dir DIR] [--catalog demo] [--rows 20000]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.app.studio import Studio
from core.domain import Query
from core.settings import load_settings
from core.store.database import open_database
from core.store.vectors import EXACT_LIMIT, VectorRow, VectorTable

QUERIES = ["wooden chair", "oranges in a crate", "portrait of a woman", "red sofa", "desk lamp"]
DIM = 512


def timed(calls: list[Callable[[], object]], rounds: int = 5) -> str:
    """Median and 95th percentile in milliseconds, after one round to warm up."""
    for call in calls:
        call()
    times = []
    for call in calls * rounds:
        started = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - started))
    return f"median {statistics.median(times):6.1f} ms   p95 {np.percentile(times, 95):6.1f} ms"


def real(studio: Studio, catalog: str, engine: str) -> None:
    """Text queries and similar items on an indexed catalogue, 20 hits each."""
    items = studio.items(catalog, limit=5)
    texts = [lambda text=text: studio.search(Query(text), engine, catalog) for text in QUERIES]
    similar = [
        lambda item=item: studio.search(Query(item_id=item.item_id), engine, catalog)
        for item in items
    ]
    print(f"{catalog}, {engine}, {studio.catalog(catalog).items} items")
    print(f"  text query     {timed(texts)}   goal: median at most 150 ms")
    print(f"  similar items  {timed(similar)}   goal: median at most 60 ms")


def synthetic(rows: int) -> None:
    """Exact search against the index on random vectors, with recall@20 of the index."""
    rng = np.random.default_rng(0)
    points = unit(rng.normal(size=(rows, DIM)).astype(np.float32))
    queries = unit(rng.normal(size=(20, DIM)).astype(np.float32))
    with tempfile.TemporaryDirectory() as folder:
        table = VectorTable(open_database(Path(folder)), "synthetic")
        table.prepare("random", DIM, 0.0)
        for start in range(0, rows, 5000):
            table.upsert([row(n, points[n]) for n in range(start, min(start + 5000, rows))])
        calls = [lambda query=query: table.nearest(query, 20) for query in queries]
        print(f"{rows} synthetic rows of {DIM}")
        print(f"  exact          {timed(calls, 2)}")
        exact = [{name for name, _, _ in call()} for call in calls]
        started = time.perf_counter()
        table.build_indices()
        print(f"  index built in {time.perf_counter() - started:.0f} s (above {EXACT_LIMIT} rows)")
        print(f"  with index     {timed(calls, 2)}")
        found = [{name for name, _, _ in call()} for call in calls]
        recall = np.mean([len(a & b) / 20 for a, b in zip(exact, found, strict=True)])
        print(f"  recall@20      {recall:.2f}")


def row(number: int, vector: np.ndarray) -> VectorRow:
    """A synthetic row."""
    kind = str(number % 50)
    return VectorRow(str(number), "", "", "", "d", kind, "00" * 8, vector, vector, vector)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Normalised rows."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--catalog", default="demo")
    parser.add_argument("--rows", type=int, default=EXACT_LIMIT + 1)
    parser.add_argument("--only-synthetic", action="store_true")
    given = parser.parse_args()
    if not given.only_synthetic:
        studio = Studio(load_settings(data_dir=given.data_dir))
        for engine in ("clip", "vl-clip"):
            real(studio, given.catalog, engine)
    synthetic(given.rows)


if __name__ == "__main__":
    main()
