"""CLIP features per patch of a picture; ``dense.py`` and ``vit_graph.py`` compute them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

#: Factor on the cosines before the softmax.
SHARPNESS = 10.0

#: What patches are compared by in the last block.
Similarity = Literal["query", "key", "value"]


@dataclass(frozen=True, slots=True)
class DenseFeatures:
    """Patch features of one picture.

    Attributes:
        features: ``[h, w, d] float32, L2-normalised``, row by row; cell ``(i, j)`` covers the
            picture from ``j / w`` to ``(j + 1) / w`` of its width, and likewise down.
        width: Width of the input picture, pixels.
        height: Height of the input picture, pixels.
    """

    features: npt.NDArray[np.float32]
    width: int
    height: int
