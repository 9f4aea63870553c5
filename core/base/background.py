"""Packshots: find a product that stands alone on a plain background, without a model.

Most shop photos are packshots. The background colour is the median colour along the photo's
edge. Pixels of that colour that are connected to the edge are background; all other pixels are
the product.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

#: Largest difference of a channel (of 255) from the background colour: small enough to keep the
#: shading of white products on white, large enough for JPEG noise.
TOLERANCE = 10
#: Share of the photo's edge that must have the background colour. A product may touch one edge.
PLAIN_SHARE = 0.7
#: Parts smaller than this share of the photo are removed as dust.
DUST = 0.0005
#: Smallest share of the photo that a product fills; a smaller result is discarded.
LEAST = 0.01
#: Longest side of the reduced photo that is searched, in pixels.
WORK_SIDE = 512

Pixels = npt.NDArray[np.bool_]


def plain_foreground(image: Image.Image) -> Pixels | None:
    """Return the product's pixels, ``[height, width] bool``; ``None`` if no background is plain."""
    small = image.convert("RGB")
    if max(small.size) > WORK_SIDE:
        small = small.copy()
        small.thumbnail((WORK_SIDE, WORK_SIDE), Image.Resampling.BOX)
    if min(small.size) < 8:
        return None
    foreground = _foreground(np.asarray(small).astype(np.int16))
    if foreground is None or small.size == image.size:
        return foreground
    enlarged = Image.fromarray(foreground).resize(image.size, Image.Resampling.NEAREST)
    return np.asarray(enlarged, dtype=bool)


def _foreground(pixels: npt.NDArray[np.int16]) -> Pixels | None:
    edge = _edge(np.ones(pixels.shape[:2], dtype=bool))
    background = np.median(pixels[edge], axis=0)
    alike = np.abs(pixels - background).max(axis=-1) <= TOLERANCE
    if alike[edge].mean() < PLAIN_SHARE:
        return None
    labels, _ = ndimage.label(alike)
    background_mask = np.isin(labels, np.unique(labels[edge & alike]))
    product = _without_dust(~background_mask)
    return product if product.mean() >= LEAST else None


def _edge(full: Pixels) -> Pixels:
    inner = np.zeros_like(full)
    inner[1:-1, 1:-1] = True
    return full & ~inner


def _without_dust(mask: Pixels) -> Pixels:
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    if count == 0:
        return mask
    sizes = np.bincount(labels.ravel())
    keep = sizes >= max(DUST * mask.size, 4)
    keep[0] = False
    cleaned: npt.NDArray[np.bool_] = keep[labels]
    return cleaned
