"""Packshots: the product alone on a plain ground, found without any model.

Shops photograph most products so. The colour along the photo's edge is the ground's; what can be
reached from the edge without leaving that colour is ground; the rest is the product.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

#: Largest difference of a channel (of 255) to the ground's colour; small, so that white products
#: on white keep their shading, large enough for JPEG noise.
TOLERANCE = 10
#: Share of the photo's edge that must have the ground's colour. A product may touch one edge.
PLAIN_SHARE = 0.7
#: Parts smaller than this share of the photo are dust.
DUST = 0.0005
#: A product that fills less of the photo than this was not found.
LEAST = 0.01
#: Longest side that is looked at, in pixels.
WORK_SIDE = 512

Pixels = npt.NDArray[np.bool_]


def plain_foreground(image: Image.Image) -> Pixels | None:
    """The product's pixels, ``[height, width] bool``; ``None`` where the ground is not plain."""
    small = image.convert("RGB")
    if max(small.size) > WORK_SIDE:
        small = small.copy()
        small.thumbnail((WORK_SIDE, WORK_SIDE), Image.Resampling.BOX)
    if min(small.size) < 8:
        return None
    found = _foreground(np.asarray(small).astype(np.int16))
    if found is None or small.size == image.size:
        return found
    whole = Image.fromarray(found).resize(image.size, Image.Resampling.NEAREST)
    return np.asarray(whole, dtype=bool)


def _foreground(pixels: npt.NDArray[np.int16]) -> Pixels | None:
    edge = _edge(np.ones(pixels.shape[:2], dtype=bool))
    ground = np.median(pixels[edge], axis=0)
    alike = np.abs(pixels - ground).max(axis=-1) <= TOLERANCE
    if alike[edge].mean() < PLAIN_SHARE:
        return None
    labels, _ = ndimage.label(alike)
    outside = np.isin(labels, np.unique(labels[edge & alike]))
    product = _without_dust(~outside)
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
    kept: npt.NDArray[np.bool_] = keep[labels]
    return kept
