"""Boxes and masks of regions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.domain import Box, Detection, Mask
from core.ports.grounder import DRAWN
from core.ports.segmenter import Segmenter

Pixels = npt.NDArray[np.bool_]


def box_of(mask: Pixels) -> Box | None:
    """Return the smallest box around all pixels of ``[h, w] bool``; ``None`` for an empty mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def mask_iou(a: Pixels, b: Pixels) -> float:
    """Return the intersection over union of two masks of one size; 0 if both are empty."""
    union = np.count_nonzero(a | b)
    return float(np.count_nonzero(a & b) / union) if union else 0.0


def drawn(segmenter: Segmenter, image: Image.Image, box: Box) -> Detection:
    """Build the result of :meth:`Grounder.outline` with a segmenter; the drawn box is unchanged.

    The mask is clipped to the box. If the segmenter finds nothing there, the detection has no mask.
    """
    (segment,) = segmenter.from_boxes(image, [box])
    pixels = segment.pixels(*image.size)
    inside = np.zeros_like(pixels)
    rows, columns = slice(box.top, box.bottom), slice(box.left, box.right)
    inside[rows, columns] = pixels[rows, columns]
    if not inside.any():
        return Detection(DRAWN, 1.0, box)
    return Detection(DRAWN, 1.0, box, Mask.encode(inside), segment.score)
