"""Run by ``test_sharded_pairs``: processes that train together, each with a disk of its own.

``python -m tests.core.training.sharded FOLDER PORT PORT PORT``: all are forked from one, so that
the libraries are imported once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from core.domain.job import Progress
from core.training.pair_tables import PairTable
from core.training.training_loop import Loop
from core.training.tune import Outcome
from tests.core.training.several import fork
from tests.core.training.test_tune import KILLED, verbs

#: Step after which the second process is killed.
KILLED_AT = 5


def train_shards(folder: Path, disk: Path, shards: int, **options: Any) -> Outcome | None:
    """Train both towers on the table, as one process of its environment."""
    return verbs(disk).tune(
        "flags", pairs=f"{folder / 'flags.lance'}", shards=shards,
        base=f"local-dir:{folder / 'start'}", unlock_image=1, unlock_text=None,
        options=asdict(KILLED), **options,
    )  # fmt: skip


def node(folder: Path, name: str, rank: int, port: str, kill: bool = False) -> None:
    """Run one of two processes; note the rows that it reads."""
    os.environ.update(
        MASTER_ADDR="127.0.0.1", MASTER_PORT=port, WORLD_SIZE="2", RANK=str(rank)
    )  # what torchrun sets
    disk = folder / f"{name}-{rank}"
    reads: list[tuple[int, int, list[str]]] = []
    read, step = PairTable._read, Loop._train_step

    def reading(
        self: PairTable, start: int, stop: int, columns: list[str]
    ) -> Iterator[pa.RecordBatch]:
        reads.append((start, stop, columns))
        return read(self, start, stop, columns)

    def stepping(self: Loop, batch: Any) -> float:
        if kill and rank == 1 and self._at.step == KILLED_AT:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(self, batch)

    PairTable._read, Loop._train_step = reading, stepping  # type: ignore[method-assign]
    steps: list[tuple[int, int]] = []

    def count(progress: Progress) -> None:
        if progress.stage == "training":
            steps.append((progress.done, progress.total))

    train_shards(folder, disk, 2, on_progress=count)
    (folder / f"reads-{name}-{rank}.json").write_text(json.dumps(reads))
    (folder / f"steps-{name}-{rank}.json").write_text(json.dumps(steps))


def both(folder: Path, name: str, port: str, kill: bool = False) -> list[int]:
    """Return how the two processes ended."""
    children = [
        fork(lambda rank=rank: node(folder, name, rank, port, kill))  # type: ignore[misc]
        for rank in range(2)
    ]
    return [os.waitpid(child, 0)[1] for child in children]


def main(folder: Path, ports: list[str]) -> None:
    assert both(folder, "whole", ports[0]) == [0, 0]
    first, second = both(folder, "killed", ports[1], kill=True)
    assert os.WTERMSIG(second) == signal.SIGKILL
    assert first != 0
    assert both(folder, "killed", ports[2]) == [0, 0]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
