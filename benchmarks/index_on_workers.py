"""Compare a search index that workers of a Ray build with that of one process: work, recall, time.

    python -m benchmarks.index_on_workers [--rows 80000] [--workers 4]

The table has the points of ``benchmarks.search`` in fragments of 20,000 rows. What a build takes is
counted in seconds of processor time, which a busy machine changes little: for workers, those of the
process that trains and joins, and those of each part; machines of their own would need the first
and the longest of the others. Both indices are searched with the same breadth.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.search import DEPTH, Points, store
from core.base.ray_cluster import RAY, RayCluster
from core.domain.search_index import Breadth
from core.pipeline import index_on_workers
from core.pipeline.index_on_workers import trainer_on
from core.store.database import open_database
from core.store.index_kinds import COMPRESSED, FULL
from core.store.index_measurement import closest
from core.store.vector_index import Trainer, train
from core.store.vectors import VectorTable

QUERIES = 100
#: Candidates and partitions that both indices of a kind are searched with.
BREADTHS = {FULL: Breadth(80), COMPRESSED: Breadth(160, probes=16)}


class Counted:
    """Workers that say how much processor time each part took.

    Args:
        cluster: The workers.
    """

    def __init__(self, cluster: RayCluster) -> None:
        self.count, self._cluster, self.seconds = cluster.count, cluster, list[float]()

    def call(self, function: Callable[..., Any], *given: Any) -> Any:
        answer, seconds = self._cluster.call(counted, function, *given)
        self.seconds.append(seconds)
        return answer

    def pool(self, make: Callable[[], Any]) -> Any:
        return self._cluster.pool(make)


def counted(function: Callable[..., Any], *given: Any) -> tuple[Any, float]:
    """Run a function in a worker; return its result and the processor time of all its threads."""
    began = time.process_time()
    return function(*given), time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=80_000)
    parser.add_argument("--workers", type=int, default=4)
    given = parser.parse_args()
    index_on_workers.LEAST_ROWS = 1
    points = Points(given.rows)
    queries = points.some(QUERIES, -1 % 2**31)
    with RayCluster(RAY, given.workers) as cluster, tempfile.TemporaryDirectory() as folder:
        table = VectorTable(open_database(Path(folder)), "made")
        store(table, points)
        rows = ((np.arange(a, a + len(b), dtype=np.uint64), b) for a, b in points.blocks())
        truth = closest(rows, queries, DEPTH)
        for kind in (COMPRESSED, FULL):
            workers = Counted(cluster)
            report("one process", table, kind, train, queries, truth)
            report(f"{given.workers} workers", table, kind, trainer_on(workers), queries, truth)
            parts = ", ".join(f"{seconds:.1f}" for seconds in sorted(workers.seconds))
            print(f"    each part: {parts} s of processor time; load {os.getloadavg()[0]:.1f}")


def report(
    way: str,
    table: VectorTable,
    kind: str,
    trainer: Trainer,
    queries: np.ndarray,
    truth: np.ndarray,
) -> None:
    """Build an index, and print what it took and what its searches find."""
    assert table.table is not None
    wall, processor = time.perf_counter(), time.process_time()
    trainer(table.table, kind)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    frozen, times, hits = table._freezer.now(), [], 0
    for query, expected in zip(queries, truth, strict=True):
        started = time.process_time()
        names = {int(name[5:]) for name, _, _ in frozen.nearest(query, DEPTH, BREADTHS[kind])}
        times.append(1000 * (time.process_time() - started))
        hits += len(names & set(expected.tolist()))
    print(
        f"{kind}, {way}: {processor:.1f} s of this process's processor time, {wall:.0f} s in all; "
        f"recall@{DEPTH} {hits / DEPTH / len(truth):.4f}, {np.median(times):.2f} ms of processor "
        "time a search",
        flush=True,
    )


if __name__ == "__main__":
    main()
