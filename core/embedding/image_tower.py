"""The compact image tower behind one protocol, in PyTorch or in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.embedding import preprocess, vit_graph
from core.embedding.batched_encoder import to_vectors
from core.embedding.dense import (
    Similarity,
    patch_features,
    pooled_and_patches,
    pooled_strip,
    positions_for,
    strip_positions,
)
from core.ports.encoder import Vectors
from core.runtime.onnx_model import OnnxModel

if TYPE_CHECKING:
    from open_clip.transformer import VisionTransformer

#: Patch features of several pictures of one size, ``[n, h, w, d] float32``, L2-normalised.
Patches = npt.NDArray[np.float32]


class ImageTower(Protocol):
    """An image tower. The caller holds ``for_pictures`` while it computes."""

    def pooled(self, pixels: Tensor) -> Vectors:
        """Embed ``[n, 3, 224, 224] uint8``: ``[n, d] float32, L2-normalised``."""
        ...

    def patches(self, pixels: Tensor, similarity: Similarity) -> Patches:
        """Compute patch features of ``[n, 3, 16 h, 16 w] uint8``: ``[n, h, w, d]``."""
        ...

    def both(self, pixels: Tensor, similarity: Similarity) -> tuple[Vectors, Patches]:
        """Compute both in one pass."""
        ...

    def strip(self, pixels: Tensor) -> Vectors:
        """Embed the middle strips of white squares, ``[n, 3, 16 h, 224] uint8``: ``[n, d]``."""
        ...


class TorchTower:
    """The tower in PyTorch, on any device.

    Args:
        visual: Returns the model, loaded on first use.
        device: Where it is.
    """

    def __init__(self, visual: Callable[[], VisionTransformer], device: torch.device) -> None:
        self._visual, self._device = visual, device

    @torch.inference_mode()
    def pooled(self, pixels: Tensor) -> Vectors:
        """Embed pictures."""
        return to_vectors(self._visual()(preprocess.normalise(pixels, self._device)))

    def patches(self, pixels: Tensor, similarity: Similarity) -> Patches:
        """Compute patch features."""
        shown = preprocess.normalise(pixels, self._device)
        return patch_features(self._visual(), shown, similarity).cpu().numpy()

    def both(self, pixels: Tensor, similarity: Similarity) -> tuple[Vectors, Patches]:
        """Compute both in one pass."""
        shown = preprocess.normalise(pixels, self._device)
        pooled, patches = pooled_and_patches(self._visual(), shown, similarity)
        return to_vectors(pooled), patches.cpu().numpy()

    def strip(self, pixels: Tensor) -> Vectors:
        """Embed the middle strips of white squares."""
        shown = preprocess.normalise(pixels, self._device)
        return to_vectors(pooled_strip(self._visual(), shown))


class OnnxTower:
    """The tower in ONNX Runtime.

    Args:
        model: A file that ``vit_graph`` built.
        positions: The tower's positional embedding, ``[1 + side², width] float32``.
        patch: Side of a patch, in pixels.
    """

    def __init__(self, model: OnnxModel, positions: Tensor, patch: int) -> None:
        self._model, self._patch = model, patch
        self._positions = lru_cache(maxsize=64)(
            lambda rows, columns: positions_for(positions, rows, columns).numpy()
        )
        self._strip_positions = lru_cache(maxsize=8)(
            lambda rows, columns: strip_positions(positions, rows, columns).numpy()
        )

    def pooled(self, pixels: Tensor) -> Vectors:
        """Embed pictures."""
        (pooled,) = self._run([vit_graph.POOLED], pixels)
        return pooled

    def patches(self, pixels: Tensor, similarity: Similarity) -> Patches:
        """Compute patch features."""
        (patches,) = self._run([similarity], pixels)
        return patches.reshape(len(pixels), *self._grid(pixels), -1)

    def both(self, pixels: Tensor, similarity: Similarity) -> tuple[Vectors, Patches]:
        """Compute both in one pass."""
        pooled, patches = self._run([vit_graph.POOLED, similarity], pixels)
        return pooled, patches.reshape(len(pixels), *self._grid(pixels), -1)

    def strip(self, pixels: Tensor) -> Vectors:
        """Embed the middle strips of white squares."""
        positions = self._strip_positions(*self._grid(pixels))
        (pooled,) = self._run([vit_graph.POOLED], pixels, positions)
        return pooled

    def _run(
        self,
        outputs: list[str],
        pixels: Tensor,
        positions: npt.NDArray[np.float32] | None = None,
    ) -> list[npt.NDArray[np.float32]]:
        # One by one: in int8 a picture's scale must not depend on the others, and it is as fast.
        if positions is None:
            positions = self._positions(*self._grid(pixels))
        rows = [
            self._model.run(outputs, {vit_graph.PIXELS: row, vit_graph.POSITIONS: positions})
            for row in np.split(pixels.numpy(), len(pixels))
        ]
        return [np.concatenate(values) for values in zip(*rows, strict=True)]

    def _grid(self, pixels: Tensor) -> tuple[int, int]:
        height, width = pixels.shape[-2:]
        return height // self._patch, width // self._patch
