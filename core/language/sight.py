"""What the studio's own CLIP towers see in a photo: a colour, where they are sure of one.

Zero-shot over the colours of ``data/vocabularies/sight.toml``: cosines of the photo and a few
phrases per colour, a softmax at a calibrated temperature, and a threshold per colour. Temperature
and thresholds were chosen on development data (``benchmarks/sight.py``); a colour that was not
right often enough at any threshold has none and is never stated.
"""

from __future__ import annotations

import hashlib
import threading
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core.embedding.encoder import Encoder, Vectors
from core.errors import SettingsError

#: How a colour is put into words for the text tower; their vectors are averaged.
PHRASES = ("a photo of a {} item", "{} item", "{}, a product photo")


@dataclass(frozen=True, slots=True)
class Seen:
    """A colour that the towers are sure of.

    Attributes:
        colour: Its name, as in ``data/vocabularies/colours.toml``.
        probability: Calibrated, 0 to 1.
    """

    colour: str
    probability: float


class Sight:
    """Reads colours from photos and measures how well words fit a photo. Thread-safe.

    Args:
        encoder: The towers.
        path: The colours with their thresholds (``sight.toml``).

    Raises:
        SettingsError: The file is missing or broken.
    """

    def __init__(self, encoder: Encoder, path: Path) -> None:
        self._encoder = encoder
        try:
            content = path.read_bytes()
            table = tomllib.loads(content.decode("utf-8"))
            self._scale = float(table["scale"])
            self.names = tuple(map(str, table["colours"]))
            self.least = {str(name): float(value) for name, value in table["least"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(f"The vocabulary {path} can't be read: {error}.") from None
        self._digest = hashlib.sha256(content).hexdigest()
        self._classes: Vectors | None = None
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> str:
        """Hash of the towers, the phrases and the thresholds."""
        parts = (self._encoder.fingerprint, *PHRASES, self._digest)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def look(self, photo: Image.Image) -> Vectors:
        """The photo's vector: ``[d] float32, L2-normalised``."""
        return self._encoder.encode_images([photo])[0]

    def agreement(self, photo: Vectors, text: str) -> float:
        """Cosine of a photo's vector and a text."""
        return float(self._encoder.encode_texts([text])[0] @ photo)

    def cosines(self, photos: Vectors) -> Vectors:
        """Cosine of photos and each colour in ``names``: ``[n, d]`` to ``[n, colours]``."""
        return photos @ self._vectors().T

    def probabilities(self, photos: Vectors) -> Vectors:
        """Calibrated probability of each colour in ``names``: ``[n, d]`` to ``[n, colours]``."""
        logits = self._scale * self.cosines(photos)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def colour(self, photo: Vectors) -> Seen | None:
        """The colour of what a photo shows, or ``None`` where the towers are not sure."""
        odds = self.probabilities(photo[None])[0]
        best = int(odds.argmax())
        name = self.names[best]
        sure = name in self.least and odds[best] >= self.least[name]
        return Seen(name, float(odds[best])) if sure else None

    def _vectors(self) -> Vectors:
        with self._lock:
            if self._classes is None:
                said = [phrase.format(name) for name in self.names for phrase in PHRASES]
                each = self._encoder.encode_texts(said).reshape(len(self.names), len(PHRASES), -1)
                mean = each.mean(axis=1)
                self._classes = mean / np.linalg.norm(mean, axis=1, keepdims=True)
            return self._classes
