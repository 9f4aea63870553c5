"""Decide whether a prompt names a garment or part, or a complete object.

The heat map is read differently for the two. Beside a garment, the rest of the outfit is warm too,
so the garment is the hottest region. On a table or a person, only the top or the head is hottest,
but the object is the whole warm region.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: How many nearest words are averaged; a single word may be similar by chance.
NEAREST = 3

Vectors = npt.NDArray[np.float32]


def is_detail(prompt: Vectors, details: Vectors, wholes: Vectors) -> bool:
    """Tell whether a prompt is closer to garments and parts than to complete objects.

    Args:
        prompt: ``[d] float32``, L2-normalised.
        details: ``[n, d] float32``, vectors of words for garments and parts.
        wholes: ``[m, d] float32``, vectors of words for complete objects.

    Returns:
        ``True`` also if one of the two lists is empty.
    """
    if not len(details) or not len(wholes):
        return True
    return _near(details, prompt) > _near(wholes, prompt)


def _near(words: Vectors, prompt: Vectors) -> float:
    return float(np.sort(words @ prompt)[-NEAREST:].mean())
