"""Measure which colours a product has, by name: the share of black, white, red … pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.domain import Mask

#: English's basic colour terms (Berlin & Kay), with beige.
NAMES = (
    "black", "white", "grey", "brown", "beige", "red", "pink", "orange", "yellow", "green", "blue",
    "purple",
)  # fmt: skip

#: Pictures are shrunk to this longer side before counting, pixels: details don't matter.
_SIDE = 96

#: With fewer mask pixels than this, the whole picture is counted instead.
_FEWEST = 30

#: Width of a shrunk photo's edge, pixels; largest difference of a channel from a plain ground;
#: share of the edge that a plain ground has, and of the photo that a product has at least.
_EDGE, _ALIKE, _PLAIN, _LEAST = 5, 20, 0.6, 0.03

_TO_XYZ = np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
_D65 = np.array([0.9505, 1.0, 1.089])

Floats = npt.NDArray[np.float64]


def colour_shares(photo: Image.Image, mask: Mask | None) -> npt.NDArray[np.float32]:
    """Return the share of a product's pixels under each of ``NAMES``: ``[12] float32``, sum 1.

    Args:
        photo: Upright RGB.
        mask: The product's pixels in this photo; ``None`` or an empty mask counts all pixels.
    """
    small = photo.copy()
    small.thumbnail((_SIDE, _SIDE))
    pixels = np.asarray(small.convert("RGB")).reshape(-1, 3)
    if mask is not None and mask.area:
        picture = Image.fromarray(mask.decode().astype(np.uint8) * 255)
        inside = np.asarray(picture.resize(small.size, Image.Resampling.BOX)).reshape(-1) >= 200
        pixels = pixels[inside] if inside.sum() >= _FEWEST else pixels
    return _shares(pixels)


def product_shares(photo: Image.Image) -> npt.NDArray[np.float32]:
    """Return ``colour_shares`` of a product whose place in the photo is not known.

    On a plain ground all that differs from the ground counts, else the middle of the photo.
    """
    small = photo.convert("RGB")
    small.thumbnail((_SIDE, _SIDE))
    pixels = np.asarray(small).astype(np.int16)
    edge = np.ones(pixels.shape[:2], bool)
    edge[_EDGE:-_EDGE, _EDGE:-_EDGE] = False
    ground = np.median(pixels[edge], axis=0)
    apart = np.abs(pixels - ground).max(axis=-1) > _ALIKE
    if apart[edge].mean() < 1 - _PLAIN and apart.mean() >= _LEAST:
        product = pixels[apart]
    else:
        height, width = pixels.shape[:2]
        product = pixels[height // 5 : -(height // 5) or None, width // 5 : -(width // 5) or None]
    return _shares(product.reshape(-1, 3).astype(np.uint8))


def _shares(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the share of pixels ``[n, 3]`` under each of ``NAMES``."""
    counts = np.bincount(_named(*_to_lch(pixels)), minlength=len(NAMES))
    shares: npt.NDArray[np.float32] = (counts / counts.sum()).astype(np.float32)
    return shares


def _to_lch(pixels: npt.NDArray[np.uint8]) -> tuple[Floats, Floats, Floats]:
    """Convert sRGB ``[n, 3] uint8`` to CIE lightness (0 to 100), chroma and hue (degrees)."""
    value = pixels.astype(np.float64) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ / _D65
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    a, b = 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])
    return 116 * f[:, 1] - 16, np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360


def _named(light: Floats, chroma: Floats, hue: Floats) -> npt.NDArray[np.intp]:
    """Return the index in ``NAMES`` for each pixel: that of the first rule that matches."""
    drab = chroma < np.where(light < 25, 14, np.where(light > 85, 7, 10))
    rules = (
        ("black", drab & (light < 27)),
        ("grey", drab & (light < 82)),
        ("white", drab),
        ("black", light < 14),
        ("beige", (light > 62) & (chroma < 32) & (hue > 50) & (hue < 105)),
        ("brown", (light <= 62) & (chroma < 60) & (hue > 35) & (hue < 95)
         & ((light < 50) | (chroma < 35))),
        ("pink", (light > 55) & ((hue < 25) | (hue >= 335))),
        ("pink", (light > 65) & (hue < 50) & (chroma < 45)),
        ("red", (hue < 45) | (hue >= 350)),
        ("orange", hue < 75),
        ("yellow", hue < 112),
        ("green", hue < 195),
        ("blue", hue < 310),
        ("purple", hue < 340),
    )  # fmt: skip
    fits = [rule for _, rule in rules]
    return np.select(fits, [NAMES.index(name) for name, _ in rules], NAMES.index("pink"))
