"""What every encoder can do: pictures and words in, vectors of one space out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

Vectors = npt.NDArray[np.float32]


@runtime_checkable
class Encoder(Protocol):
    """Two towers, one space. Safe to call from several threads; loads on first use."""

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hash of weights, tokenizer and preprocessing; not of the number format."""
        ...

    def encode_images(self, images: Sequence[Image.Image], batch_size: int = 32) -> Vectors:
        """Embed pictures: ``[n, d] float32, L2-normalised``."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed words: ``[n, d] float32, L2-normalised``."""
        ...

    def prepare(self, images: Sequence[Image.Image]) -> Tensor:
        """Turn pictures into what ``encode_prepared`` takes, without the model.

        Runs well in another thread, so that decoding and resizing hide behind the model.
        """
        ...

    def encode_prepared(self, batch: Tensor) -> Vectors:
        """Embed one prepared batch: ``[n, d] float32, L2-normalised``."""
        ...


class BatchedEncoder(ABC):
    """``encode_images`` in terms of ``prepare`` and ``encode_prepared``."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Length of a vector."""

    @abstractmethod
    def prepare(self, images: Sequence[Image.Image]) -> Tensor:
        """Pictures to one batch, first axis ``n``."""

    @abstractmethod
    def encode_prepared(self, batch: Tensor) -> Vectors:
        """One batch to ``[n, d] float32, L2-normalised``."""

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
