"""Seconds to index an item with all engines ÷ one float32 pass of the image tower in PyTorch.

The items of a file are indexed into an empty catalogue: read, grounded, rewritten, embedded,
written. Models are loaded before. The float32 pass (one picture at 224 px) is timed in the same
process before and after, and its median counts; on a busy machine the ratio of processor time says
more than that of the clock.

    python -m benchmarks.indexing FILE.parquet [--rows 200]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.runtimes import print_machine
from core.app.studio import Studio
from core.embedding.compact import CompactEncoder
from core.settings import load_settings
from core.weights import WeightStore

#: Rows that are indexed first, so that all models are loaded.
WARM = 3
#: Passes of the tower that are timed before, and after.
PASSES = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int, default=200)
    given = parser.parse_args()
    print("python -m benchmarks.indexing", *sys.argv[1:])
    print_machine()
    rows = pd.read_parquet(given.file)
    rows = rows.iloc[np.linspace(0, len(rows) - 1, min(given.rows + WARM, len(rows))).astype(int)]
    plain = CompactEncoder(WeightStore.from_settings(load_settings()), "cpu", "float32", "torch")
    shown = np.zeros((1, 3, 224, 224), np.uint8)
    plain.tower.pooled(shown)
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(load_settings(data_dir=Path(folder) / "data"))
        files = {"warm": rows.iloc[:WARM], "items": rows.iloc[WARM:]}
        for name, part in files.items():
            part.to_parquet(Path(folder) / f"{name}.parquet")
        studio.indexing.index(Path(folder) / "warm.parquet", name="warm")
        passes = [taken(lambda: plain.tower.pooled(shown)) for _ in range(PASSES)]
        reports = []
        source = Path(folder) / "items.parquet"
        clock, processor = taken(
            lambda: reports.append(studio.indexing.index(source, name="items"))
        )
        passes += [taken(lambda: plain.tower.pooled(shown)) for _ in range(PASSES)]
    count, (base_clock, base_processor) = reports[0].added, np.median(passes, axis=0)
    print(f"{count} items, {len(reports[0].quarantined)} left out: {dict(reports[0].per_stage)}")
    print(f"one float32 pass: {base_clock:.2f} s, {base_processor:.2f} s of processor")
    print(
        f"an item ÷ that: {clock / count / base_clock:.2f} by the clock "
        f"({clock / count:.2f} s), {processor / count / base_processor:.2f} by processor time"
    )


def taken(work: Callable[[], object]) -> tuple[float, float]:
    """Return seconds of clock and of processor time."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


if __name__ == "__main__":
    main()
