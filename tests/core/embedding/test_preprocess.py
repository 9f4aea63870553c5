from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from core.embedding.preprocess import (
    normalise,
    prepare_grid,
    prepare_squares,
    to_rgb,
    white_square,
)

RED = (200, 10, 10)


def test_transparent_becomes_white() -> None:
    clear = Image.new("RGBA", (4, 4), (*RED, 0))
    assert to_rgb(clear).getpixel((0, 0)) == (255, 255, 255)
    palette = Image.new("P", (4, 4), 0)
    palette.info["transparency"] = 0
    assert to_rgb(palette).getpixel((0, 0)) == (255, 255, 255)
    assert to_rgb(Image.new("LA", (4, 4), (0, 255))).getpixel((0, 0)) == (0, 0, 0)


def test_square_keeps_the_whole_picture_in_the_middle() -> None:
    square = np.asarray(white_square(Image.new("RGB", (30, 10), RED)))
    assert square.shape == (30, 30, 3)
    assert (square[10:20] == RED).all()
    assert (square[:10] == 255).all()
    assert (square[20:] == 255).all()


def test_batch_is_bytes_in_channel_order() -> None:
    batch = prepare_squares([Image.new("RGB", (50, 50), RED), Image.new("L", (9, 20))], 224)
    assert batch.shape == (2, 3, 224, 224)
    assert batch.dtype == np.uint8
    assert batch[0, :, 100, 100].tolist() == list(RED)


def test_grid_keeps_the_shape_in_multiples_of_the_cell() -> None:
    assert prepare_grid(Image.new("RGB", (640, 480)), 448, 16).shape == (1, 3, 336, 448)
    assert prepare_grid(Image.new("RGB", (2000, 10)), 448, 16).shape == (1, 3, 16, 448)


def test_normalise_is_clips() -> None:
    pixels = normalise(torch.full((1, 3, 2, 2), 255, dtype=torch.uint8), torch.device("cpu"))
    expected = (1 - 0.48145466) / 0.26862954
    assert abs(float(pixels[0, 0, 0, 0]) - expected) < 1e-5
