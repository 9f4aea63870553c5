"""Pairs of pictures and texts to train on, from a Parquet file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from core.domain import Item
from core.errors import ImageError, TrainingError
from core.settings import Settings
from core.store.image_store import read_image
from core.training.corpus.record import clean
from core.training.families import joined, split_of
from core.training.pairs import SPLITS, Pairs

#: Fewest items of a catalogue for training and measuring.
LEAST_ITEMS = 100
#: Rows read from a file at once.
_CHUNK = 256


@dataclass(frozen=True, slots=True)
class Source:
    """Pairs whose pictures are not encoded yet.

    Attributes:
        pairs: Without vectors (``[n, 0]``).
        pictures: Opens the pictures in the pairs' order; ``None`` where one can't be read.
        digest: Changes when pairs or pictures do.
        name: For people.
        rewritten: Whether the last text of each picture is a rewrite.
    """

    pairs: Pairs
    pictures: Callable[[], Iterator[Image.Image | None]]
    digest: str
    name: str
    rewritten: bool = False

    @property
    def count(self) -> int:
        """Number of pairs."""
        return len(self.pairs)


def parquet_source(path: Path, settings: Settings) -> Source:
    """Return pairs from a Parquet file.

    Columns: ``image`` (the file's bytes, or a struct that holds them in ``bytes``), ``text`` (a
    string, or a list of strings with the best first), and where there are any ``group`` (pairs that
    a split must not separate: a product, a person) and ``split`` (``train``, ``val`` or ``test``).
    Rows
    with equal bytes of a picture are one group, too; without groups, equal texts are.

    Raises:
        TrainingError: The file can't be used.
        PairsError: A group is on both sides of the file's own split.
    """
    try:
        file = pq.ParquetFile(path)
        names = set(file.schema_arrow.names)
        missing = [name for name in ("image", "text") if name not in names]
        if missing:
            raise TrainingError(
                f"{path.name} has no column “{missing[0]}”; training pairs need image (bytes) and "
                "text, and may have group and split."
            )
        columns = [name for name in ("text", "group", "split") if name in names]
        rows = file.read(columns=columns).to_pylist()
        marks = [hashlib.sha256(data or b"").hexdigest() for data in _bytes(file)]
    except (OSError, pa.ArrowException) as error:
        first = str(error).splitlines()[0][:200]
        raise TrainingError(f"{path.name} can't be read as Parquet: {first}.") from None
    texts = [list(clean(listed(row["text"]))) for row in rows]
    for number, row_texts in enumerate(texts):
        if not row_texts:
            raise TrainingError(f"Row {number + 1} of {path.name} has no text.")
    grouped = joined(
        [
            (group_of(row.get("group"), words[0]), f"photo:{mark}")
            for row, words, mark in zip(rows, texts, marks, strict=True)
        ]
    )
    splits = [row["split"] for row in rows] if "split" in names else list(map(split_of, grouped))
    if wrong := sorted({str(split) for split in splits} - set(SPLITS)):
        raise TrainingError(
            f"{path.name} has the split “{wrong[0][:40]}”; use {', '.join(SPLITS)}."
        )
    pairs = checked_pairs(
        [str(number) for number in range(len(rows))], path.stem, grouped, splits, texts
    )

    def pictures() -> Iterator[Image.Image | None]:
        for data in _bytes(pq.ParquetFile(path)):
            yield decoded(data or b"", settings)

    return Source(pairs, pictures, digest_of(marks, texts, grouped, splits), path.name)


def checked_pairs(
    keys: list[str], source: str, groups: list[str], splits: list[Any], texts: list[list[str]]
) -> Pairs:
    """Return pairs without vectors (``[n, 0]``).

    Raises:
        TrainingError: There are too few, or a split has none.
        PairsError: A group is on both sides of the split.
    """
    if len(keys) < LEAST_ITEMS:
        raise TrainingError(
            f"“{source}” has {len(keys)} pairs that are ready; fine-tuning needs {LEAST_ITEMS} at "
            "least. (A catalogue has to be indexed first.)"
        )
    pairs = Pairs(
        keys=keys,
        sources=np.full(len(keys), source),
        domains=np.full(len(keys), "photo"),
        groups=np.array(groups, dtype=str),
        splits=np.array(splits, dtype=str),
        texts=texts,
        vectors=np.zeros((len(keys), 0), np.float32),
    )
    pairs.check()
    for split in SPLITS:
        if not (pairs.splits == split).any():
            raise TrainingError(f"“{source}” has no pair in the split “{split}”.")
    return pairs


def _bytes(file: pq.ParquetFile) -> Iterator[bytes | None]:
    for batch in file.iter_batches(batch_size=_CHUNK, columns=["image"]):
        for value in batch.column("image"):
            yield content_of(value.as_py())


def content_of(value: Any) -> bytes | None:
    """Return the bytes of a picture's file, from a value of the column ``image``."""
    content = value.get("bytes") if isinstance(value, dict) else value
    return content if isinstance(content, bytes) else None


def decoded(data: bytes, settings: Settings) -> Image.Image | None:
    """Return a picture; ``None`` where it can't be read."""
    try:
        return read_image(
            data,
            max_megapixels=settings.max_image_megapixels,
            max_bytes=settings.max_upload_mb * 2**20,
        )
    except ImageError:
        return None


def listed(value: Any) -> list[str]:
    """Return the texts in a value of the column ``text``."""
    values = value if isinstance(value, list) else [value]
    return [str(entry) for entry in values if entry is not None]


def group_of(value: Any, text: str) -> str:
    """Return a pair's group; where none is named, its text."""
    named = value is not None and str(value) != ""
    return f"group:{value}" if named else f"text:{text.casefold()}"


def digest_of(*columns: list[Any]) -> str:
    """Return a SHA-256 that changes with any value of the columns."""
    digest = hashlib.sha256()
    for column in columns:
        digest.update(repr(column).encode())
    return digest.hexdigest()


def item_texts(item: Item, rewrite: str) -> list[str]:
    """Return what can be said of an item: the title first, the rewrite (if any) last."""
    kind = f"{item.title}, {item.product_type}" if item.product_type else ""
    return [*clean([item.title, kind]), *(clean([rewrite]) or clean([item.title]))]
