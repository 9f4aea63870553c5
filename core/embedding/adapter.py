"""A small adapter after a frozen image tower; fine-tuning trains it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from core.embedding.batched_encoder import to_vectors
from core.errors import WeightsUnavailable
from core.ports.encoder import Vectors

#: The adapter's file in a checkpoint's folder.
FILE = "adapter.safetensors"


class ImageAdapter(nn.Module):
    """``normalise(x + up(gelu(down(x))))``; initialised as the identity (CLIP-Adapter, Gao et al.).

    Args:
        dim: Length of a vector.
        rank: Width of the bottleneck.
    """

    def __init__(self, dim: int, rank: int = 64) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(dim, rank), nn.Linear(rank, dim)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, vectors: Tensor) -> Tensor:
        """Adapt vectors ``[n, d]`` and L2-normalise them."""
        changed = vectors + self.up(nn.functional.gelu(self.down(vectors)))
        return nn.functional.normalize(changed, dim=-1)

    @torch.inference_mode()
    def apply_to(self, vectors: Vectors) -> Vectors:
        """Adapt vectors of the image tower: ``[n, d] float32, L2-normalised``."""
        return to_vectors(self(torch.from_numpy(np.ascontiguousarray(vectors, np.float32))))

    @classmethod
    def load(cls, folder: Path) -> ImageAdapter:
        """Read the adapter of a checkpoint.

        Raises:
            WeightsUnavailable: The file is missing or damaged.
        """
        try:
            state = load_file(str(folder / FILE))
            rank, dim = state["down.weight"].shape
            adapter = cls(dim, rank)
            adapter.load_state_dict(state, strict=True)
        except Exception as error:
            raise WeightsUnavailable(f"The adapter in {folder} can't be read: {error}.") from error
        return adapter.eval().requires_grad_(False)

    def save(self, folder: Path) -> None:
        """Write the adapter's file in float32."""
        folder.mkdir(parents=True, exist_ok=True)
        state = {name: value.detach().contiguous() for name, value in self.state_dict().items()}
        save_file(state, str(folder / FILE))


def fingerprint(folder: Path) -> str:
    """Return the SHA-256 of the adapter's file."""
    return hashlib.sha256((folder / FILE).read_bytes()).hexdigest()
