"""Shards of a table of training pairs: what a process has read of it, in files of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

from core.base.atomic import replacing
from core.errors import TrainingError
from core.settings import Settings
from core.training.corpus.record import clean
from core.training.families import split_of
from core.training.features import read_features, write_features
from core.training.pair_sources import content_of, decoded, group_of, listed
from core.training.pair_tables import PairTable
from core.training.pairs import SPLITS
from core.training.towers import ImageSide

_ROWS = pa.schema([("texts", pa.list_(pa.string())), ("group", pa.int64()), ("split", pa.int8())])
#: Number of a row in no split: it has no text, or its picture can't be read.
_LEFT_OUT = -1

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Shard:
    """A range of rows of a table, with the stored features of their pictures.

    Attributes:
        number: Its place among all shards.
        start: Its first row in the table.
        groups: ``[n] int64``, hashes of the rows' groups.
        splits: ``[n] int8``, places in ``SPLITS``; −1 for rows that are left out.
        features: ``[n, …]``, mapped from a file.
    """

    number: int
    start: int
    groups: npt.NDArray[np.int64]
    splits: npt.NDArray[np.int8]
    features: np.ndarray
    _texts: pa.ChunkedArray

    def texts(self, row: int) -> list[str]:
        """Return the texts of a row, the best first; read from a mapped file."""
        texts: list[str] = self._texts[row].as_py()
        return texts

    def rows(self, split: str) -> Rows:
        """Return the rows of a split, counted from the shard's first row."""
        return np.flatnonzero(self.splits == SPLITS.index(split))


def read_shard(
    table: PairTable,
    number: int,
    count: int,
    image: ImageSide,
    folder: Path,
    *,
    bf16: bool,
    mark: str,
    settings: Settings,
    say: Callable[[str], None],
) -> Shard:
    """Read one of ``count`` equal shards of a table, once; later the stored files are used.

    Args:
        table: The table; only rows of the shard are read.
        number: Which shard.
        count: How many there are.
        image: Makes the features.
        folder: Where the files are kept.
        bf16: Whether matrices are multiplied in bfloat16.
        mark: Changes when the features do.
        settings: Limits of pictures.
        say: Called with lines of text about the progress.

    Raises:
        TrainingError: The table can't be read, or has an unknown split.
    """
    start, stop = (table.count * place // count for place in (number, number + 1))
    name = hashlib.sha256(f"{table.digest} {start} {stop} {mark}".encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"rows-{name}.arrow"
    if not path.exists():
        _write_rows(table, start, stop, path)
    rows = pa.ipc.open_file(pa.memory_map(str(path))).read_all()

    def pictures() -> Iterator[Image.Image | None]:
        for value in table.pictures(start, stop):
            yield decoded(content_of(value) or b"", settings)

    features = folder / f"features-{name}.npy"
    write_features(pictures(), stop - start, image, features, bf16, say)
    vectors, seen = read_features(features)
    splits = np.where(seen, rows["split"].to_numpy(), _LEFT_OUT).astype(np.int8)
    return Shard(number, start, rows["group"].to_numpy(), splits, vectors, rows["texts"])


def hashed(text: str) -> int:
    """Return 64 bits of a text's hash, as a signed number."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), signed=True)


def _write_rows(table: PairTable, start: int, stop: int, path: Path) -> None:
    with replacing(path) as partial, pa.ipc.new_file(str(partial), _ROWS) as file:
        for rows in table.words(start, stop):
            file.write_batch(pa.RecordBatch.from_pylist(list(map(_row, rows)), schema=_ROWS))


def _row(row: dict[str, Any]) -> dict[str, Any]:
    texts = list(clean(listed(row["text"])))
    group = group_of(row["group"], texts[0] if texts else "")
    split = row["split"] if "split" in row else split_of(group)
    if split not in SPLITS:
        raise TrainingError(
            f"The table has the split “{str(split)[:40]}”; use {', '.join(SPLITS)}."
        )
    place = SPLITS.index(split) if texts else _LEFT_OUT
    return {"texts": texts, "group": hashed(group), "split": place}
