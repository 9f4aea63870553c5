"""Serve a catalogue of made items: memory, bytes, time to build, and searches by words and vectors.

    python -m benchmarks.large_catalog DIR [--rows 1000000] [--index-mb 1500] [--again]

DIR becomes a data directory with the catalogue ``made`` and one engine, ``clip``. Its vectors are
those of ``benchmarks.search`` (made, like the demo's), its titles are words of the vocabularies.
The index is built in this process. Then another process, which has the catalogue and the models and
nothing else, searches: with new points, whose true neighbours are known, and with words through
the whole of the search. ``--again`` searches what is there.

Memory is PSS: what a process has for itself, and its share of what it has with others; files that
the system keeps in memory are not in it. Building is compared with searches without an index, in
the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa

from benchmarks.search import DEPTH, DIM, Points
from core.app.studio import Studio
from core.domain import NO_PHOTO, Item, Query
from core.domain.search_index import SearchIndex
from core.settings import load_settings
from core.store.catalog_store import CatalogStore
from core.store.index_measurement import closest
from core.store.items import SCHEMA, ItemRecord, _row
from core.store.statistics import SAMPLE, CosineStatistics
from core.store.vectors import list_array, vector_schema

NAME, ENGINE, QUERIES = "made", "clip", 200
COLOURS = ("red", "green", "blue", "white", "black", "grey", "brown", "yellow", "beige", "pink")
MATERIALS = ("oak", "steel", "glass", "linen", "leather", "velvet", "marble", "wool", "brass")
THINGS = ("chair", "table", "sofa", "lamp", "shelf", "rug", "mirror", "bed", "stool", "cushion",
          "desk", "vase", "curtain", "cabinet", "bench", "basket", "clock", "plate", "mug",
          "jacket", "dress", "shirt", "boots", "bag", "watch")  # fmt: skip
SEARCHES = ("green velvet sofa", "oak table", "a lamp of brass", "wool rug", "leather boots",
            "white linen curtain", "mirror", "black steel shelf", "beige cushion",
            "glass vase")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--index-mb", type=int, help="See VLCLIP_SEARCH_INDEX_MB.")
    parser.add_argument("--again", action="store_true", help="Search what is there.")
    parser.add_argument("--serving", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    settings = load_settings(data_dir=given.folder, search_index_mb=given.index_mb)
    studio, points = Studio(settings), Points(given.rows)
    if given.serving:
        serve(studio, points)
        return
    store = CatalogStore(
        given.folder / "catalogs" / NAME, index_bytes=settings.search_index_mb * 10**6
    )
    if not given.again:
        make(store, points, studio, given.rows)
        index(store, given.rows)
    command = [sys.executable, "-m", "benchmarks.large_catalog", str(given.folder), "--serving",
               "--rows", str(given.rows)]  # fmt: skip
    if given.index_mb is not None:
        command += ["--index-mb", str(given.index_mb)]
    subprocess.run(command, check=True)


def make(store: CatalogStore, points: Points, studio: Studio, rows: int) -> None:
    """Write items and vectors, where they are not there yet."""
    model = studio._models.engine(ENGINE)
    table = store.vectors(ENGINE)
    table.prepare(model.fingerprint, DIM, model.engine.text_weight)
    if table.count() == rows:
        return
    started = time.perf_counter()
    for start, block in points.blocks():
        items = [item(number) for number in range(start, start + len(block))]
        lines = [_row(ItemRecord(product, "")) for product in items]
        store.items.table.add(pa.Table.from_pylist(lines, schema=SCHEMA))
        assert table.table is not None
        table.table.add(vectors_of(items, block))
    store.items.index_words()
    statistics = CosineStatistics.of(points.some(SAMPLE, 0))
    store.statistics.write(ENGINE, model.fingerprint, "", statistics)
    store.compact(at_least=2, indexed=False)
    print(f"{rows:,} items written in {time.perf_counter() - started:.0f} s", flush=True)


def item(number: int) -> Item:
    """Return an item without a photo, whose title is three words."""
    mixed = number * 2_654_435_761 % 2**32
    colour, material, thing = (
        words[mixed // by % len(words)]
        for words, by in ((COLOURS, 7), (MATERIALS, 97), (THINGS, 997))
    )
    return Item(
        f"item-{number:08}", f"{colour} {material} {thing}", NO_PHOTO, department="made",
        product_type=thing,
    )  # fmt: skip


def vectors_of(items: list[Item], block: np.ndarray) -> pa.Table:
    """Return the rows of a vector table: picture, text and what is searched are one vector."""
    schema, vectors = vector_schema(DIM), list_array(block)
    texts = {
        "item_id": [product.item_id for product in items],
        "department": [product.department for product in items],
        "product_type": [product.product_type for product in items],
        "phash": [f"{2_654_435_761 * int(product.item_id[5:]) % 2**64:016x}" for product in items],
    }
    columns = [
        vectors
        if field.name.endswith("vector")
        else pa.array(texts.get(field.name, ["k" * 64] * len(items)), pa.string())
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def index(store: CatalogStore, rows: int) -> None:
    """Build the index, and print what it took beside searches without one."""
    started = time.perf_counter()
    measured = store.vectors(ENGINE).build_index()
    spent = time.perf_counter() - started
    assert measured is not None
    folder = store.root / "lance" / f"vectors_{ENGINE}.lance"
    print(f"{rows:,} rows, load {os.getloadavg()[0]:.1f}: {measured.summary}")
    searches = 1000 * spent / measured.exact_milliseconds
    print(f"  built and measured in {spent:.0f} s, as {searches:.0f} searches without an index")
    print(f"  bytes an item: index {newest(folder / '_indices') / rows:.0f}, "
          f"table {size(folder / 'data') / rows:.0f}")  # fmt: skip
    print(f"  breadths {breadths(measured)}; most memory while it was built: "
          f"{peak() / 1e9:.2f} GB", flush=True)  # fmt: skip


def serve(studio: Studio, points: Points) -> None:
    """Search as a server does, and print times, recall and memory."""
    began = pss()
    studio.warm_up()
    models = pss()
    store = studio._library.get(NAME).store
    table = store.vectors(ENGINE)
    queries = points.some(QUERIES, -1 % 2**31)
    table._freezer.now()
    parts = ((np.arange(a, a + len(b), dtype=np.uint64), b) for a, b in points.blocks())
    truth = [{f"item-{number:08}" for number in row} for row in truth_of(studio, parts, queries)]
    times, hits = [], 0
    for query, expected in zip(queries, truth, strict=True):
        started = time.perf_counter()
        names = {name for name, _, _ in table.nearest(query, DEPTH)}
        times.append(1000 * (time.perf_counter() - started))
        hits += len(names & expected)
    print(f"  vectors: recall@{DEPTH} {hits / DEPTH / QUERIES:.4f}, {line(times)}")
    print(f"  memory: at the start {began / 1e9:.2f}, with models {models / 1e9:.2f}, "
          f"with the index {pss() / 1e9:.2f} GB")  # fmt: skip
    words: list[float] = []
    for _ in range(5):
        results = [studio.search(Query(text, k=DEPTH), ENGINE, NAME) for text in SEARCHES]
        words += [result.search_ms for result in results] if words or _ else []
    print(f"  words, without the encoder: {line(words)}; memory {pss() / 1e9:.2f} GB")
    started = time.perf_counter()
    studio.facets(NAME)
    print(f"  facets read in {time.perf_counter() - started:.1f} s: memory {pss() / 1e9:.2f} GB, "
          f"RSS {psutil.Process().memory_info().rss / 1e9:.2f}, most {peak() / 1e9:.2f} GB; "
          f"load {os.getloadavg()[0]:.1f}")  # fmt: skip


def truth_of(
    studio: Studio, parts: Iterator[tuple[Any, np.ndarray]], queries: np.ndarray
) -> np.ndarray:
    """Return the numbers of the truly closest items; computed once and kept beside them."""
    file = studio.settings.data_dir / f"truth-{QUERIES}.npy"
    if not file.exists():
        np.save(file, closest(parts, queries, DEPTH), allow_pickle=False)
    return np.asarray(np.load(file, allow_pickle=False))


def line(times: list[float]) -> str:
    """Return median and 95th percentile of milliseconds."""
    return f"p50 {np.percentile(times, 50):.2f}, p95 {np.percentile(times, 95):.2f} ms"


def breadths(measured: SearchIndex) -> str:
    """Return the chosen breadths as JSON."""
    return json.dumps({depth: [b.probes, b.candidates, b.recall]
                       for depth, b in measured.breadths.items()})  # fmt: skip


def pss() -> int:
    """Return the memory of this process, bytes."""
    return int(psutil.Process().memory_full_info().pss)


def peak() -> int:
    """Return the most resident memory that this process had, bytes."""
    status = Path("/proc/self/status").read_text("ascii")
    return next(1024 * int(text.split()[1]) for text in status.splitlines() if "VmHWM" in text)


def size(folder: Path) -> int:
    """Return the bytes of a folder's files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def newest(folder: Path) -> int:
    """Return the bytes of the index that was written last of those that are the largest."""
    folders = [path for path in folder.iterdir() if path.is_dir()]
    vectors = [path for path in folders if (path / "auxiliary.idx").exists()]
    return size(max(vectors, key=lambda path: path.stat().st_mtime))


if __name__ == "__main__":
    main()
