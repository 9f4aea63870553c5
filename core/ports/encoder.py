"""Protocol of encoders: pictures and texts in, vectors of one space out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from PIL import Image

Vectors = npt.NDArray[np.float32]
#: Pictures as a model takes them, an array of numpy or of torch; the first axis has length ``n``.
Prepared = Any


@runtime_checkable
class Encoder(Protocol):
    """Two towers with one space. Safe to call from several threads; loads on first use."""

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
        """Embed texts: ``[n, d] float32, L2-normalised``."""
        ...

    def prepare(self, images: Sequence[Image.Image]) -> Prepared:
        """Convert pictures to the input of ``encode_prepared``, without the model.

        It may run in another thread, so that decoding and resizing overlap with the model. Inspect
        shows it where it is pixels, ``[n, 3, height, width]``.
        """
        ...

    def encode_prepared(self, batch: Prepared) -> Vectors:
        """Embed one prepared batch: ``[n, d] float32, L2-normalised``."""
        ...


@runtime_checkable
class Normalises(Protocol):
    """Protocol of an encoder whose prepared pixels are normalised per channel."""

    @property
    def normalisation(self) -> tuple[Sequence[float], Sequence[float]]:
        """Mean and standard deviation per channel, of values 0 to 1."""
        ...


@runtime_checkable
class Releasable(Protocol):
    """Protocol of a model that can be let go of to save memory."""

    def release(self) -> None:
        """Let go of the model; it is loaded again when it is next needed."""
        ...


@runtime_checkable
class ReadsLanguages(Protocol):
    """Protocol of an encoder that reads words in several languages.

    Attributes:
        languages: The languages (ISO 639-1).
    """

    languages: tuple[str, ...]

    def language_of(self, text: str) -> str:
        """Return the language that a text is read in (ISO 639-1)."""
        ...

    def encode_queries(self, texts: Sequence[str], language: str = "") -> Vectors:
        """Embed the words of queries: ``[n, d] float32, L2-normalised``.

        Args:
            texts: The words.
            language: Their language; empty finds it for each.
        """
        ...


def encode_queries(encoder: Encoder, texts: Sequence[str], language: str = "") -> Vectors:
    """Embed the words of queries, in their language where the encoder reads several.

    Returns:
        ``[n, d] float32, L2-normalised``.
    """
    if isinstance(encoder, ReadsLanguages):
        return encoder.encode_queries(texts, language)
    return encoder.encode_texts(texts)


def picture_fingerprint(encoder: Encoder) -> str:
    """Return a hash that equals that of another encoder where both embed pictures alike."""
    return str(getattr(encoder, "picture_fingerprint", encoder.fingerprint))


def joined(batches: Sequence[Prepared]) -> Prepared:
    """Join prepared batches along their first axis."""
    if all(isinstance(batch, np.ndarray) for batch in batches):
        return np.concatenate(batches)
    import torch  # slow to import, and not needed where ONNX Runtime runs the model

    return torch.cat(list(batches))
