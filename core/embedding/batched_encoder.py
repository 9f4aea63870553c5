"""Base class of encoders: embed pictures in batches, normalise vectors."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.ports.encoder import Prepared, Vectors

if TYPE_CHECKING:
    from torch import Tensor


#: How many pictures' vectors an encoder caches by the pictures' content (2 to 4 kB each).
KEEP = 1024


class BatchedEncoder(ABC):
    """An encoder that implements ``encode_images`` with ``prepare`` and ``encode_prepared``."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Length of a vector."""

    @abstractmethod
    def prepare(self, images: Sequence[Image.Image]) -> Prepared:
        """Turn pictures into one batch; its first axis has length ``n``."""

    @abstractmethod
    def encode_prepared(self, batch: Prepared) -> Vectors:
        """Return one batch to ``[n, d] float32, L2-normalised``."""

    def encode_images(self, images: Sequence[Image.Image], batch_size: int = 32) -> Vectors:
        """Embed pictures: ``[n, d] float32, L2-normalised``."""
        if not images:
            return np.zeros((0, self.dim), dtype=np.float32)
        starts = range(0, len(images), batch_size)
        return np.concatenate(
            [self.encode_prepared(self.prepare(images[i : i + batch_size])) for i in starts]
        )


def content_hash(pixels: npt.NDArray[Any]) -> bytes:
    """Return a hash of one prepared picture."""
    return hashlib.sha256(np.ascontiguousarray(pixels).data).digest()


def to_vectors(features: Tensor) -> Vectors:
    """Normalise the model's output: ``[n, d] float32, L2-normalised``."""
    import torch

    return torch.nn.functional.normalize(features.float(), dim=-1).cpu().numpy()
