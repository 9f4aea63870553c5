"""The encoder of engines that were fine-tuned from the compact towers."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch
from PIL import Image

from core.base.lazy import lazy
from core.base.threads import for_pictures, for_words
from core.embedding import adapter, preprocess
from core.embedding.adapter import ImageAdapter
from core.embedding.batched_encoder import BatchedEncoder, to_vectors
from core.embedding.compact import CompactEncoder
from core.embedding.loader import Recipe
from core.embedding.tower_files import fingerprint_of
from core.errors import WeightsUnavailable
from core.ports.encoder import Encoder, Prepared, Vectors

if TYPE_CHECKING:
    from open_clip.transformer import VisionTransformer

    from core.embedding.text_tower import TextTower

#: Tensors of the image tower that training changed; only in checkpoints with an unlocked tower.
IMAGE_FILE = "image.safetensors"


class AdaptedEncoder(BatchedEncoder):
    """The compact image tower with trained changes, and a fine-tuned text tower.

    The changes of the image tower are an adapter after it, some replaced tensors, or none.

    Args:
        base: The compact encoder, which other engines share.
        folder: The checkpoint: a text tower's files, and optionally ``adapter.safetensors`` or
            ``image.safetensors``.
    """

    def __init__(self, base: CompactEncoder, folder: Path) -> None:
        self._base, self._folder = base, folder
        self._lock = threading.Lock()
        self._visual: VisionTransformer | None = None

    @property
    def dim(self) -> int:
        """Length of a vector, that of the compact towers."""
        return self._base.dim

    @lazy
    def fingerprint(self) -> str:
        """Hash of the image tower and its changes, the text tower and the preprocessing."""
        parts = [self._base.image_fingerprint]
        if (self._folder / adapter.FILE).is_file():
            parts.append(adapter.fingerprint(self._folder))
        if (self._folder / IMAGE_FILE).is_file():
            parts.append(hashlib.sha256((self._folder / IMAGE_FILE).read_bytes()).hexdigest())
        parts += [fingerprint_of(self._folder), preprocess.VERSION]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @lazy
    def text_tower(self) -> TextTower:
        """The fine-tuned text tower; raises ``WeightsUnavailable``."""
        from core.embedding.text_tower import TextTower  # slow to import

        return TextTower.load(self._folder)

    @lazy
    def adapter(self) -> ImageAdapter | None:
        """The adapter, or ``None`` if there is none; raises ``WeightsUnavailable``."""
        return ImageAdapter.load(self._folder) if (self._folder / adapter.FILE).is_file() else None

    @property
    def visual(self) -> VisionTransformer:
        """The image tower; it shares the unchanged tensors with the compact one.

        Raises:
            WeightsUnavailable: It can't be fetched, or the checkpoint does not fit it.
        """
        if not (self._folder / IMAGE_FILE).is_file():
            return self._base.visual
        with self._lock:
            if self._visual is None:
                self._visual = self._changed()
            return self._visual

    def prepare(self, images: Sequence[Image.Image]) -> Prepared:
        """Prepare pictures as the compact encoder does."""
        return self._base.prepare(images)

    def encode_prepared(self, batch: Prepared) -> Vectors:
        """Embed one prepared batch: ``[n, 512] float32, L2-normalised``."""
        vectors = self._embed(batch)
        return vectors if self.adapter is None else self.adapter.apply_to(vectors)

    @torch.inference_mode()
    def _embed(self, batch: Prepared) -> Vectors:
        if not (self._folder / IMAGE_FILE).is_file():
            return self._base.encode_prepared(batch)
        visual = self.visual
        device = visual.positional_embedding.device
        with for_pictures(device):
            return to_vectors(visual(preprocess.normalise(batch, device)))

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed words: ``[n, 512] float32, L2-normalised``."""
        tower = self.text_tower
        with for_words(len(texts)):
            return tower.encode(texts)

    def _changed(self) -> VisionTransformer:
        from safetensors.torch import load_file

        try:
            changed = load_file(str(self._folder / IMAGE_FILE))
            return self._base.with_changes(changed)
        except Exception as error:  # the file's reader raises an error of its own
            first = str(error).splitlines()[0][:200]
            raise WeightsUnavailable(
                f"The image tower in {self._folder} can't be read: {first}."
            ) from error


def build(recipe: Recipe) -> Encoder:
    """Build the encoder of a fine-tuned engine."""
    return AdaptedEncoder(cast("CompactEncoder", recipe.compact()), Path(recipe.towers.model))
