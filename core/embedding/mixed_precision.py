"""Mixed precision for the image tower.

Attention and MLP of each block run in bfloat16; the residual stream, the norms, the patch embedding
and the projection stay in float32. Compared with float32, vectors of pictures with much plain
background keep a cosine above 0.999; with a bfloat16 residual stream it falls to 0.995.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from open_clip.transformer import VisionTransformer


def use_bfloat16(visual: VisionTransformer) -> None:
    """Make the blocks of a float32 tower compute in bfloat16; inputs and outputs stay float32."""
    blocks: Any = visual.transformer.resblocks
    for block in blocks:
        for part in (block.attn, block.mlp):
            part.to(torch.bfloat16)
            part.register_forward_pre_hook(_narrow)
            part.register_forward_hook(_widen)


def _narrow(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    # Cast once: attention projects query, key and value together only if they are one tensor.
    return (inputs[0].to(torch.bfloat16),) * len(inputs)


def _widen(_: nn.Module, __: Any, output: Any) -> Any:
    if isinstance(output, tuple):
        return (output[0].float(), *output[1:])
    return output.float()
