"""Run by ``test_several``: two processes that train together, and one that kills itself.

``python -m tests.core.training.several FOLDER PORT``: all three are forked from one, so that the
libraries are imported once.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from core.embedding.open_clip_encoder import OpenClipEncoder
from core.training.team import team_of
from core.training.training_loop import Loop
from tests.core.training.flags import FAST
from tests.core.training.test_tune import KILLED, one_backward, train


def together(folder: Path, rank: int, port: str) -> None:
    """Run one process of two: the first batch's loss and gradients, whole and in pieces."""
    os.environ.update(
        MASTER_ADDR="127.0.0.1", MASTER_PORT=port, WORLD_SIZE="2", RANK=str(rank)
    )  # what torchrun sets
    with team_of("cpu") as team:
        base = OpenClipEncoder(f"local-dir:{folder / 'start'}", device="cpu", precision="float32")
        for pieces in (1, 2):
            options = replace(FAST, accumulate=pieces)
            gradients = one_backward(base, folder, options, folder, team)
            if team.first:
                torch.save(gradients, folder / f"gradients-{pieces}.pt")


def killed(folder: Path) -> None:
    """Kill a run in its second epoch."""
    step = Loop._train_step

    def stepping(self: Loop, batch: object) -> float:
        if self._at.step == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(self, batch)  # type: ignore[arg-type]

    Loop._train_step = stepping  # type: ignore[method-assign]
    train(folder, folder / "killed", KILLED)


def fork(work: Callable[[], None]) -> int:
    """Number of a new process that does it."""
    child = os.fork()
    if child == 0:
        torch.set_num_threads(1)
        try:
            work()
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return child


def main(folder: Path, port: str) -> None:
    both = [fork(lambda rank=rank: together(folder, rank, port)) for rank in range(2)]  # type: ignore[misc]
    lost = fork(lambda: killed(folder))
    assert [os.waitpid(child, 0)[1] for child in both] == [0, 0]
    assert os.WTERMSIG(os.waitpid(lost, 0)[1]) == signal.SIGKILL


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
