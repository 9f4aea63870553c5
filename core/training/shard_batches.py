"""Batches that processes draw together, each its part from its own shards.

A batch has the same number of rows from each shard, drawn by random numbers of that shard's own. So
batches depend on the number of shards, not on that of the processes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from core.base.counts import counted
from core.errors import TrainingError
from core.training.batches import Batch, ahead
from core.training.shards import Shard, hashed
from core.training.team import Team
from core.training.training_data import draw_of
from core.training.training_loop import Training


class ShardBatches:
    """Draws this process's part of each batch from its own shards.

    Args:
        shards: This process's shards.
        count: Number of all shards.
        options: Size of batches, texts, seed.
        team: The processes that train together.

    Raises:
        TrainingError: Batches are too small for so many shards, or a shard has too few pairs.
    """

    def __init__(self, shards: Sequence[Shard], count: int, options: Training, team: Team) -> None:
        self._shards, self._team, self._seed = shards, team, options.seed
        self._draw = draw_of(options)
        self._each = options.batch // count
        if self._each < 1 or self._each * count < 2:
            raise TrainingError(
                f"A batch of {options.batch} has no row from each of {counted(count, 'shard')}; "
                "take larger batches, or fewer shards."
            )
        self._rows = [shard.rows("train") for shard in shards]
        least: int = min(team.collect(min(map(len, self._rows))))
        if least < self._each:
            raise TrainingError(
                f"A shard has {counted(least, 'pair')} to train on, fewer than the {self._each} of "
                "one batch; take smaller batches, or fewer shards."
            )
        self._steps = least // self._each

    def __len__(self) -> int:
        return self._steps

    def ahead(self, number: int, skip: int = 0) -> Iterator[Batch]:
        """Yield the batches of one epoch, without the first ``skip`` ones.

        Rows are read in another thread; what belongs together is agreed on in this one, because
        processes have to talk in the same order.
        """
        for texts, groups, features in ahead(self._parts(number, skip)):
            own = np.array([[hashed(text.lower()) for text in texts], groups.tolist()], np.int64)
            marks = np.concatenate(self._team.collect(own), axis=1)
            same = (marks[:, :, None] == marks[:, None, :]).any(axis=0)
            yield Batch("photo", texts, torch.from_numpy(features), torch.from_numpy(same))

    def _parts(self, number: int, skip: int) -> Iterator[tuple[list[str], np.ndarray, np.ndarray]]:
        orders = [
            np.random.default_rng((self._seed, number, shard.number)).permutation(rows)
            for shard, rows in zip(self._shards, self._rows, strict=True)
        ]
        for step in range(skip, self._steps):
            texts, groups, features = [], [], []
            for shard, order in zip(self._shards, orders, strict=True):
                rows = order[step * self._each : (step + 1) * self._each]
                rng = np.random.default_rng((self._seed, number, shard.number, step))
                texts += [self._draw.text(shard.texts(row), rng) for row in rows]
                groups.append(shard.groups[rows])
                features.append(shard.features[rows])
            yield texts, np.concatenate(groups), np.concatenate(features)
