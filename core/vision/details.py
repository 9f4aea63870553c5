"""Garments and parts, or things of their own: how much of a warm region a prompt means.

Beside a garment the rest of the outfit is warm too, so the garment is the hottest of it. Of a table
or a person the top or the head is hottest, but the thing is all that is warm.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: The mean of so many nearest words decides: one alone may be alike by chance.
NEAREST = 3

Vectors = npt.NDArray[np.float32]


def is_detail(prompt: Vectors, details: Vectors, wholes: Vectors) -> bool:
    """Is a prompt nearer to words for garments and parts than to words for things of their own?

    Args:
        prompt: ``[d] float32``, L2-normalised.
        details: ``[n, d] float32``, words for what is found on something larger.
        wholes: ``[m, d] float32``, words for things of their own. Without either, it is a detail.
    """
    if not len(details) or not len(wholes):
        return True
    return _near(details, prompt) > _near(wholes, prompt)


def _near(words: Vectors, prompt: Vectors) -> float:
    return float(np.sort(words @ prompt)[-NEAREST:].mean())
