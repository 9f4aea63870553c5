"""MobileSAM in PyTorch, and its two halves written as ONNX."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.jit._trace import TracerWarning

from core.runtime.int8_layers import with_int8_layers
from core.vision.sam_models import COORDS, FEATURES, IMAGES, LABELS, MASKS, SCORES
from core.vision.torch_sam import TorchSam
from core.weights.mobile_sam import IMAGE_SIZE, build_mobile_sam

if TYPE_CHECKING:
    from segment_anything.modeling import Sam

#: In the names of the layers behind an activation, whose outliers need many scales in int8.
LAST_OF_MLP = "fc2"

# The models take inputs of one size, so what tracing fixes is fixed anyway.
warnings.filterwarnings("ignore", category=TracerWarning)


def in_torch(checkpoint: Path, device: str) -> TorchSam:
    """Load MobileSAM in PyTorch, on the device of that name."""
    return TorchSam(build_mobile_sam(checkpoint), torch.device(device))


def convert_encoder(source: Path, target: Path) -> None:
    """Write the image encoder of a checkpoint as ONNX, float32."""
    example = torch.zeros(1, 3, IMAGE_SIZE, IMAGE_SIZE)
    with torch.inference_mode(False):  # the segmenter's mode does not suit the exporter
        export(build_mobile_sam(source).image_encoder, (example,), target, [IMAGES], [FEATURES])


def convert_to_int8(source: Path, target: Path) -> None:
    """Write the image encoder with its linear layers in int8."""
    import onnx

    convert_encoder(source, target)
    model = with_int8_layers(onnx.load(str(target)), is_fine=lambda name: LAST_OF_MLP in name)
    target.write_bytes(model.SerializeToString())


def convert_decoder(source: Path, target: Path) -> None:
    """Write the prompt encoder and mask decoder of a checkpoint as ONNX, float32."""
    with torch.inference_mode(False):
        export_decoder(build_mobile_sam(source), target)


class Decoder(nn.Module):
    """SAM's prompt encoder and mask decoder for one prompt of two labelled points."""

    def __init__(self, sam: Sam) -> None:
        from segment_anything.utils.onnx import SamOnnxModel

        super().__init__()
        self._sam, self._prompts = sam, SamOnnxModel(sam, return_single_mask=False)

    def forward(self, features: Tensor, coords: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return all four masks, the first of which is for boxes, and their scores."""
        prompts = self._sam.prompt_encoder
        masks, scores = self._sam.mask_decoder.predict_masks(
            image_embeddings=features,
            image_pe=prompts.get_dense_pe(),
            sparse_prompt_embeddings=self._prompts._embed_points(coords, labels),
            dense_prompt_embeddings=prompts.no_mask_embed.weight.reshape(1, -1, 1, 1),
        )
        return masks, scores


def export_decoder(sam: Sam, target: Path) -> None:
    """Write the decoder of a SAM model as ONNX."""
    channels, grid = sam.prompt_encoder.embed_dim, sam.prompt_encoder.image_embedding_size
    example = torch.zeros(1, channels, *grid), torch.zeros(1, 2, 2), torch.zeros(1, 2)
    inputs, outputs = [FEATURES, COORDS, LABELS], [MASKS, SCORES]
    export(Decoder(sam).eval(), example, target, inputs, outputs)


def export(
    model: nn.Module,
    example: tuple[Tensor, ...],
    target: Path,
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> None:
    """Trace a model for inputs of the example's shapes; torch's other exporter needs a package."""
    with torch.no_grad():
        torch.onnx.export(
            model,
            example,
            str(target),
            dynamo=False,
            opset_version=17,
            input_names=list(inputs),
            output_names=list(outputs),
        )
