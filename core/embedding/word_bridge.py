"""From a multilingual sentence encoder's vectors to the space of the text tower: for training."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import dropout, gelu, layer_norm, normalize

from core.embedding.bridge_reader import CONFIG, WEIGHTS
from core.ports.encoder import Vectors


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

    def save(self, folder: Path) -> None:
        """Write both files, weights in float16."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CONFIG).write_text(json.dumps(self.sizes, indent=2) + "\n", "utf-8")
        state = {
            name: value.detach().half().contiguous() for name, value in self.state_dict().items()
        }
        save_file(state, str(folder / WEIGHTS))
