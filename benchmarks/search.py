"""Measure search latency: the studio on a catalogue, and its vector table beside faiss's HNSW.

    python -m benchmarks.search [--data-dir DIR] [--catalog demo]
    pip install -r benchmarks/requirements.txt
    python -m benchmarks.search --only-synthetic [--rows 100000] [--keep DIR]

The second prints the ratio of medians at the same recall@20, taken by turns in one process. The
vectors are made, not real: a point of 512 numbers is a common direction (all are within a cone, as
those of CLIP are), plus one of ``rows / 20`` cluster centres, plus 1.2 times noise; centres and
noise have deviations that fall as 1 / (place + 8) along random directions. A query is a new point.
Of 700 such points the cosines have mean, deviation, gap between the first and the twentieth
neighbour and effective dimensions near those of the demo's 700 vectors (see ``--likeness``).
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa

from core.app.studio import Studio
from core.domain import Query
from core.domain.search_index import Breadth
from core.settings import load_settings
from core.store.database import open_database
from core.store.frozen_rows import FrozenRows
from core.store.index_measurement import closest
from core.store.vectors import VectorTable, list_array, vector_schema

QUERIES = ["wooden chair", "oranges in a crate", "portrait of a woman", "red sofa", "desk lamp"]
DIM, DEPTH = 512, 20
#: Rows per block.
BLOCK = 20_000
#: Numbers of candidates for both searches.
CANDIDATES = (20, 24, 32, 40, 56, 80, 120, 200, 400)
#: Candidates, recall@20, median and 95th percentile in milliseconds.
Line = tuple[int, float, float, float]
#: Neighbours of a point in faiss's graph, and candidates while it is built, as the project's.
NEIGHBOURS, BUILDING = 32, 150


def timed(calls: Sequence[Callable[[], object]], rounds: int = 5) -> str:
    """Return median and 95th percentile in milliseconds, after one warm-up round."""
    for call in calls:
        call()
    times = []
    for call in [*calls] * rounds:
        started = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - started))
    return f"median {statistics.median(times):6.1f} ms   p95 {np.percentile(times, 95):6.1f} ms"


def real(studio: Studio, catalog: str, engine: str) -> None:
    """Time text queries and similar items on an indexed catalogue, 20 hits each."""
    items = studio.items(catalog, limit=5)
    texts = [lambda text=text: studio.search(Query(text), engine, catalog) for text in QUERIES]
    similar = [
        lambda item=item: studio.search(Query(item_id=item.item_id), engine, catalog)
        for item in items
    ]
    print(f"{catalog}, {engine}, {studio.catalog(catalog).items} items")
    print(f"  text query     {timed(texts)}   goal: median at most 150 ms")
    print(f"  similar items  {timed(similar)}   goal: median at most 60 ms")


class Points:
    """Makes clustered points, in blocks, the same ones every time."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        rng = np.random.default_rng(0)
        spread = 1 / (np.arange(DIM) + 8.0)
        self._spread = (spread / np.linalg.norm(spread)).astype(np.float32)
        self._axes = np.linalg.qr(rng.normal(size=(DIM, DIM)))[0].astype(np.float32)
        cone = rng.normal(size=DIM)
        self._cone = (1.4 * cone / np.linalg.norm(cone)).astype(np.float32)
        self._centres = rng.normal(size=(max(1, rows // 20), DIM)).astype(np.float32) * self._spread

    def some(self, count: int, seed: int) -> np.ndarray:
        """Return new points, ``[count, 512] float32, L2-normalised``."""
        rng = np.random.default_rng((1, seed))
        noise = rng.normal(size=(count, DIM)).astype(np.float32) * self._spread
        centres = self._centres[rng.integers(len(self._centres), size=count)]
        return unit((centres + 1.2 * noise) @ self._axes + self._cone)

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the number of the first row, and the rows, block by block."""
        for start in range(0, self._rows, BLOCK):
            yield start, self.some(min(BLOCK, self._rows - start), start)


def store(table: VectorTable, points: Points) -> None:
    """Write the points, as pictures' vectors, texts' vectors and what is searched."""
    table.prepare("random", DIM, 0.0)
    schema = vector_schema(DIM)
    for start, block in points.blocks():
        names = [f"item-{number:08}" for number in range(start, start + len(block))]
        texts = {
            "item_id": names,
            "key": ["k" * 64] * len(names),
            "department": ["department"] * len(names),
            "product_type": [f"type {number % 50}" for number in range(len(names))],
            "phash": [f"{number:016x}" for number in range(start, start + len(block))],
        }
        vectors = list_array(block)
        columns = [
            vectors
            if field.name.endswith("vector")
            else pa.array(texts.get(field.name, [""] * len(names)), pa.string())
            for field in schema
        ]
        assert table.table is not None
        table.table.add(pa.Table.from_arrays(columns, schema=schema))


def likeness() -> None:
    """Compare 700 made points with 700 of the demo's shipped vectors."""
    import pyarrow.parquet as pq

    file = pq.read_table(load_settings().shipped / "demo/precomputed/vectors_vl-clip.parquet")
    image, text = (
        unit(np.array(file[name].to_pylist(), np.float32))
        for name in ("image_vector", "text_vector")
    )
    for label, vectors in (
        ("demo", unit(0.8 * image + 0.2 * text)[:700]),
        ("made", Points(700).some(700, 0)),
    ):
        cosines = vectors @ vectors.T
        pairs = cosines[np.triu_indices(len(vectors), 1)]
        near = -np.sort(-cosines, axis=1)[:, (1, 20)]
        energy = np.linalg.svd(vectors - vectors.mean(axis=0), compute_uv=False) ** 2
        print(
            f"{label}: cosines {pairs.mean():.2f} ± {pairs.std():.2f}, neighbours 1 to 20 apart "
            f"{np.median(near[:, 0] - near[:, 1]):.2f}, "
            f"{energy.sum() ** 2 / (energy**2).sum():.0f} effective dimensions"
        )


def graph(points: Points, file: Path) -> Any:
    """Read faiss's HNSW over the same points from a file, or build and write it."""
    import faiss

    if file.exists():
        faiss.omp_set_num_threads(1)
        return faiss.read_index(str(file))
    started = time.perf_counter()
    index = faiss.IndexHNSWFlat(DIM, NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = BUILDING
    for _, block in points.blocks():
        index.add(block)
    print(f"  faiss HNSW built in {time.perf_counter() - started:.0f} s")
    faiss.write_index(index, str(file))
    faiss.omp_set_num_threads(1)
    return index


def synthetic(rows: int, count: int, folder: Path) -> None:
    """Compare the project's table and faiss on the same points and queries, in turn."""
    points = Points(rows)
    queries = points.some(count, -1 % 2**31)
    table = VectorTable(open_database(folder), "synthetic")
    if table.count() != rows:
        started = time.perf_counter()
        store(table, points)
        print(f"written in {time.perf_counter() - started:.0f} s")
    index = table.index
    if index is None:
        started = time.perf_counter()
        index = table.build_index()
        print(f"{rows:,} rows: indexed and measured in {time.perf_counter() - started:.0f} s")
    print(f"  the studio says: {index.summary if index else 'exact'}")
    parts = ((np.arange(a, a + len(b), dtype=np.uint64), b) for a, b in points.blocks())
    truth = [{f"item-{number:08}" for number in row} for row in closest(parts, queries, DEPTH)]
    frozen = FrozenRows.of(table._database, table.name)

    def of_studio(query: np.ndarray, candidates: int) -> list[str]:
        return [name for name, _, _ in frozen.nearest(query, DEPTH, Breadth(candidates))]

    lines = compared(of_studio, queries, truth)
    print(f"  memory of the process now: {psutil.Process().memory_info().rss / 1e9:.2f} GB")
    of_faiss = graph(points, folder / "faiss.index")

    def faiss_search(query: np.ndarray, candidates: int) -> list[str]:
        of_faiss.hnsw.efSearch = candidates
        return [f"item-{number:08}" for number in of_faiss.search(query[None], DEPTH)[1][0]]

    results = {of_studio: lines, faiss_search: compared(faiss_search, queries, truth)}
    best = {name: at_recall(rows_, 0.98) for name, rows_ in results.items()}
    for search, label in ((of_studio, "studio"), (faiss_search, "faiss ")):
        for candidates, recall, half, most in results[search]:
            print(
                f"  {label} {candidates:4} candidates  recall@20 {recall:.4f}  "
                f"p50 {half:.2f}  p95 {most:.2f} ms"
            )
    mine, other = ([search, best[search]] for search in (of_studio, faiss_search))
    print(f"  load {os.getloadavg()[0]:.1f}; by turns: {ratio(queries, mine, other)}")
    table._freezer.now()
    whole = by_turns(
        queries, lambda q: table.nearest(q, DEPTH), lambda q: of_studio(q, best[of_studio])
    )
    print(f"  VectorTable.nearest, with its look for newer rows: {whole[0]:.2f} ms p50")


def compared(
    search: Callable[[np.ndarray, int], list[str]], queries: np.ndarray, truth: list[set[str]]
) -> list[Line]:
    """Return a line for each number of candidates."""
    lines = []
    for candidates in CANDIDATES:
        search(queries[0], candidates)
        times, hits = [], 0
        for query, expected in zip(queries, truth, strict=True):
            started = time.perf_counter()
            names = search(query, candidates)
            times.append(1000 * (time.perf_counter() - started))
            hits += len(expected & set(names))
        recall = hits / DEPTH / len(queries)
        late = float(np.percentile(times, 95))
        lines.append((candidates, recall, statistics.median(times), late))
    return lines


def at_recall(lines: list[Line], recall: float) -> int:
    """Return the fewest candidates that reach a recall, or the most that were tried."""
    return next((line[0] for line in lines if line[1] >= recall), lines[-1][0])


def ratio(queries: np.ndarray, mine: list[Any], other: list[Any]) -> str:
    """Return the medians of both searches at their own numbers of candidates, and the ratio."""
    first, second = by_turns(
        queries, lambda q: mine[0](q, mine[1]), lambda q: other[0](q, other[1])
    )
    return (
        f"studio ({mine[1]} candidates) {first:.2f} ms, faiss ({other[1]}) {second:.2f} ms p50, "
        f"ratio {first / second:.1f}   goal: at most 4"
    )


def by_turns(
    queries: np.ndarray, *calls: Callable[[np.ndarray], object], rounds: int = 3
) -> list[float]:
    """Return the median milliseconds of calls that are run in turn for every query."""
    times: list[list[float]] = [[] for _ in calls]
    for query in np.concatenate([queries] * rounds):
        for call, spent in zip(calls, times, strict=True):
            started = time.perf_counter()
            call(query)
            spent.append(1000 * (time.perf_counter() - started))
    return [statistics.median(spent) for spent in times]


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return the normalised rows."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--catalog", default="demo")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--keep", type=Path, help="Folder that keeps the made table.")
    parser.add_argument("--only-synthetic", action="store_true")
    parser.add_argument("--likeness", action="store_true")
    given = parser.parse_args()
    if given.likeness:
        likeness()
        return
    if not given.only_synthetic:
        studio = Studio(load_settings(data_dir=given.data_dir))
        for engine in ("clip", "vl-clip"):
            real(studio, given.catalog, engine)
        return
    with tempfile.TemporaryDirectory() as folder:
        synthetic(given.rows, given.queries, (given.keep or Path(folder)) / str(given.rows))


if __name__ == "__main__":
    main()
