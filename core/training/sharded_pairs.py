"""Training pairs in a table, of which each process reads and keeps its own shards only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.base.counts import counted
from core.errors import TrainingError
from core.settings import Settings
from core.training.pair_sources import Source, parquet_source
from core.training.pair_tables import PairTable, is_table
from core.training.pairs import SPLITS, PairsError
from core.training.shard_batches import ShardBatches
from core.training.shards import Rows, Shard, read_shard
from core.training.team import Team
from core.training.towers import ImageSide
from core.training.training_data import MOST_HELD_OUT, HeldOut
from core.training.training_loop import Training

#: Odd, so that rows have different products; the golden ratio spreads the least ones evenly.
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class TableSource:
    """A table of training pairs, cut into shards.

    Attributes:
        table: The table.
        shards: How many; 0 for as many as there are processes.
        rewritten: Always false: a table has one text for each picture, or several of one kind.
    """

    table: PairTable
    shards: int = 0
    rewritten: bool = False

    @property
    def digest(self) -> str:
        """Changes when the pairs do, or the batches."""
        return f"{self.table.digest} {self.shards}"

    @property
    def name(self) -> str:
        """For people."""
        return self.table.name

    @property
    def count(self) -> int:
        """Number of pairs."""
        return self.table.count


def pairs_of(address: Path | str, shards: int, settings: Settings) -> Source | TableSource:
    """Return the pairs of a Parquet file or of a Lance table.

    Args:
        address: The file or table.
        shards: Parts that a table is cut into; 0 for one per process.
        settings: Limits of pictures.

    Raises:
        TrainingError, PairsError: It can't be used.
    """
    if is_table(address):
        return TableSource(PairTable(str(address)), shards)
    if shards:
        raise TrainingError("Only a Lance table of pairs is cut into shards; leave out --shards.")
    return parquet_source(Path(address), settings)


class ShardedPairs:
    """The shards of this process.

    Args:
        shards: This process's shards, in order.
        count: Number of all shards.
        team: The processes that train together.

    Raises:
        TrainingError: A split has no pairs.
        PairsError: A pair to train on is of the same group as one to measure on.
    """

    rewritten = False

    def __init__(self, shards: Sequence[Shard], count: int, team: Team) -> None:
        self._shards, self._count, self._team = shards, count, team
        self._chosen = {split: self._choose(split) for split in SPLITS[1:]}
        held = [shard.groups[rows] for rows_of in self._chosen.values()
                for shard, rows in zip(shards, rows_of, strict=True)]  # fmt: skip
        groups = np.concatenate(team.collect(np.concatenate(held)))
        mixed = any(np.isin(shard.groups[shard.rows("train")], groups).any() for shard in shards)
        if any(team.collect(mixed)):
            raise PairsError(
                "A group is in “train” and in another split; put all pictures of one product or "
                "sender on one side."
            )

    def batches(self, options: Training) -> ShardBatches:
        """Return this process's part of the training batches."""
        return ShardBatches(self._shards, self._count, options, self._team)

    def held_out(self, split: str) -> list[HeldOut]:
        """Return this process's part of at most ``MOST_HELD_OUT`` pairs of a split."""
        return [
            HeldOut(shard.features, rows, list(map(shard.texts, rows)), shard.groups[rows])
            for shard, rows in zip(self._shards, self._chosen[split], strict=True)
        ]

    def _choose(self, split: str) -> list[Rows]:
        """Choose the rows to measure on by a hash of their place: the same ones for any team."""
        rows = [shard.rows(split) for shard in self._shards]
        marks = [_marks(shard, own) for shard, own in zip(self._shards, rows, strict=True)]
        least = np.sort(np.concatenate(marks))[:MOST_HELD_OUT]
        every = np.sort(np.concatenate(self._team.collect(least)))[:MOST_HELD_OUT]
        if not len(every):
            raise TrainingError(f"The table has no pair in the split “{split}”.")
        return [own[mark <= every[-1]] for own, mark in zip(rows, marks, strict=True)]


def read_own_shards(
    source: TableSource,
    image: ImageSide,
    folder: Path,
    *,
    bf16: bool,
    mark: str,
    settings: Settings,
    team: Team,
    say: Callable[[str], None],
) -> ShardedPairs:
    """Read the shards of this process; see ``read_shard``.

    Raises:
        TrainingError: The table can't be read or was changed meanwhile, or its shards do not fit
            the number of processes. All processes raise the same.
        PairsError: A group is in two splits.
    """
    count = source.shards or team.size
    shards: list[Shard] = []
    problem = _misfit(source, count, team)
    try:
        for number in range(team.rank * count // team.size, (team.rank + 1) * count // team.size):
            if not problem:
                shards.append(
                    read_shard(
                        source.table, number, count, image, folder,
                        bf16=bf16, mark=mark, settings=settings, say=say,
                    )
                )  # fmt: skip
    except TrainingError as error:
        problem = str(error)
    if problems := [line for line in team.collect(problem) if line]:
        raise TrainingError(problems[0])
    left_out = sum(int((shard.splits < 0).sum()) for shard in shards)
    if total := sum(team.collect(left_out)):
        say(f"{counted(total, 'pair')} without text or a picture that can be read; left out")
    return ShardedPairs(shards, count, team)


def _misfit(source: TableSource, count: int, team: Team) -> str:
    """Return why these processes can't share these shards; empty if they can."""
    if len(set(team.collect(source.digest))) > 1:
        return f"{source.name} was changed while training began, or is another table elsewhere."
    if count % team.size:
        return (
            f"{counted(count, 'shard')} can't be shared evenly by {team.size} processes; take a "
            f"multiple of {team.size}."
        )
    if count > source.count:
        return f"{source.name} has {counted(source.count, 'pair')}, fewer than {count} shards."
    return ""


def _marks(shard: Shard, rows: Rows) -> npt.NDArray[np.uint64]:
    """Return a number for each row that depends on its place in the table only."""
    return (rows + shard.start + 1).astype(np.uint64) * _SPREAD
