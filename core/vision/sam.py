"""Load Segment Anything's official checkpoints of any size, as data only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from core.errors import WeightsUnavailable
from core.weights.broken import broken_file

if TYPE_CHECKING:
    from segment_anything.modeling import Sam

#: Width of the image encoder → name in ``segment_anything``'s registry.
SIZES = {768: "vit_b", 1024: "vit_l", 1280: "vit_h"}
_WIDTH_KEY = "image_encoder.patch_embed.proj.bias"


def load_sam(checkpoint: Path) -> Sam:
    """Load SAM from an official ``sam_vit_*.pth``; the model size is read from the file.

    Raises:
        WeightsUnavailable: The file is not a complete SAM checkpoint.
    """
    from segment_anything import sam_model_registry

    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        size = SIZES[len(state[_WIDTH_KEY])]
        sam = sam_model_registry[size]()
        sam.load_state_dict(state, strict=True)
    except Exception as error:  # torch raises many types for a file that is not a checkpoint
        reason = broken_file(checkpoint) if checkpoint.exists() else "it does not exist"
        raise WeightsUnavailable(
            f"{checkpoint} is not a checkpoint of Segment Anything (vit_b, vit_l or vit_h): "
            f"{reason or type(error).__name__}. Take an official sam_vit_*.pth, or use "
            "`--profile compact`."
        ) from error
    return sam.eval().requires_grad_(False)
