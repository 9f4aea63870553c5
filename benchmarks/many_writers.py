"""Let eight processes write into one table at once: are rows lost, or stored twice?

    python -m benchmarks.many_writers [--rows 10000] [--chunk 1000] [--bucket]

Each process inserts rows of its own, a chunk per commit. Lance commits one after the other: whoever
is second merges again with what the first one inserted. Where it gives up after some tries, the
chunk is written anew here, and counted. The table lies in a folder, or in a bucket of the S3 server
of the tests, which answers one request at a time.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta

import lancedb
import numpy as np

from core.store.database import read_rows
from core.store.vectors import VectorRow, VectorTable, to_arrow
from tests.object_store import BUCKET, object_store

DIM, PROCESSES = 64, 8


def opened(place: str) -> VectorTable:
    """Return the table; every read of it sees the latest commit."""
    return VectorTable(lancedb.connect(place, read_consistency_interval=timedelta(0)), "made")


def write(place: str, process: int, rows: int, chunk: int) -> int:
    """Insert rows of a process's own; return how many commits were given up and done anew."""
    table, given_up = opened(place), 0
    rng = np.random.default_rng(process)
    for first in range(0, rows, chunk):
        vectors = rng.normal(size=(min(chunk, rows - first), DIM)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        new = to_arrow([
            VectorRow(f"{process}-{first + n}", "k", "g", "r", "home", "chair", "0", v, v, v)
            for n, v in enumerate(vectors)
        ])  # fmt: skip
        while True:
            try:
                table.insert_new(new)
                break
            except (OSError, RuntimeError) as error:
                given_up += 1
                print(f"  process {process}: {str(error)[:120]}", flush=True)
    return given_up


def measure(place: str, rows: int, chunk: int) -> None:
    """Let all processes write, and print what the table holds then."""
    opened(place).prepare("f", DIM, 0.0)
    work = [(place, process, rows, chunk) for process in range(PROCESSES)]
    started = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        given_up = sum(pool.starmap(write, work))
    spent = time.monotonic() - started
    table = opened(place).table
    assert table is not None
    counts = Counter(read_rows(table, ["item_id"])["item_id"].to_pylist())
    wanted = {f"{process}-{n}" for process in range(PROCESSES) for n in range(rows)}
    print(
        f"{PROCESSES} processes x {rows:,} rows, {chunk:,} a commit, into a "
        f"{'bucket' if '://' in place else 'folder'}: "
        f"{len(wanted - counts.keys()):,} lost, {sum(counts.values()) - len(counts):,} doubled of "
        f"{len(wanted):,}; {given_up} commits done anew; {spent:.0f} s, "
        f"load {os.getloadavg()[0]:.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--chunk", type=int, default=1_000)
    parser.add_argument("--bucket", action="store_true")
    given = parser.parse_args()
    with ExitStack() as ended:
        place = ended.enter_context(tempfile.TemporaryDirectory())
        if given.bucket:
            ended.enter_context(object_store())
            place = f"s3://{BUCKET}/many"
        measure(place, given.rows, given.chunk)


if __name__ == "__main__":
    main()
