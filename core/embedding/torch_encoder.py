"""Base class of encoders with a two-tower model: lazy loading, mixed precision, fingerprint."""

from __future__ import annotations

import hashlib
import threading
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from core.base.recent import Recent, look_up
from core.base.threads import for_pictures, for_words
from core.embedding.batched_encoder import KEEP, BatchedEncoder, content_hash, to_vectors
from core.embedding.device import resolve_device, resolve_dtype
from core.embedding.preprocess import fitted
from core.ports.encoder import Vectors

#: Texts per forward pass.
TEXT_BATCH = 256


#: Mean and standard deviation per channel, of values 0 to 1.
Normalisation = tuple[Sequence[float], Sequence[float]]


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A two-tower model with its own preprocessing.

    Attributes:
        model: The model in float32, in evaluation mode, without gradients.
        dim: Length of a vector.
        pixels: Pictures → the model's image input, ``[n, 3, h, w] float32``.
        tokens: Texts → the model's text input, tensors by name.
        image_features: Image input → ``[n, d]``.
        text_features: Text input → ``[n, d]``.
        normalisation: Mean and standard deviation per channel of ``pixels``, of values 0 to 1.
        preprocessing: Parameters of ``pixels`` and ``tokens`` as text; part of the fingerprint.
        save: Writes the present model into a folder, in a layout that its loader reads.
    """

    model: nn.Module
    dim: int
    pixels: Callable[[Sequence[Image.Image]], Tensor]
    tokens: Callable[[Sequence[str]], dict[str, Tensor]]
    image_features: Callable[[Tensor], Tensor]
    text_features: Callable[[dict[str, Tensor]], Tensor]
    normalisation: Normalisation
    preprocessing: str
    save: Callable[[Path], None]


class TorchEncoder(BatchedEncoder):
    """An encoder whose model is loaded on first use, by the first thread that needs it."""

    def __init__(self, device: str = "auto", precision: str = "auto", fit: str = "") -> None:
        self._fit = fit
        self._device = resolve_device(device)
        self._precision = precision
        self._lock = threading.Lock()
        self._loaded: LoadedModel | None = None
        self._fingerprint, self._dim = "", 0
        self._pictures: Recent[Vectors] = Recent(KEEP)

    @abstractmethod
    def load(self) -> LoadedModel:
        """Load the model; raise ``WeightsUnavailable`` if that fails."""

    def load_fitted(self) -> LoadedModel:
        """Load the model with the recipe's way to make pictures square; raises as ``load``."""
        loaded, fit = self.load(), self._fit
        if not fit:
            return loaded

        def pixels(images: Sequence[Image.Image]) -> Tensor:
            return loaded.pixels([fitted(image, fit) for image in images])

        return replace(loaded, pixels=pixels, preprocessing=f"{loaded.preprocessing} {fit}")

    @property
    def loaded(self) -> LoadedModel:
        """The model, loaded at the first access."""
        with self._lock:
            if self._loaded is None:
                loaded = self.load_fitted()
                # Hash in float32, before any cast, so that number formats share stored vectors.
                self._fingerprint, self._dim = _model_hash(loaded), loaded.dim
                loaded.model.to(self._device)
                self._loaded = loaded
            return self._loaded

    @property
    def dim(self) -> int:
        """Length of a vector."""
        if not self._dim:
            _ = self.loaded
        return self._dim

    @property
    def fingerprint(self) -> str:
        """Hash of all tensors and of the preprocessing."""
        if not self._fingerprint:
            _ = self.loaded
        return self._fingerprint

    def release(self) -> None:
        """Let go of the model; it is loaded again when it is next needed."""
        with self._lock:
            self._loaded = None

    @property
    def normalisation(self) -> Normalisation:
        """Mean and standard deviation per channel of what ``prepare`` returns."""
        return self.loaded.normalisation

    def prepare(self, images: Sequence[Image.Image]) -> Tensor:
        """Preprocess pictures as the model requires: ``[n, 3, h, w] float32``."""
        return self.loaded.pixels(images)

    def encode_prepared(self, batch: Tensor) -> Vectors:
        """Embed one prepared batch: ``[n, d] float32, L2-normalised``.

        Pictures that repeat are embedded once: photos of several listings, whole photos as crops.
        """

        def compute(places: list[int]) -> list[Vectors]:
            loaded = self.loaded
            with for_pictures(self._device), torch.inference_mode(), self._mixed():
                return [*to_vectors(loaded.image_features(batch[places].to(self._device)))]

        keys = [content_hash(row.numpy()) for row in batch]
        vectors: list[Vectors] = look_up(self._pictures, keys, compute)
        return np.stack(vectors)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed words: ``[n, d] float32, L2-normalised``."""
        loaded, parts = self.loaded, []
        for start in range(0, len(texts), TEXT_BATCH):
            tokens = loaded.tokens(list(texts[start : start + TEXT_BATCH]))
            moved = {name: tensor.to(self._device) for name, tensor in tokens.items()}
            with for_words(len(texts)), torch.inference_mode(), self._mixed():
                parts.append(loaded.text_features(moved).float())
        return to_vectors(torch.cat(parts) if parts else torch.zeros(0, loaded.dim))

    def _mixed(self) -> torch.autocast:
        dtype = resolve_dtype(self._precision, self._device)
        return torch.autocast(self._device.type, torch.bfloat16, enabled=dtype == torch.bfloat16)


def _model_hash(loaded: LoadedModel) -> str:
    digest = hashlib.sha256(loaded.preprocessing.encode())
    for name, tensor in sorted(loaded.model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
