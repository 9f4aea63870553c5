"""Index a file on a Ray that runs already; prints a line at every report of progress.

``python -m tests.core.pipeline.ray_driver ADDRESS FOLDER FILE SECONDS``; a worker takes so many
seconds at least to ground a chunk, so that results come one after another.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

from core.domain import Progress
from core.pipeline.stage_chunks import Chunk, ItemResult, StageWorker
from core.ports.engines import IndexingModels
from tests.core.base.ray_heads import connected
from tests.core.pipeline.small import bench


def models() -> IndexingModels:
    return bench().models


class Slow:
    """A stage worker that takes its time."""

    def __init__(self, seconds: float) -> None:
        self._worker, self._seconds = StageWorker(models), seconds

    def __call__(self, chunk: Chunk) -> list[ItemResult]:
        if chunk.models.grounder:
            time.sleep(self._seconds)
        return self._worker(chunk)


def report(progress: Progress) -> None:
    print("step", progress.stage, progress.done, flush=True)


def main(address: str, root: Path, source: Path, seconds: float) -> None:
    begun = time.monotonic()
    with connected(address) as workers:
        from tests.core.pipeline.test_remote_stages import index_remotely  # imports LanceDB

        done = index_remotely(
            root, source, workers, models, make=partial(Slow, seconds), on_progress=report
        )
    grounded = done.per_stage.get("grounding", 0)
    print("ended", done.items, grounded, round(time.monotonic() - begun, 1), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]))
