"""The processes that train one model, as started by ``torchrun``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
from torch import distributed

from core.embedding.device import resolve_device
from core.training.losses import MaskedClipLoss

#: Longest wait for another process; the first one may encode every picture while others wait.
_PATIENCE = timedelta(hours=12)


_CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True)
class Team:
    """The processes of one run.

    Attributes:
        rank: Number of this one; the first (0) writes files and speaks.
        size: How many there are.
        device: Where this one computes.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = _CPU

    @property
    def first(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def loss(self) -> MaskedClipLoss:
        """Return the loss over the rows of all processes."""
        return MaskedClipLoss(
            local_loss=True, gather_with_grad=True, rank=self.rank, world_size=self.size
        )

    def agree(self, value: Any) -> Any:
        """Return the first process's value, on all of them."""
        if self.size == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, src=0, device=self._objects())
        return box[0]

    def collect(self, value: Any) -> list[Any]:
        """Return every process's value, in order, on all of them."""
        if self.size == 1:
            return [value]
        gathered: list[Any] = [None] * self.size
        distributed.all_gather_object(gathered, value)
        return gathered

    def _objects(self) -> torch.device:
        return self.device if self.device.type == "cuda" else _CPU


#: A run of one process on the CPU.
ALONE = Team()


@contextmanager
def team_of(device: str) -> Iterator[Team]:
    """Join the processes that ``torchrun`` started, by its environment variables.

    Args:
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; with several processes each takes the
            GPU of its local rank.
    """
    local = resolve_device(device)
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Team(device=local)
        return
    if local.type == "cuda":
        local = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(local)
    distributed.init_process_group("nccl" if local.type == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield Team(distributed.get_rank(), distributed.get_world_size(), local)
    finally:
        distributed.destroy_process_group()
