"""The trained model: an image side and a text side in one space, each frozen, partly frozen or
free."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from core.embedding.adapter import ImageAdapter
from core.embedding.batched_encoder import to_vectors
from core.embedding.text_tower import TextTower, pad
from core.ports.encoder import Vectors

#: Rows per pass without training.
_CHUNK = 64

#: Parameters for AdamW with the peak of their learning rate.
Groups = list[dict[str, Any]]


class Side(nn.Module):
    """One of the two towers during training."""

    @abstractmethod
    def forward(self, given: Any) -> Tensor:
        """Embed stored image features, or texts: ``[n, d]``, L2-normalised."""

    def groups(self, lr: float, lr_head: float) -> Groups:
        """Return the unlocked parameters as groups for AdamW; norms and biases are not decayed."""
        free = [value for value in self.parameters() if value.requires_grad]
        return [
            {"params": [value for value in free if value.ndim > 1], "peak": lr},
            {"params": [value for value in free if value.ndim < 2], "peak": lr, "weight_decay": 0},
        ]

    def set_dropout(self, on: bool) -> None:
        """Switch dropout on or off."""


class StoredImages(Side):
    """Vectors of a frozen image tower, as they are or with an adapter behind them."""

    def __init__(self, adapter: ImageAdapter | None = None) -> None:
        super().__init__()
        self.adapter = adapter
        if adapter is not None:
            adapter.requires_grad_(True)

    def forward(self, given: Tensor) -> Tensor:
        """Embed stored image features: ``[n, d]``, L2-normalised."""
        return given if self.adapter is None else self.adapter(given)

    def groups(self, lr: float, lr_head: float) -> Groups:
        """Return the adapter's group for AdamW, at ``lr_head``, because it is untrained."""
        return [{"params": list(self.parameters()), "peak": lr_head}]


class CompactText(Side):
    """The studio's own text tower; its word vectors are frozen, so that unseen words keep theirs.

    Args:
        tower: Trained from its present weights, which are changed.
        max_tokens: Longer texts are cut in training.
        decay: Factor on the learning rate per layer below the last.
        unlocked: Layers that are trained, from the last; ``None`` for all, 0 for none, not even
            the projection.
    """

    def __init__(
        self, tower: TextTower, max_tokens: int, decay: float = 1.0, unlocked: int | None = None
    ) -> None:
        super().__init__()
        self.tower, self._max_tokens, self._decay = tower, max_tokens, decay
        layers = tower.backbone.encoder.layer
        count = len(layers) if unlocked is None else min(unlocked, len(layers))
        tower.requires_grad_(False)
        self._layers = list(layers)[len(layers) - count :]
        self._free = [*self._layers, tower.projection] if count else []
        for part in self._free:
            part.requires_grad_(True)

    def forward(self, given: Sequence[str]) -> Tensor:
        """Embed texts in pieces of similar length, so that there is little padding."""
        longest = self._max_tokens if self.tower.training else None
        ids = [row[:longest] for row in self.tower.tokenize(given)]
        order = np.argsort([len(row) for row in ids], kind="stable")
        device = self.tower.projection.linear.weight.device
        pieces = []
        for piece in np.array_split(order, min(4, len(order))):
            tokens, mask = pad([ids[i] for i in piece])
            pieces.append(self.tower(tokens.to(device), mask.to(device)))
        return torch.cat(pieces)[torch.from_numpy(np.argsort(order)).to(device)]

    def groups(self, lr: float, lr_head: float) -> Groups:
        """Return the projection at ``lr_head`` and the layers at ``lr``, less towards the first."""
        if not self._free:
            return []
        groups: Groups = [{"params": list(self.tower.projection.parameters()), "peak": lr_head}]
        for depth, layer in enumerate(reversed(self._layers)):
            groups.append({"params": list(layer.parameters()), "peak": lr * self._decay**depth})
        return groups

    def set_dropout(self, on: bool) -> None:
        """Switch dropout on or off."""
        self.tower.train(on)


class Output(NamedTuple):
    """Vectors of a batch, ``[n, d]`` each, and the inverse temperature."""

    image: Tensor
    text: Tensor
    scale: Tensor


class Learner(nn.Module):
    """Two sides and their temperatures.

    Args:
        image: Stored features to vectors.
        text: Texts to vectors.
        domains: Kinds of pictures; each has a temperature of its own.
        scale: Inverse temperature to start from.
        bf16: Whether matrices are multiplied in bfloat16.
    """

    def __init__(
        self,
        image: Side,
        text: Side,
        domains: Sequence[str] = ("photo",),
        scale: float = 40.0,
        bf16: bool = False,
    ) -> None:
        super().__init__()
        self.image, self.text, self._bf16 = image, text, bf16
        self.scales = nn.ParameterDict(
            {name: nn.Parameter(torch.tensor(math.log(scale))) for name in domains}
        )

    @property
    def device(self) -> torch.device:
        """Device of the computation."""
        scale: Tensor = next(iter(self.scales.values()))
        return scale.device

    def forward(self, domain: str, features: Tensor, texts: Sequence[str]) -> Output:
        """Embed both sides of some pairs."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bf16):
            image = self.image(features.to(self.device).float())
            text = self.text(texts)
        scale = self.scales[domain].exp().clamp(max=100)
        return Output(image.float(), text.float(), scale)

    def groups(self, lr_image: float, lr: float, lr_head: float, weight_decay: float) -> Groups:
        """Return all trained parameters as groups for AdamW."""
        scales = {"params": list(self.scales.values()), "peak": lr_head, "weight_decay": 0}
        groups = [*self.image.groups(lr_image, lr_head), *self.text.groups(lr, lr_head), scales]
        for group in groups:
            group.setdefault("weight_decay", weight_decay)
        return [group for group in groups if group["params"]]

    def trained(self) -> nn.ParameterDict:
        """Return the unlocked parameters by name, without the temperatures; tensors are shared."""
        return nn.ParameterDict(
            {
                name.replace(".", "/"): value
                for name, value in self.named_parameters()
                if value.requires_grad and not name.startswith("scales.")
            }
        )

    def set_dropout(self, on: bool) -> None:
        """Switch dropout on or off."""
        self.image.set_dropout(on)
        self.text.set_dropout(on)

    @torch.no_grad()
    def image_vectors(self, features: Any, rows: np.ndarray) -> Vectors:
        """Embed rows of stored features, chunk by chunk: ``[n, d] float32``."""
        parts = []
        for start in range(0, len(rows), _CHUNK):
            given = torch.from_numpy(np.asarray(features[rows[start : start + _CHUNK]]))
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bf16):
                parts.append(self.image(given.to(self.device).float()).float())
        return to_vectors(torch.cat(parts))

    @torch.no_grad()
    def text_vectors(self, texts: Sequence[str]) -> Vectors:
        """Return vectors of texts: ``[n, d] float32``."""
        parts = []
        for start in range(0, len(texts), _CHUNK):
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bf16):
                parts.append(self.text(texts[start : start + _CHUNK]).float())
        return to_vectors(torch.cat(parts))
