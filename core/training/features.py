"""Compute the stored features for training: each picture once, all features in one file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from PIL import Image
from torch import Tensor

from core.base.atomic import put_in_place
from core.training.towers import ImageSide

#: Pictures per pass.
_BATCH = 32
#: The stored features of a picture.
_UNSEEN, _READ, _BROKEN = 0, 1, 2


def write_features(
    pictures: Iterable[Image.Image | None],
    count: int,
    image: ImageSide,
    path: Path,
    bf16: bool,
    say: Callable[[str], None],
) -> None:
    """Run the frozen part of the image tower over all pictures, once.

    The file is a NumPy array, a row per picture, read through the page cache and never whole.
    Beside it, ``FILE.seen.npy`` says which pictures could be read; the others' rows are zeros. An
    existing file is used, and a partial one is completed.
    """
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    going_on = partial.exists() and _seen(path).exists()
    seen = open_memmap(_seen(path), "r+" if going_on else "w+", np.int8, (count,))
    at = int((seen != _UNSEEN).sum())
    stored: np.memmap | None = open_memmap(partial, "r+") if going_on else None
    # The pictures before that are opened again, and not looked at.
    for readable, prepared in _prepared(islice(iter(pictures), at, None), image):
        if prepared is not None:
            features = image.store(prepared, bf16)
            if stored is None:
                shape = (count, *features.shape[1:])
                stored = open_memmap(partial, "w+", features.dtype, shape)
            stored[at + np.flatnonzero(readable)] = features
        seen[at : at + len(readable)] = np.where(readable, _READ, _BROKEN)
        at += len(readable)
        if at % (_BATCH * 10) == 0:
            say(f"{at} of {count} pictures looked at")
    if stored is None:
        stored = open_memmap(partial, "w+", np.float32, (count, 1))
    stored.flush()
    seen.flush()
    put_in_place(partial, path)


def read_features(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Map the features, ``[n, …]``, and read which pictures were readable, ``[n] bool``."""
    return np.load(path, mmap_mode="r"), np.load(_seen(path)) == _READ


def _prepared(
    pictures: Iterator[Image.Image | None], image: ImageSide
) -> Iterator[tuple[list[bool], Tensor | None]]:
    """Yield batches, each decoded and resized in a thread while the model runs."""

    def following() -> tuple[list[bool], Tensor | None]:
        batch = list(islice(pictures, _BATCH))
        good = [picture for picture in batch if picture is not None]
        return [picture is not None for picture in batch], image.prepare(good) if good else None

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(following)
        while (prepared := waiting.result())[0]:
            waiting = pool.submit(following)
            yield prepared


def _seen(path: Path) -> Path:
    return path.with_suffix(".seen.npy")
