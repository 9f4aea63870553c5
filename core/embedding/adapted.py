"""An encoder that was fine-tuned here: an adapter and a text tower of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from torch import Tensor

from core.embedding import adapter, preprocess
from core.embedding.adapter import ImageAdapter
from core.embedding.compact import CompactEncoder
from core.embedding.encoder import BatchedEncoder, Vectors

if TYPE_CHECKING:
    from core.embedding.text_tower import TextTower


class AdaptedEncoder(BatchedEncoder):
    """The compact image tower with an adapter behind it, and a fine-tuned text tower.

    Args:
        base: The compact encoder, which other engines share.
        folder: The checkpoint: a text tower's files and ``adapter.safetensors``.
    """

    def __init__(self, base: CompactEncoder, folder: Path) -> None:
        self._base, self._folder = base, folder

    @property
    def dim(self) -> int:
        """As the compact towers."""
        return self._base.dim

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the image tower, the adapter, the text tower and the preprocessing."""
        parts = (
            self._base.image_fingerprint,
            adapter.fingerprint(self._folder),
            self.text_tower.fingerprint,
            preprocess.VERSION,
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @cached_property
    def text_tower(self) -> TextTower:
        """The fine-tuned text tower; raises ``WeightsUnavailable``."""
        from core.embedding.text_tower import TextTower  # slow to import

        return TextTower.load(self._folder)

    @cached_property
    def adapter(self) -> ImageAdapter:
        """The adapter; raises ``WeightsUnavailable``."""
        return ImageAdapter.load(self._folder)

    def prepare(self, images: Sequence[Image.Image]) -> Tensor:
        """As the compact encoder does."""
        return self._base.prepare(images)

    def encode_prepared(self, batch: Tensor) -> Vectors:
        """Embed one prepared batch: ``[n, 512] float32, L2-normalised``."""
        return self.adapter.apply_to(self._base.encode_prepared(batch))

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed words: ``[n, 512] float32, L2-normalised``."""
        return self.text_tower.encode(texts)
