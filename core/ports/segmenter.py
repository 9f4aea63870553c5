"""Protocol of segmenters: points and boxes in, masks out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.base.resampling import linear_twice, resample
from core.domain import Box

#: Ratio between the size of the model's input and the size of the decoder's masks.
STRIDE = 4

Pixels = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Segment:
    """A mask of the decoder, at a quarter of the model's input size.

    Attributes:
        logits: ``[h, w] float32``; positive inside the mask.
        extent: Height and width of the photo in the model's input, in pixels; the last row and
            column of ``logits`` may contain padding.
        score: The decoder's prediction of the mask's IoU, 0 to 1.
        stability: IoU between the masks with logits above +1 and above -1, 0 to 1.
    """

    logits: npt.NDArray[np.float32]
    extent: tuple[int, int]
    score: float
    stability: float

    def pixels(self, width: int, height: int) -> Pixels:
        """Return the mask in the photo's own pixels, ``[height, width] bool``."""
        (h, w), (rows, columns) = self.logits.shape, self.extent
        down = linear_twice(h, STRIDE, rows, height)
        return resample(self.logits, down, linear_twice(w, STRIDE, columns, width)) > 0


@runtime_checkable
class Segmenter(Protocol):
    """Make masks for points and boxes. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """Name of the model, for people."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hash of all that a mask depends on, except photo and prompts."""
        ...

    def from_points(
        self, image: Image.Image, points: npt.NDArray[np.float32]
    ) -> tuple[tuple[Segment, ...], ...]:
        """Return three masks (part, whole, more) per point; points are ``[n, 2] (x, y)`` pixels."""
        ...

    def from_boxes(self, image: Image.Image, boxes: Sequence[Box]) -> tuple[Segment, ...]:
        """Return one mask per box."""
        ...
