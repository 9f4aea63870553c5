"""Preprocessing of pictures for the compact image tower."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

if TYPE_CHECKING:  # half a gigabyte, which ONNX Runtime does not need
    import torch
    from torch import Tensor

Pixels = npt.NDArray[np.uint8]

#: Part of the encoder's fingerprint; change it if the same picture would give other pixels.
VERSION = "white-square-bicubic-1"
#: Mean and standard deviation per channel, of values 0 to 1 (CLIP, Radford et al. 2021).
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)

_WHITE = (255, 255, 255)


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert a picture to RGB; transparency becomes white."""
    if image.mode == "RGB":
        return image
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, _WHITE), image)
    return image.convert("RGB")


def white_square(image: Image.Image) -> Image.Image:
    """Centre an RGB picture on the smallest white square that contains it."""
    width, height = image.size
    side = max(width, height)
    if width == height:
        return image
    square = Image.new("RGB", (side, side), _WHITE)
    square.paste(image, ((side - width) // 2, (side - height) // 2))
    return square


def fitted(image: Image.Image, fit: str) -> Image.Image:
    """Return a picture as a square, so that no later step cuts or distorts it further.

    Args:
        image: Any picture.
        fit: ``pad``, ``squash`` or ``crop``, as in ``Towers.fit``; empty returns the picture.
    """
    if not fit or image.width == image.height:
        return image
    if fit == "pad":
        return white_square(to_rgb(image))
    if fit == "squash":
        side = max(image.size)
        return to_rgb(image).resize((side, side), Image.Resampling.BICUBIC)
    side = min(image.size)
    return ImageOps.fit(to_rgb(image), (side, side))


def prepare_squares(images: Sequence[Image.Image], size: int) -> Pixels:
    """Place whole pictures on white squares, bicubic: ``[n, 3, size, size] uint8``."""
    batch = np.empty((len(images), size, size, 3), dtype=np.uint8)
    for row, image in zip(batch, images, strict=True):
        square = white_square(to_rgb(image))
        row[:] = np.asarray(square.resize((size, size), Image.Resampling.BICUBIC))
    return batch.transpose(0, 3, 1, 2)


def prepare_grid(image: Image.Image, long_side: int, cell: int) -> Pixels:
    """Resize an unpadded picture to multiples of ``cell``: ``[1, 3, h, w] uint8``."""
    rgb = to_rgb(image)
    scale = long_side / max(rgb.size)
    width, height = (max(cell, round(side * scale / cell) * cell) for side in rgb.size)
    pixels = np.array(rgb.resize((width, height), Image.Resampling.BICUBIC))
    return pixels.transpose(2, 0, 1)[None]


def normalise(batch: Pixels | Tensor, device: torch.device) -> Tensor:
    """Turn ``uint8`` pixels into CLIP's input, float32, on the model's device."""
    import torch

    mean = torch.tensor(CLIP_MEAN, device=device).view(1, 3, 1, 1) * 255
    std = torch.tensor(CLIP_STD, device=device).view(1, 3, 1, 1) * 255
    return (torch.as_tensor(batch).to(device).float() - mean) / std
