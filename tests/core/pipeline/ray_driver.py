"""Index a file on a Ray that runs already; prints a line at every report of progress.

``python -m tests.core.pipeline.ray_driver ADDRESS FOLDER FILE SECONDS [GATE]``; a worker takes so
many seconds at least to ground a chunk, so that results come one after another. With a file's name
as gate, only the chunk with the file's first item is grounded until that file is there.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

from core.domain import Progress
from core.errors import StudioError
from core.pipeline.stage_chunks import Chunk, ItemResult, StageWorker
from core.ports.engines import IndexingModels
from tests.core.base.ray_heads import connected
from tests.core.pipeline.small import bench

#: The first item of ``write_catalog``.
FIRST = "id-000"


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


class Gated:
    """A stage worker that waits for a file before it grounds others than the first items.

    Results are taken in the order of the items, so whatever a worker grounds before them is of no
    use: the first ones never wait, and there is a worker for each chunk that is under way.
    """

    def __init__(self, gate: Path) -> None:
        self._worker, self._gate = StageWorker(models), gate

    def __call__(self, chunk: Chunk) -> list[ItemResult]:
        is_first = any(task.record.item.item_id == FIRST for task in chunk.tasks)
        while chunk.models.grounder and not is_first and not self._gate.exists():
            time.sleep(0.05)
        return self._worker(chunk)


def report(progress: Progress) -> None:
    print("step", progress.stage, progress.done, flush=True)


def main(address: str, root: Path, source: Path, seconds: float, gate: str = "") -> None:
    begun = time.monotonic()
    with connected(address) as workers:
        from tests.core.pipeline.test_remote_stages import index_remotely  # imports LanceDB

        make = partial(Gated, Path(gate)) if gate else partial(Slow, seconds)
        done = index_remotely(root, source, workers, models, make=make, on_progress=report)
    grounded = done.per_stage.get("grounding", 0)
    print("ended", done.items, grounded, round(time.monotonic() - begun, 1), flush=True)


if __name__ == "__main__":
    try:
        address, root, source, seconds, *more = sys.argv[1:]
        main(address, Path(root), Path(source), float(seconds), *more)
    except StudioError as error:  # as the command does
        print(error, file=sys.stderr)
        sys.exit(2)
