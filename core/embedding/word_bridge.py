"""From a multilingual sentence encoder's vectors to the space of the text tower."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import dropout, gelu, layer_norm, normalize

from core.errors import WeightsUnavailable
from core.ports.encoder import Vectors

WEIGHTS, CONFIG = "model.safetensors", "config.json"


class WordBridge(nn.Module):
    """A small network between two spaces of words, with the means that centre its input.

    Args:
        width: Length of the vectors that come in.
        dim: Length of the vectors that go out.
        hidden: Width of the non-linear branch.
    """

    mean: Tensor
    spread: Tensor
    written_mean: Tensor

    def __init__(self, width: int = 512, dim: int = 512, hidden: int = 1024) -> None:
        super().__init__()
        self.sizes = {"width": width, "dim": dim, "hidden": hidden}
        self.linear = nn.Linear(width, dim)
        self.first, self.last = nn.Linear(width, hidden), nn.Linear(hidden, dim)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)
        #: The text tower's mean over listings and queries, and how far its vectors are from it.
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("spread", torch.ones(()))
        #: The image tower's mean over texts that were written as pictures.
        self.register_buffer("written_mean", torch.zeros(dim))
        self.fingerprint = ""

    def forward(self, vectors: Tensor, drop: float = 0.0) -> Tensor:
        """Return directions from the mean, ``[n, dim]``, L2-normalised.

        Args:
            vectors: The sentence encoder's, ``[n, width]``.
            drop: Share of the inputs and of the hidden values that are left out, in training.
        """
        fed = dropout(layer_norm(vectors, vectors.shape[-1:]), drop, drop > 0)
        hidden = dropout(gelu(self.first(fed)), drop, drop > 0)
        return normalize(self.linear(fed) + self.last(hidden), dim=-1)

    def around_mean(self, directions: Tensor) -> Tensor:
        """Return the vectors in these directions from the mean: ``[n, dim]``, L2-normalised."""
        return normalize(self.mean + self.spread * directions, dim=-1)

    @torch.inference_mode()
    def cross(self, vectors: Vectors) -> Vectors:
        """Return the text tower's vectors for the sentence encoder's."""
        crossed: Vectors = self.around_mean(self(torch.from_numpy(vectors))).numpy()
        return crossed

    @torch.inference_mode()
    def directions(self, tower: Vectors) -> Vectors:
        """Return the directions of the text tower's vectors from their mean, L2-normalised."""
        lying: Vectors = normalize(torch.from_numpy(tower) - self.mean, dim=-1).numpy()
        return lying

    @torch.inference_mode()
    def lying_in(self, directions: Vectors) -> Vectors:
        """Return the text tower's vectors that lie in these directions from their mean."""
        vectors: Vectors = self.around_mean(torch.from_numpy(directions)).numpy()
        return vectors

    def save(self, folder: Path) -> None:
        """Write both files, weights in float16."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CONFIG).write_text(json.dumps(self.sizes, indent=2) + "\n", "utf-8")
        state = {
            name: value.detach().half().contiguous() for name, value in self.state_dict().items()
        }
        save_file(state, str(folder / WEIGHTS))

    @classmethod
    def load(cls, folder: Path) -> WordBridge:
        """Load a trained network in float32, without gradients.

        Raises:
            WeightsUnavailable: A file is missing or damaged.
        """
        try:
            bridge = cls(**json.loads((folder / CONFIG).read_text("utf-8")))
            state = load_file(str(folder / WEIGHTS))
            bridge.load_state_dict({name: value.float() for name, value in state.items()})
            content = (folder / CONFIG).read_bytes() + (folder / WEIGHTS).read_bytes()
            bridge.fingerprint = hashlib.sha256(content).hexdigest()
        except Exception as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            raise WeightsUnavailable(
                f"The network for other languages in {folder} can't be read ({reason}). Restore "
                "the folder from the project, or train it again (see its README.md)."
            ) from error
        return bridge.eval().requires_grad_(False)


def blended(first: Vectors, second: Vectors, share: float) -> Vectors:
    """Return ``share`` of the first and the rest of the second, L2-normalised."""
    mixed = share * first + (1 - share) * second
    unit: Vectors = (mixed / np.linalg.norm(mixed, axis=-1, keepdims=True)).astype(np.float32)
    return unit
