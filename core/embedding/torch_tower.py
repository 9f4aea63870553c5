"""The compact image tower in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from core.embedding import preprocess
from core.embedding.batched_encoder import to_vectors
from core.embedding.dense import patch_features, pooled_and_patches, pooled_strip
from core.embedding.dense_features import Similarity
from core.embedding.image_tower import Patches
from core.embedding.preprocess import Pixels
from core.ports.encoder import Vectors

if TYPE_CHECKING:
    from open_clip.transformer import VisionTransformer


class TorchTower:
    """The tower in PyTorch, on any device.

    Args:
        visual: Returns the model, loaded on first use.
        device: Where it is.
    """

    def __init__(self, visual: Callable[[], VisionTransformer], device: torch.device) -> None:
        self._visual, self._device = visual, device

    @torch.inference_mode()
    def pooled(self, pixels: Pixels) -> Vectors:
        """Embed pictures."""
        return to_vectors(self._visual()(preprocess.normalise(pixels, self._device)))

    def patches(self, pixels: Pixels, similarity: Similarity) -> Patches:
        """Compute patch features."""
        shown = preprocess.normalise(pixels, self._device)
        return patch_features(self._visual(), shown, similarity).cpu().numpy()

    def both(self, pixels: Pixels, similarity: Similarity) -> tuple[Vectors, Patches]:
        """Compute both in one pass."""
        shown = preprocess.normalise(pixels, self._device)
        pooled, patches = pooled_and_patches(self._visual(), shown, similarity)
        return to_vectors(pooled), patches.cpu().numpy()

    def strip(self, pixels: Pixels) -> Vectors:
        """Embed the middle strips of white squares."""
        shown = preprocess.normalise(pixels, self._device)
        return to_vectors(pooled_strip(self._visual(), shown))
