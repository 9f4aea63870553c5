"""What a run trains and measures on, in one process of a team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from core.training.batches import Batches, Draw, EpochBatches
from core.training.pairs import Pairs
from core.training.shards import Rows
from core.training.team import Team
from core.training.training_loop import Training

#: Most held-out pairs for measuring: figures are comparable, and memory is bounded.
MOST_HELD_OUT = 2_000


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Held-out pairs that this process embeds.

    Attributes:
        features: Stored features of pictures.
        rows: Which of them.
        texts: The texts of each of these rows, the best first.
        groups: The group of each of these rows.
    """

    features: Any
    rows: Rows
    texts: Sequence[list[str]]
    groups: np.ndarray


class TrainingData(Protocol):
    """The pairs of a run; each process has a part of every batch and of the held-out pairs."""

    @property
    def rewritten(self) -> bool:
        """Whether held-out pairs have rewrites besides their titles."""
        ...

    def batches(self, options: Training) -> EpochBatches:
        """Return this process's part of the training batches."""
        ...

    def held_out(self, split: str) -> list[HeldOut]:
        """Return this process's part of at most ``MOST_HELD_OUT`` pairs of a split."""
        ...


class WholePairs:
    """Pairs that every process has in memory.

    Args:
        pairs: With vectors; those of no split are left out.
        rewritten: Whether their last texts are rewrites.
        team: The processes that train together.
    """

    def __init__(self, pairs: Pairs, rewritten: bool, team: Team) -> None:
        self.pairs, self._team = pairs, team
        test = pairs.take(pairs.splits == "test")
        self.rewritten = rewritten and test.titles() != test.rewrites()

    def batches(self, options: Training) -> Batches:
        """Return this process's part of the training batches."""
        return Batches(
            self.pairs, options.batch, {}, draw_of(options), 0.0, options.seed,
            rows=np.flatnonzero(self.pairs.splits == "train"),
            share=(self._team.rank, self._team.size),
        )  # fmt: skip

    def held_out(self, split: str) -> list[HeldOut]:
        """Return this process's part of at most ``MOST_HELD_OUT`` pairs of a split."""
        rows = np.flatnonzero(self.pairs.splits == split)
        if len(rows) > MOST_HELD_OUT:
            rows = np.sort(np.random.default_rng(0).permutation(rows)[:MOST_HELD_OUT])
        mine = np.array_split(rows, self._team.size)[self._team.rank]
        texts = [self.pairs.texts[row] for row in mine]
        return [HeldOut(self.pairs.vectors, mine, texts, self.pairs.groups[mine])]


def draw_of(options: Training) -> Draw:
    """Return how a run draws texts."""
    return Draw(options.title, options.drop, texts=options.texts)
