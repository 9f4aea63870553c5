"""One titled picture of the training corpus."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
from PIL import Image


@dataclass(frozen=True, slots=True)
class TitledPicture:
    """A picture and its texts.

    Attributes:
        key: Unique name.
        source: Name of the set.
        group: Product, sender or title; all of a group are on one side of the split.
        split: ``train``, ``val`` or ``test``.
        texts: The best text first.
        load: Opens the picture.
    """

    key: str
    source: str
    group: str
    split: str
    texts: tuple[str, ...]
    load: Callable[[], Image.Image]


def bucket(name: str, count: int) -> int:
    """Return a number below ``count`` that depends on the name only, so that splits are stable."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % count


def clean(texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts without repeats, empty ones and runs of spaces."""
    spaced = (re.sub(r"\s+", " ", text).strip() for text in texts)
    return tuple(dict.fromkeys(text for text in spaced if text))


def open_file(path: Path) -> Callable[[], Image.Image]:
    """Return a function that opens a picture file."""
    return partial(Image.open, path)


def parquet_pictures(path: Path) -> Iterator[Callable[[], Image.Image]]:
    """Yield one opener per row of a Parquet file with JPEG bytes in ``image``."""
    column = pq.read_table(path, columns=["image"]).column("image")
    for row in range(len(column)):
        yield partial(_open_row, column, row)


def _open_row(column: object, row: int) -> Image.Image:
    return Image.open(io.BytesIO(column[row].as_py()))  # type: ignore[index]
