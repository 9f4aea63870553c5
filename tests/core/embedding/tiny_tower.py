"""A tiny image tower of ``open_clip`` with random weights, in the layout of the compact one."""

from __future__ import annotations

import torch
from open_clip.model import QuickGELU
from open_clip.transformer import VisionTransformer

from core.runtime.graph import Array

HEADS, PATCH, SIDE = 2, 16, 64


def tiny_tower() -> VisionTransformer:
    """Return three layers of width 64 with weights as large as trained ones."""
    torch.manual_seed(0)
    tower = VisionTransformer(
        image_size=SIDE, patch_size=PATCH, width=64, layers=3, heads=HEADS, mlp_ratio=4.0,
        output_dim=32, act_layer=QuickGELU,
    )  # fmt: skip
    for tensor in tower.parameters():
        torch.nn.init.normal_(tensor, std=0.2)
    return tower.eval().requires_grad_(False)


def state_of(tower: VisionTransformer) -> dict[str, Array]:
    """Return its tensors as arrays."""
    return {name: tensor.numpy() for name, tensor in tower.state_dict().items()}
