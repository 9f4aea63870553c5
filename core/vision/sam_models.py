"""SAM's two halves, which encode a photo and decode masks, and both in ONNX Runtime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.runtime.onnx_model import OnnxModel

#: Inputs and outputs of the ONNX files.
IMAGES, FEATURES = "images", "features"
COORDS, LABELS, MASKS, SCORES = "coords", "labels", "masks", "scores"
#: SAM's labels of a point inside, of a missing second point, and of a box's two corners.
INSIDE, MISSING, FIRST_CORNER, SECOND_CORNER = 1, -1, 2, 3
Array = npt.NDArray[np.float32]

#: Mean and deviation of the pixels that SAM was trained on.
_MEAN = np.array([123.675, 116.28, 103.53], np.float32)
_DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoded photo.

    Attributes:
        features: What the model's decoder reads.
        extent: Height and width of the photo in the model's input, pixels.
    """

    features: Any
    extent: tuple[int, int]


class SamModel(Protocol):
    """A SAM model. The caller holds ``for_pictures`` while it computes.

    Attributes:
        side: Side of its square input, pixels.
    """

    side: int

    def encode(self, pixels: npt.NDArray[np.uint8]) -> Encoding:
        """Encode a photo, ``[h, w, 3]`` RGB."""
        ...

    def points(self, encoding: Encoding, points: Array) -> tuple[Array, Array]:
        """Return logits ``[n, 3, h, w]`` and scores ``[n, 3]`` of points ``[n, 2] (x, y)``."""
        ...

    def boxes(self, encoding: Encoding, boxes: Array) -> tuple[Array, Array]:
        """Return the same, one mask each, of boxes ``[n, 4] (left, top, right, bottom)``."""
        ...


class OnnxSam:
    """A SAM model as two ONNX files, without ``segment_anything`` and what that imports.

    Args:
        encoder: ``images [1, 3, side, side]`` → ``features``.
        decoder: ``features``, ``coords [1, 2, 2]``, ``labels [1, 2]`` → ``masks [1, 4, h, w]``,
            ``scores [1, 4]``.
        side: Side of the square input, pixels.
    """

    def __init__(self, encoder: OnnxModel, decoder: OnnxModel, side: int) -> None:
        self._encoder, self._decoder, self.side = encoder, decoder, side

    def encode(self, pixels: npt.NDArray[np.uint8]) -> Encoding:
        """Encode a photo."""
        height, width = extent(pixels.shape[1], pixels.shape[0], self.side)
        shown = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
        image = np.zeros((1, 3, self.side, self.side), np.float32)
        normal = (np.asarray(shown, np.float32) - _MEAN) / _DEVIATION
        image[0, :, :height, :width] = normal.transpose(2, 0, 1)
        (features,) = self._encoder.run([FEATURES], {IMAGES: image})
        return Encoding(features, (height, width))

    def points(self, encoding: Encoding, points: Array) -> tuple[Array, Array]:
        """Return three masks per point."""
        pairs = np.stack([points, np.zeros_like(points)], axis=1)
        masks, scores = self._decoded(encoding, pairs, (INSIDE, MISSING))
        return masks[:, 1:], scores[:, 1:]

    def boxes(self, encoding: Encoding, boxes: Array) -> tuple[Array, Array]:
        """Return one mask per box."""
        labels = FIRST_CORNER, SECOND_CORNER
        masks, scores = self._decoded(encoding, boxes.reshape(-1, 2, 2), labels)
        return masks[:, :1], scores[:, :1]

    def _decoded(
        self, encoding: Encoding, pairs: Array, labels: tuple[int, int]
    ) -> tuple[Array, Array]:
        kinds = np.array([labels], np.float32)
        results = [
            self._decoder.run(
                [MASKS, SCORES],
                {FEATURES: encoding.features, COORDS: pair[None], LABELS: kinds},
            )
            for pair in np.ascontiguousarray(pairs, np.float32)
        ]
        masks, scores = (np.concatenate(parts) for parts in zip(*results, strict=True))
        return masks, scores


def extent(width: int, height: int, side: int) -> tuple[int, int]:
    """Return height and width of a photo whose longer side becomes ``side``, as SAM rounds them."""
    scale = side / max(width, height)
    return int(height * scale + 0.5), int(width * scale + 0.5)
