"""CLIP features per patch instead of per picture.

The last block's attention is replaced by self-similarity of its values, keys or queries, so that a
patch attends to similar patches (MaskCLIP, Zhou et al. 2022; CLIP Surgery, Li et al. 2023); then
CLIP's own projection maps each patch into the space of the text vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional

from core.embedding.dense_features import SHARPNESS, Similarity

if TYPE_CHECKING:
    from open_clip.transformer import VisionTransformer


@torch.inference_mode()
def patch_features(visual: VisionTransformer, pixels: Tensor, similarity: Similarity) -> Tensor:
    """Compute projected, normalised patch features, ``[n, h, w, d] float32``.

    Args:
        visual: CLIP's image tower.
        pixels: ``[n, 3, 16 h, 16 w]``, normalised, any ``h`` and ``w``.
        similarity: Self-similarity that replaces the attention.
    """
    tokens, grid = _before_last(visual, pixels)
    return _of_patches(visual, tokens, grid, similarity)


@torch.inference_mode()
def pooled_and_patches(
    visual: VisionTransformer, pixels: Tensor, similarity: Similarity
) -> tuple[Tensor, Tensor]:
    """Compute the pictures' own features ``[n, d]``, not normalised, and those of the patches."""
    tokens, grid = _before_last(visual, pixels)
    blocks: Any = visual.transformer.resblocks
    pooled = visual.ln_post(blocks[-1](tokens)[:, 0]) @ visual.proj
    return pooled, _of_patches(visual, tokens, grid, similarity)


@torch.inference_mode()
def pooled_strip(visual: VisionTransformer, pixels: Tensor) -> Tensor:
    """Compute the features ``[n, d]`` of the middle strip of a square, not normalised.

    Args:
        visual: CLIP's image tower.
        pixels: ``[n, 3, 16 h, side]``, normalised, with an even ``h``.
    """
    tokens, _ = _embed(visual, pixels, strip_positions)
    blocks: Any = visual.transformer.resblocks
    for block in blocks:
        tokens = block(tokens)
    pooled: Tensor = visual.ln_post(tokens[:, 0]) @ visual.proj
    return pooled


def _before_last(visual: VisionTransformer, pixels: Tensor) -> tuple[Tensor, tuple[int, int]]:
    """Return the tokens before the last block, and the grid of the patches."""
    tokens, grid = _embed(visual, pixels)
    blocks: Any = visual.transformer.resblocks
    for block in blocks[:-1]:
        tokens = block(tokens)
    return tokens, grid


def _of_patches(
    visual: VisionTransformer, tokens: Tensor, grid: tuple[int, int], similarity: Similarity
) -> Tensor:
    blocks: Any = visual.transformer.resblocks
    values = _self_attention(blocks[-1], tokens, similarity)[:, 1:]
    features = visual.ln_post(values) @ visual.proj
    return functional.normalize(features.float(), dim=-1).view(len(tokens), *grid, -1)


Positions = Callable[[Tensor, int, int], Tensor]


def _embed(
    visual: Any, pixels: Tensor, positions_of: Positions | None = None
) -> tuple[Tensor, tuple[int, int]]:
    """Embed patches as ``VisionTransformer._embeds``, with positions interpolated for any grid."""
    patches = visual.conv1(pixels)
    rows, columns = patches.shape[-2:]
    tokens = patches.flatten(2).transpose(1, 2)
    find = positions_of or positions_for
    positions = find(visual.positional_embedding.float(), rows, columns)
    first = visual.class_embedding.to(tokens.dtype).expand(len(tokens), 1, -1)
    tokens = torch.cat([first, tokens], dim=1) + positions.to(tokens.dtype)
    return visual.ln_pre(tokens), (rows, columns)


def positions_for(positions: Tensor, rows: int, columns: int) -> Tensor:
    """Interpolate positions ``[1 + side², width]`` to a grid: ``[1 + rows * columns, width]``."""
    side = round((len(positions) - 1) ** 0.5)
    if (rows, columns) == (side, side):
        return positions
    grid = positions[1:].view(1, side, side, -1).permute(0, 3, 1, 2)
    grid = functional.interpolate(grid, (rows, columns), mode="bicubic", align_corners=False)
    return torch.cat([positions[:1], grid.flatten(2).transpose(1, 2)[0]])


def strip_positions(positions: Tensor, rows: int, columns: int) -> Tensor:
    """Return the positions of the middle rows of the square: ``[1 + rows * columns, width]``."""
    top = (columns - rows) // 2
    return torch.cat([positions[:1], positions[1 + top * columns : 1 + (top + rows) * columns]])


def _self_attention(block: Any, tokens: Tensor, similarity: Similarity) -> Tensor:
    """Run the last block without its residual and its MLP, with self-similarity as attention."""
    # The weights may be bfloat16 (see ``mixed_precision``); similarity is computed in float32.
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
