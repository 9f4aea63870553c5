"""Read an item's colour, material and audience from its photo, each only if it is sure.

Zero-shot over the values in ``data/vocabularies/sight.toml``: cosines of the grounded picture and
a few phrases per value, for colours also the pixels under the product's mask, a softmax with
calibrated scale and bias, and a threshold per value. All figures were chosen on development data
(``benchmarks/sight.py``); a value that was not right often enough at any threshold is never stated.
"""

from __future__ import annotations

import hashlib
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.base import colours
from core.base.image_views import image_view
from core.base.unit_rows import unit_rows
from core.domain import Grounding, ImageView
from core.errors import SettingsError
from core.ports.encoder import Encoder, Vectors, picture_fingerprint

#: How a value is put into words for the text tower; their vectors are averaged.
PHRASES = ("a photo of a {} item", "{} item", "{}, a product photo")

#: Below this share of the product's pixels a colour is a detail, and no colour of the product.
LEAST_SHARE = 0.3

#: Added to shares before their logarithm is taken, so that no colour is impossible.
_EVEN = 0.1


@dataclass(frozen=True, slots=True)
class Seen:
    """A value that was read with enough certainty.

    Attributes:
        name: Its name, as in the vocabularies.
        probability: Calibrated, 0 to 1.
    """

    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class PhotoFeatures:
    """What a product's attributes are read from.

    Attributes:
        vector: Of the grounded picture, ``[d] float32, L2-normalised``.
        shares: Of its pixels under each colour name (``core.base.colours``), ``[12] float32``.
    """

    vector: Vectors
    shares: Vectors


@dataclass(frozen=True, slots=True)
class Attribute:
    """The values of one attribute, and when each counts as seen.

    Attributes:
        kind: ``colour``, ``material`` or ``audience``.
        domains: Kinds of product that it is read for; no two of a kind share one.
        names: The values.
        scale: Times cosine.
        bias: Per value.
        pixels: Times the logarithm of the pixels' share; 0 leaves pixels out.
        least: Probability from which on a value is stated; one without is never stated.
    """

    kind: str
    domains: frozenset[str]
    names: tuple[str, ...]
    scale: float
    bias: tuple[float, ...]
    pixels: float
    least: Mapping[str, float]

    @classmethod
    def parse(cls, table: Mapping[str, Any]) -> Attribute:
        """Read one table of ``sight.toml``; raises ``ValueError`` and the like."""
        names = tuple(map(str, table["names"]))
        bias = tuple(map(float, table["bias"]))
        least = {str(name): float(value) for name, value in table["least"].items()}
        pixels = float(table.get("pixels", 0))
        if len(bias) != len(names) or not set(least) <= set(names):
            raise ValueError("bias and thresholds don't fit the names")
        if pixels and names != colours.NAMES:
            raise ValueError(f"pixels are counted for the colours {', '.join(colours.NAMES)}")
        domains = frozenset(map(str, table["domains"]))
        return cls(str(table["kind"]), domains, names, float(table["scale"]), bias, pixels, least)

    def odds(self, cosines: Vectors, shares: Vectors) -> Vectors:
        """Return calibrated probabilities, ``[n, values]``.

        Args:
            cosines: Of pictures and values, ``[n, values]``.
            shares: Of the colours in the pictures, ``[n, 12]``.
        """
        logits = self.scale * cosines + np.array(self.bias, np.float32)
        if self.pixels:
            logits = logits + self.pixels * log_shares(shares)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        odds: Vectors = powers / powers.sum(axis=1, keepdims=True)
        return odds

    def stated(self, odds: Vectors, shares: Vectors) -> npt.NDArray[np.bool_]:
        """Return whether each row's best value is sure enough to be stated: ``[n] bool``."""
        best, rows = odds.argmax(axis=1), np.arange(len(odds))
        sure: npt.NDArray[np.bool_] = (
            odds[rows, best] >= np.array([self.least.get(name, 2) for name in self.names])[best]
        )
        return sure & (shares[rows, best] >= LEAST_SHARE) if self.pixels else sure


def log_shares(shares: Vectors) -> Vectors:
    """Return what pixels say for each colour, as logarithms: ``[n, 12]`` to ``[n, 12]``."""
    logs: Vectors = np.log(shares + _EVEN)
    return logs


class PhotoReader:
    """Reads attributes from pictures and measures how well words fit one. Thread-safe.

    Args:
        encoder: The towers.
        path: The attributes with their figures (``sight.toml``).
        padding: Of crops, as a share of the box's longer side.

    Raises:
        SettingsError: The file is missing or broken.
    """

    def __init__(self, encoder: Encoder, path: Path, padding: float = 0.05) -> None:
        self._encoder, self._padding = encoder, padding
        try:
            content = path.read_bytes()
            tables = tomllib.loads(content.decode("utf-8"))["attribute"]
            self.attributes = tuple(Attribute.parse(table) for table in tables)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(f"The vocabulary {path} can't be read: {error}.") from None
        self._digest = hashlib.sha256(content).hexdigest()
        self._vectors: dict[tuple[str, ...], Vectors] = {}
        self._lock = threading.Lock()

    @property
    def towers(self) -> str:
        """Fingerprint of the towers: a crop's vector of theirs need not be computed again."""
        return picture_fingerprint(self._encoder)

    @property
    def fingerprint(self) -> str:
        """Hash of the towers, the phrases and the figures."""
        parts = (self._encoder.fingerprint, *PHRASES, self._digest)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def features(
        self, photo: Image.Image, grounding: Grounding | None = None, vector: Vectors | None = None
    ) -> PhotoFeatures:
        """Compute what attributes are read from.

        Args:
            photo: The stored photo.
            grounding: Where it is; without, the whole photo is looked at.
            vector: The crop's vector of the same towers, where it is known already.
        """
        if vector is None:
            crop = image_view(photo, grounding, ImageView.CROP, self._padding)
            vector = self._encoder.encode_images([crop])[0]
        best = grounding.best if grounding else None
        return PhotoFeatures(vector, colours.colour_shares(photo, best.mask if best else None))

    def read(self, features: PhotoFeatures, domain: str) -> dict[str, Seen]:
        """Return the attributes (``colour`` …) that it is sure of, for one kind of product."""
        seen, shares = {}, features.shares[None]
        for attribute in self.attributes:
            if domain not in attribute.domains:
                continue
            odds = attribute.odds(
                features.vector[None] @ self._value_vectors(attribute.names).T, shares
            )
            if attribute.stated(odds, shares)[0]:
                best = int(odds[0].argmax())
                seen[attribute.kind] = Seen(attribute.names[best], float(odds[0, best]))
        return seen

    def agreement(self, features: PhotoFeatures, text: str) -> float:
        """Return the cosine of the picture and a text."""
        return float(self._encoder.encode_texts([text])[0] @ features.vector)

    def _value_vectors(self, names: tuple[str, ...]) -> Vectors:
        with self._lock:
            if names not in self._vectors:
                self._vectors[names] = phrase_vectors(self._encoder, names)
            return self._vectors[names]


def phrase_vectors(encoder: Encoder, names: tuple[str, ...]) -> Vectors:
    """Return vectors of some values' phrases: ``[values, d] float32, L2-normalised``."""
    phrases = [phrase.format(name.lower()) for name in names for phrase in PHRASES]
    mean = encoder.encode_texts(phrases).reshape(len(names), len(PHRASES), -1).mean(axis=1)
    return unit_rows(mean)
