"""What every segmenter can do: points and boxes in, masks out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from core.domain import Box

#: The decoder's masks are this many times smaller than the model's input.
STRIDE = 4

Pixels = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Segment:
    """A mask as the decoder gives it, a quarter of the model's input in size.

    Attributes:
        logits: ``[h, w] float32``; the mask is where it is positive.
        extent: Height and width of the part that the photo fills, in model pixels; the rest of
            the last row and column of ``logits`` is padding.
        score: The decoder's own prediction of its IoU, 0 to 1.
        stability: IoU between the mask cut at +1 and at -1; how sure its edge is, 0 to 1.
    """

    logits: npt.NDArray[np.float32]
    extent: tuple[int, int]
    score: float
    stability: float

    def pixels(self, width: int, height: int) -> Pixels:
        """The mask in the photo's own pixels, ``[height, width] bool``."""
        rows, columns = self.extent
        model = _resize(torch.from_numpy(self.logits)[None, None], STRIDE, None)
        full = _resize(model[..., :rows, :columns], None, (height, width))
        return (full[0, 0] > 0).numpy()


def _resize(logits: Tensor, factor: int | None, size: tuple[int, int] | None) -> Tensor:
    return torch.nn.functional.interpolate(
        logits, size=size, scale_factor=factor, mode="bilinear", align_corners=False
    )


@runtime_checkable
class Segmenter(Protocol):
    """Turns points and boxes into masks. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """Name of the model, for people."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hash of the model and of the rules here."""
        ...

    def from_points(
        self, image: Image.Image, points: npt.NDArray[np.float32]
    ) -> tuple[tuple[Segment, ...], ...]:
        """Three candidate masks (part, whole, more) for each point ``[n, 2] (x, y)`` in pixels."""
        ...

    def from_boxes(self, image: Image.Image, boxes: Sequence[Box]) -> tuple[Segment, ...]:
        """One mask per box."""
        ...
