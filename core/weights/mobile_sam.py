"""Build MobileSAM as a ``segment_anything`` model with timm's TinyViT as its image encoder.

The prompt encoder and mask decoder are SAM's own; only the image encoder differs (Zhang et al.
2023, arXiv 2306.14289). The official checkpoint is loaded strictly, so no tensor stays random.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from segment_anything.modeling import Sam

#: Sizes of SAM's input, of its embedding's grid and channels, and of TinyViT's last stage.
IMAGE_SIZE, EMBEDDING_SIZE, EMBEDDING_DIM, TINY_VIT_DIM = 1024, 64, 256, 320


class TinyVitEncoder(nn.Module):
    """TinyViT-5M with SAM's neck: ``[n, 3, 1024, 1024]`` → ``[n, 256, 64, 64]`` float32."""

    img_size = IMAGE_SIZE

    def __init__(self) -> None:
        super().__init__()
        import timm
        from segment_anything.modeling.common import LayerNorm2d

        vit: Any = timm.create_model("tiny_vit_5m_224", pretrained=False)
        # MobileSAM keeps the resolution in the last stage: 1024 / 16 = 64 cells a side.
        vit.stages[3].downsample.conv2.conv.stride = (1, 1)
        self.patch_embed, self.stages = vit.patch_embed, vit.stages
        self.neck = nn.Sequential(
            nn.Conv2d(TINY_VIT_DIM, EMBEDDING_DIM, kernel_size=1, bias=False),
            LayerNorm2d(EMBEDDING_DIM),
            nn.Conv2d(EMBEDDING_DIM, EMBEDDING_DIM, kernel_size=3, padding=1, bias=False),
            LayerNorm2d(EMBEDDING_DIM),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Encode normalised, padded images."""
        encoded: Tensor = self.neck(self.stages(self.patch_embed(images)))
        return encoded


def build_mobile_sam(checkpoint: Path) -> Sam:
    """Build MobileSAM from the official ``mobile_sam.pt``, ready for ``SamPredictor``.

    Raises:
        ValueError: The file is not a MobileSAM checkpoint.
    """
    from segment_anything.modeling import MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

    sam = Sam(
        image_encoder=TinyVitEncoder(),  # same interface as its own ViT
        prompt_encoder=PromptEncoder(
            embed_dim=EMBEDDING_DIM,
            image_embedding_size=(EMBEDDING_SIZE, EMBEDDING_SIZE),
            input_image_size=(IMAGE_SIZE, IMAGE_SIZE),
            mask_in_chans=16,
        ),
        mask_decoder=MaskDecoder(
            num_multimask_outputs=3,
            transformer=TwoWayTransformer(
                depth=2, embedding_dim=EMBEDDING_DIM, mlp_dim=2048, num_heads=8
            ),
            transformer_dim=EMBEDDING_DIM,
            iou_head_depth=3,
            iou_head_hidden_dim=256,
        ),
    )
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    try:
        sam.load_state_dict(timm_state(state), strict=True)
    except RuntimeError as error:
        raise ValueError(f"{checkpoint.name} is not a MobileSAM checkpoint: {error}") from None
    return sam.eval().requires_grad_(False)


def timm_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the official keys to timm's and drop the classifier, which SAM does not use."""
    renamed = {}
    for key, tensor in state.items():
        prefix = "image_encoder."
        if not key.startswith(prefix):
            renamed[key] = tensor
            continue
        name = key.removeprefix(prefix)
        if name.startswith(("norm_head.", "head.")):
            continue
        renamed[prefix + _timm_name(name)] = tensor
    return renamed


def _timm_name(name: str) -> str:
    name = re.sub(
        r"^layers\.(\d+)\.downsample", lambda m: f"stages.{int(m[1]) + 1}.downsample", name
    )
    name = re.sub(r"^layers\.", "stages.", name)
    name = name.replace("patch_embed.seq.0", "patch_embed.conv1")
    name = name.replace("patch_embed.seq.2", "patch_embed.conv2")
    return name.replace(".c.", ".conv.")
