"""Pairs with a planted alignment: two bars of colour, and their names; and a tiny model."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from core.settings import Settings
from core.training.training_loop import Training

COLOURS = {
    "red": (220, 30, 30), "green": (30, 180, 60), "blue": (30, 60, 220), "yellow": (240, 220, 40),
    "black": (9, 9, 9), "white": (250, 250, 250), "pink": (250, 120, 200), "brown": (120, 70, 30),
}  # fmt: skip
#: Learns the flags in seconds.
FAST = Training(
    epochs=12, batch=48, lr=2e-3, lr_image=2e-3, lr_head=1e-2, patience=99, weight_decay=0.0
)


def flag(over: str, under: str, rng: np.random.Generator) -> bytes:
    """Make a PNG with one colour over another, and noise."""
    pixels = np.zeros((32, 32, 3))
    pixels[:16], pixels[16:] = COLOURS[over], COLOURS[under]
    pixels += rng.normal(scale=12, size=pixels.shape)
    held = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(held, "png")
    return held.getvalue()


def write_flags(path: Path, copies: int = 3, **columns: list) -> Path:
    """Write some pictures of every two colours; a group per two colours."""
    rng = np.random.default_rng(0)
    names = [(a, b) for a in COLOURS for b in COLOURS for _ in range(copies)]
    table = {
        "image": [flag(a, b, rng) for a, b in names],
        "text": [f"{a} over {b}" for a, b in names],
        "group": [f"{a} {b}" for a, b in names],
    }
    pq.write_table(pa.table(table | columns), path)
    return path


def settings(folder: Path) -> Settings:
    return Settings(data_dir=folder, device="cpu", precision="float32")


def refuse(engines: object = None) -> NoReturn:
    """Fail: training on a file of pairs needs no other engine, so it must fetch none."""
    raise AssertionError("the models of all engines were asked for")


def room(folder: Path) -> SimpleNamespace:
    """Return what use cases need of the models, without any."""
    return SimpleNamespace(recipes={}, weights=None, forget=lambda name: None, for_indexing=refuse)
