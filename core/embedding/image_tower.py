"""The compact image tower behind one protocol, and in ONNX Runtime; without PyTorch."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from core.embedding import vit_graph
from core.embedding.dense_features import Similarity
from core.embedding.patch_positions import positions_of_grid, positions_of_strip
from core.embedding.preprocess import Pixels
from core.ports.encoder import Vectors
from core.runtime.onnx_model import OnnxModel

#: Patch features of several pictures of one size, ``[n, h, w, d] float32``, L2-normalised.
Patches = npt.NDArray[np.float32]


class ImageTower(Protocol):
    """An image tower. The caller holds ``for_pictures`` while it computes."""

    def pooled(self, pixels: Pixels) -> Vectors:
        """Embed ``[n, 3, 224, 224] uint8``: ``[n, d] float32, L2-normalised``."""
        ...

    def patches(self, pixels: Pixels, similarity: Similarity) -> Patches:
        """Compute patch features of ``[n, 3, 16 h, 16 w] uint8``: ``[n, h, w, d]``."""
        ...

    def both(self, pixels: Pixels, similarity: Similarity) -> tuple[Vectors, Patches]:
        """Compute both in one pass."""
        ...

    def strip(self, pixels: Pixels) -> Vectors:
        """Embed the middle strips of white squares, ``[n, 3, 16 h, 224] uint8``: ``[n, d]``."""
        ...


class OnnxTower:
    """The tower in ONNX Runtime.

    Args:
        model: A file that ``vit_graph`` built.
        positions: The tower's positional embedding, ``[1 + side², width] float32``.
        patch: Side of a patch, in pixels.
    """

    def __init__(self, model: OnnxModel, positions: npt.NDArray[np.float32], patch: int) -> None:
        self._model, self._patch = model, patch
        self._positions = lru_cache(maxsize=64)(
            lambda rows, columns: positions_of_grid(positions, rows, columns)
        )
        self._strip_positions = lru_cache(maxsize=8)(
            lambda rows, columns: positions_of_strip(positions, rows, columns)
        )

    def pooled(self, pixels: Pixels) -> Vectors:
        """Embed pictures."""
        (pooled,) = self._run([vit_graph.POOLED], pixels)
        return pooled

    def patches(self, pixels: Pixels, similarity: Similarity) -> Patches:
        """Compute patch features."""
        (patches,) = self._run([similarity], pixels)
        return patches.reshape(len(pixels), *self._grid(pixels), -1)

    def both(self, pixels: Pixels, similarity: Similarity) -> tuple[Vectors, Patches]:
        """Compute both in one pass."""
        pooled, patches = self._run([vit_graph.POOLED, similarity], pixels)
        return pooled, patches.reshape(len(pixels), *self._grid(pixels), -1)

    def strip(self, pixels: Pixels) -> Vectors:
        """Embed the middle strips of white squares."""
        positions = self._strip_positions(*self._grid(pixels))
        (pooled,) = self._run([vit_graph.POOLED], pixels, positions)
        return pooled

    def _run(
        self,
        outputs: list[str],
        pixels: Pixels,
        positions: npt.NDArray[np.float32] | None = None,
    ) -> list[npt.NDArray[np.float32]]:
        # One by one: in int8 a picture's scale must not depend on the others, and it is as fast.
        if positions is None:
            positions = self._positions(*self._grid(pixels))
        rows = [
            self._model.run(outputs, {vit_graph.PIXELS: row, vit_graph.POSITIONS: positions})
            for row in np.split(pixels, len(pixels))
        ]
        return [np.concatenate(values) for values in zip(*rows, strict=True)]

    def _grid(self, pixels: Pixels) -> tuple[int, int]:
        height, width = pixels.shape[-2:]
        return height // self._patch, width // self._patch
