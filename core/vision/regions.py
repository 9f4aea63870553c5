"""Boxes and masks of one region."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.domain import Box

Pixels = npt.NDArray[np.bool_]


def box_of(mask: Pixels) -> Box | None:
    """The smallest box around all pixels of ``[h, w] bool``; ``None`` for an empty mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def mask_iou(a: Pixels, b: Pixels) -> float:
    """Intersection over union of two masks of one size; 0 where both are empty."""
    union = np.count_nonzero(a | b)
    return float(np.count_nonzero(a & b) / union) if union else 0.0
