"""The contrastive loss."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def masked_clip_loss(
    image: Tensor, text: Tensor, scale: Tensor, same: Tensor | None = None
) -> Tensor:
    """Symmetric InfoNCE (Radford et al. 2021) that leaves out known false negatives.

    Equals ``open_clip.ClipLoss`` where nothing is masked; that one can't mask, and a batch of
    products is full of equal titles and of several photos of one product.

    Args:
        image: ``[n, d]``.
        text: ``[n, d]``.
        scale: Inverse temperature.
        same: ``[n, n] bool``; true where row and column are the same thing and so no negatives.
    """
    logits = scale * text @ image.T
    if same is not None:
        itself = torch.eye(len(logits), dtype=torch.bool, device=logits.device)
        logits = logits.masked_fill(same & ~itself, float("-inf"))
    target = torch.arange(len(logits), device=logits.device)
    return (
        functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)
    ) / 2
