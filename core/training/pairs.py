"""Pairs of texts and stored image vectors, as Parquet, split by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import StudioError

SPLITS = ("train", "val", "test")


class PairsError(StudioError):
    """A file of training pairs is not what the training expects."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pictures, each with one or more texts that describe it.

    Attributes:
        keys: Unique name of each picture.
        sources: Name of the set that it comes from.
        domains: ``photo`` for pictures; ``rendered`` for words rendered as pictures.
        groups: Pictures of one product, sender or title; never on both sides of a split.
        splits: ``train``, ``val`` or ``test``.
        texts: Per picture, the best text (the title) first.
        vectors: ``[n, d] float32``, the frozen image tower's output, L2-normalised.
    """

    keys: list[str]
    sources: npt.NDArray[np.str_]
    domains: npt.NDArray[np.str_]
    groups: npt.NDArray[np.str_]
    splits: npt.NDArray[np.str_]
    texts: list[list[str]]
    vectors: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Pairs:
        """Return the pairs at these positions, or where the mask is true."""
        rows = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return Pairs(
            keys=[self.keys[i] for i in rows],
            sources=self.sources[rows],
            domains=self.domains[rows],
            groups=self.groups[rows],
            splits=self.splits[rows],
            texts=[self.texts[i] for i in rows],
            vectors=self.vectors[rows],
        )

    def titles(self) -> list[str]:
        """Return the first text of each picture."""
        return [texts[0] for texts in self.texts]

    def rewrites(self) -> list[str]:
        """Return the last text of each picture: for items of a catalogue, the rewrite."""
        return [texts[-1] for texts in self.texts]

    def check(self) -> None:
        """Check that no group is on both sides of a split and that keys are unique.

        Raises:
            PairsError: With the first offender.
        """
        if len(set(self.keys)) != len(self.keys):
            raise PairsError("A picture comes twice in the training pairs; keys must be unique.")
        side: dict[tuple[str, str], str] = {}
        for source, group, split in zip(self.sources, self.groups, self.splits, strict=True):
            if side.setdefault((str(source), str(group)), str(split)) != split:
                raise PairsError(
                    f"Group '{group}' of {source} is in {side[str(source), str(group)]} and in "
                    f"{split}; put all pictures of one product or sender on one side."
                )


def read_pairs(paths: Sequence[Path]) -> Pairs:
    """Read and join files written by ``write_pairs``.

    Raises:
        PairsError: A file is missing or lacks a column.
    """
    try:
        table = pa.concat_tables([pq.read_table(path) for path in paths])
        column = {name: table.column(name).to_pylist() for name in _TEXT_COLUMNS}
        flat = table.column("vector").combine_chunks().flatten().to_numpy(zero_copy_only=False)
    except (OSError, KeyError, pa.ArrowException) as error:
        names = ", ".join(str(path) for path in paths)
        raise PairsError(f"Training pairs in {names} can't be read: {error}") from error
    vectors = flat.reshape(len(table), -1).astype(np.float32)
    pairs = Pairs(
        keys=column["key"],
        sources=np.array(column["source"], dtype=str),
        domains=np.array(column["domain"], dtype=str),
        groups=np.array(column["group"], dtype=str),
        splits=np.array(column["split"], dtype=str),
        texts=column["texts"],
        vectors=vectors,
    )
    pairs.check()
    return pairs


def write_pairs(pairs: Pairs, path: Path) -> None:
    """Write the pairs as one Parquet file, vectors in float16."""
    dim = pairs.vectors.shape[1]
    flat = pa.array(pairs.vectors.astype(np.float16).ravel())
    columns = {
        "key": pairs.keys,
        "source": pa.array(pairs.sources.tolist(), type=pa.string()),
        "domain": pa.array(pairs.domains.tolist(), type=pa.string()),
        "group": pa.array(pairs.groups.tolist(), type=pa.string()),
        "split": pa.array(pairs.splits.tolist(), type=pa.string()),
        "texts": pa.array(pairs.texts, type=pa.list_(pa.string())),
        "vector": pa.FixedSizeListArray.from_arrays(flat, dim),
    }
    pq.write_table(pa.table(columns), path, compression="zstd")


_TEXT_COLUMNS = ("key", "source", "domain", "group", "split", "texts")
