"""Search an index that lies in a bucket: the first search and later ones, with LanceDB's cache.

    python -m benchmarks.index_in_bucket [--rows 40000]

The S3 server of the tests answers on this machine, one request at a time, so requests say more than
times. LanceDB keeps what it read of an index and of the table's metadata in memory, per process; it
has no cache on disk. Each way opens the table anew: with that cache, without it (a cache of no
bytes), and as servers search, with the whole index read first and the rows' ids in memory. The same
table in a folder is beside it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import lancedb
import numpy as np

from benchmarks.search import DEPTH, Points, store
from core.store.database import open_database
from core.store.frozen_rows import FrozenRows
from core.store.vectors import VectorTable
from tests.object_store import BUCKET, object_store, requests_of

QUERIES = 6
NAME = "vectors_made"
#: A search of a query that was not asked before.
Search = Callable[[np.ndarray], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=25_000)
    given = parser.parse_args()
    points = Points(given.rows)
    queries = points.some(QUERIES, -1 % 2**31)
    with tempfile.TemporaryDirectory() as folder, object_store() as address:
        for kind, index_bytes in (("compressed", 0), ("full", None)):
            here, uri = Path(folder) / kind, f"s3://{BUCKET}/{kind}"
            built(here, points, index_bytes)
            copied(here, uri)
            for place in (str(here), uri):
                for way in ("cache", "no cache", "index in memory"):
                    label = f"{kind}, {'bucket' if '://' in place else 'folder'}, {way}"
                    asked(label, place, way, queries, address)


def built(folder: Path, points: Points, index_bytes: int | None) -> None:
    """Write the points and build their index in a folder."""
    table = VectorTable(open_database(folder), "made", index_bytes=index_bytes)
    store(table, points)
    measured = table.build_index()
    assert measured is not None
    print(f"{measured.summary}; load {os.getloadavg()[0]:.1f}", flush=True)


def copied(folder: Path, uri: str) -> None:
    """Copy a folder's files into the bucket."""
    import obstore
    from obstore.store import from_url

    bucket = from_url(uri)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            obstore.put(bucket, path.relative_to(folder).as_posix(), path)


def asked(label: str, uri: str, way: str, queries: np.ndarray, address: str) -> None:
    """Open a table in one of the ways, and print what its first search and later ones take."""
    requests_of(address)
    started = time.perf_counter()
    with opened(uri, way) as search:
        begun, opening = time.perf_counter() - started, len(requests_of(address))
        times, counts = [], []
        for query in queries:
            started = time.perf_counter()
            search(query)
            times.append(1000 * (time.perf_counter() - started))
            counts.append(len(requests_of(address)))
    print(
        f"  {label}: opened in {1000 * begun:.0f} ms with {opening} requests; first search "
        f"{times[0]:.1f} ms, {counts[0]} requests; later ones p50 {np.median(times[1:]):.1f} ms, "
        f"{np.median(counts[1:]):.0f} requests",
        flush=True,
    )


@contextmanager
def opened(uri: str, way: str) -> Iterator[Search]:
    """Open the table anew, with a cache of its own."""
    room = 0 if way == "no cache" else 2**31
    session = lancedb.Session(index_cache_size_bytes=room, metadata_cache_size_bytes=room)
    interval = timedelta(0) if "://" not in uri else timedelta(seconds=1)
    database = lancedb.connect(uri, read_consistency_interval=interval, session=session)
    if way == "index in memory":
        table = VectorTable(database, "made")
        index = table.index
        breadth = index.breadth(DEPTH) if index is not None else None
        assert breadth is not None
        rows = FrozenRows.of(database, NAME)
        yield lambda query: rows.nearest(query, DEPTH, breadth)
        return
    table = VectorTable(database, "made")
    table._freezer.at = lambda version: None  # type: ignore[method-assign]
    yield lambda query: table.nearest(query, DEPTH)


if __name__ == "__main__":
    main()
