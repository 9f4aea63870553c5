"""A trained network for other languages, read in numpy; ``word_bridge.py`` has it for training."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file
from scipy.special import erf

from core.base.unit_rows import unit_rows
from core.errors import WeightsUnavailable
from core.ports.encoder import Vectors

WEIGHTS, CONFIG = "model.safetensors", "config.json"
#: Added to the variance in the layer norm, as PyTorch does.
_EPSILON = 1e-5
#: The tensors that it reads.
_NAMES = frozenset(
    f"{layer}.{part}" for layer in ("linear", "first", "last") for part in ("weight", "bias")
) | {"mean", "spread", "written_mean"}


@dataclass(frozen=True, slots=True)
class BridgeReader:
    """A network from a multilingual sentence encoder's vectors to the space of the text tower.

    Attributes:
        tensors: Its tensors by name, float32.
        fingerprint: SHA-256 of its files.
    """

    tensors: dict[str, npt.NDArray[np.float32]]
    fingerprint: str

    @property
    def written_mean(self) -> Vectors:
        """The image tower's mean over texts that were written as pictures, ``[dim]``."""
        return self.tensors["written_mean"]

    def cross(self, vectors: Vectors) -> Vectors:
        """Return the text tower's vectors for the sentence encoder's, ``[n, dim]``."""
        centred = vectors - vectors.mean(axis=-1, keepdims=True)
        fed = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + _EPSILON)
        inner = self._layer("first", fed)
        bent = 0.5 * inner * (1 + erf(inner / 2**0.5))
        return self.lying_in(unit_rows(self._layer("linear", fed) + self._layer("last", bent)))

    def directions(self, tower: Vectors) -> Vectors:
        """Return the directions of the text tower's vectors from their mean, L2-normalised."""
        return unit_rows(tower - self.tensors["mean"])

    def lying_in(self, directions: Vectors) -> Vectors:
        """Return the text tower's vectors that lie in these directions from their mean."""
        return unit_rows(self.tensors["mean"] + self.tensors["spread"] * directions)

    def _layer(self, name: str, values: Vectors) -> Vectors:
        weight, bias = (self.tensors[f"{name}.{part}"] for part in ("weight", "bias"))
        result: Vectors = values @ weight.T + bias
        return result

    @classmethod
    def load(cls, folder: Path) -> BridgeReader:
        """Load a trained network.

        Raises:
            WeightsUnavailable: A file is missing or damaged.
        """
        try:
            state = load_file(str(folder / WEIGHTS))
            if missing := _NAMES - state.keys():
                raise ValueError(f"it has no {min(missing)}")
            content = (folder / CONFIG).read_bytes() + (folder / WEIGHTS).read_bytes()
            tensors = {name: state[name].astype(np.float32) for name in _NAMES}
            reader = cls(tensors, hashlib.sha256(content).hexdigest())
            width = tensors["linear.weight"].shape[1]
            reader.cross(np.zeros((1, width), np.float32))  # tensors that don't fit fail here
            return reader
        except Exception as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            raise WeightsUnavailable(
                f"The network for other languages in {folder} can't be read ({reason}). Restore "
                "the folder from the project, or train it again (see its README.md)."
            ) from error


def blended(first: Vectors, second: Vectors, share: float) -> Vectors:
    """Return ``share`` of the first and the rest of the second, L2-normalised."""
    return unit_rows(share * first + (1 - share) * second)
