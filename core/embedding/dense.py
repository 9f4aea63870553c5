"""Features per patch instead of per picture: what CLIP sees where.

The last block's attention is replaced by self-similarity of its own values or queries, so that a
patch keeps to patches like itself (MaskCLIP, Zhou et al. 2022; CLIP Surgery, Li et al. 2023); then
CLIP's own projection puts each patch in the space of the text vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from open_clip.transformer import VisionTransformer

#: Cosines are sharpened by this before the softmax.
SHARPNESS = 10.0

Similarity = Literal["query", "key", "value"]


@dataclass(frozen=True, slots=True)
class DenseFeatures:
    """Patch features of one picture.

    Attributes:
        features: ``[h, w, d] float32, L2-normalised``, row by row; cell ``(i, j)`` covers the
            picture from ``j / w`` to ``(j + 1) / w`` of its width, and likewise down.
        width: Pixels of the picture that was given.
        height: Pixels of the picture that was given.
    """

    features: npt.NDArray[np.float32]
    width: int
    height: int


@torch.inference_mode()
def patch_features(visual: VisionTransformer, pixels: Tensor, similarity: Similarity) -> Tensor:
    """Projected, normalised patch features, ``[h, w, d] float32``.

    Args:
        visual: CLIP's image tower.
        pixels: ``[1, 3, 16 h, 16 w]``, normalised, any ``h`` and ``w``.
        similarity: Which self-similarity takes the place of attention.
    """
    tokens, (rows, columns) = _embed(visual, pixels)
    blocks: Any = visual.transformer.resblocks
    for block in blocks[:-1]:
        tokens = block(tokens)
    values = _self_attention(blocks[-1], tokens, similarity)[:, 1:]
    features = visual.ln_post(values) @ visual.proj
    return functional.normalize(features.float(), dim=-1).view(rows, columns, -1)


def _embed(visual: Any, pixels: Tensor) -> tuple[Tensor, tuple[int, int]]:
    """``VisionTransformer._embeds`` for any grid: the position embedding is interpolated."""
    patches = visual.conv1(pixels)
    rows, columns = patches.shape[-2:]
    tokens = patches.flatten(2).transpose(1, 2)
    positions = visual.positional_embedding.float()
    side_rows, side_columns = visual.grid_size
    grid = positions[1:].view(1, side_rows, side_columns, -1).permute(0, 3, 1, 2)
    grid = functional.interpolate(grid, (rows, columns), mode="bicubic", align_corners=False)
    positions = torch.cat([positions[:1], grid.flatten(2).transpose(1, 2)[0]])
    first = visual.class_embedding.to(tokens.dtype).expand(len(tokens), 1, -1)
    tokens = torch.cat([first, tokens], dim=1) + positions.to(tokens.dtype)
    return visual.ln_pre(tokens), (rows, columns)


def _self_attention(block: Any, tokens: Tensor, similarity: Similarity) -> Tensor:
    """The last block without its residual and its MLP, attending by likeness."""
    # The weights may be bfloat16 (see ``mixed_precision``); likeness is computed in float32.
    attention, dtype = block.attn, block.attn.in_proj_weight.dtype
    mixed = functional.linear(
        block.ln_1(tokens).to(dtype), attention.in_proj_weight, attention.in_proj_bias
    ).float()
    count, length, _ = tokens.shape
    query, key, value = (
        part.view(count, length, attention.num_heads, -1).transpose(1, 2)
        for part in mixed.chunk(3, dim=-1)
    )
    chosen = {"query": query, "key": key, "value": value}[similarity]
    like = functional.normalize(chosen, dim=-1)
    weights = (like @ like.transpose(-1, -2) * SHARPNESS).softmax(dim=-1)
    attended: Tensor = attention.out_proj((weights @ value).transpose(1, 2).flatten(2).to(dtype))
    return attended.float()
