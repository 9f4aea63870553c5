"""Base class of encoders: embed pictures in batches, normalise vectors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from core.ports.encoder import Vectors


class BatchedEncoder(ABC):
    """An encoder that implements ``encode_images`` with ``prepare`` and ``encode_prepared``."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Length of a vector."""

    @abstractmethod
    def prepare(self, images: Sequence[Image.Image]) -> Tensor:
        """Turn pictures into one batch; its first axis has length ``n``."""

    @abstractmethod
    def encode_prepared(self, batch: Tensor) -> Vectors:
        """Return one batch to ``[n, d] float32, L2-normalised``."""

    def encode_images(self, images: Sequence[Image.Image], batch_size: int = 32) -> Vectors:
        """Embed pictures: ``[n, d] float32, L2-normalised``."""
        if not images:
            return np.zeros((0, self.dim), dtype=np.float32)
        starts = range(0, len(images), batch_size)
        return np.concatenate(
            [self.encode_prepared(self.prepare(images[i : i + batch_size])) for i in starts]
        )


def to_vectors(features: Tensor) -> Vectors:
    """Normalise the model's output: ``[n, d] float32, L2-normalised``."""
    return torch.nn.functional.normalize(features.float(), dim=-1).cpu().numpy()
