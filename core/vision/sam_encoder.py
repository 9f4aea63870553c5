"""Choose what runs MobileSAM: PyTorch, or ONNX Runtime where its image encoder is faster there."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.jit._trace import TracerWarning

from core.base.threads import for_pictures
from core.embedding.tower_choice import trial_pictures
from core.ports.encoder import Vectors
from core.runtime.choice import CHOICES, fastest
from core.runtime.graph import Format
from core.runtime.int8_layers import with_int8_layers
from core.runtime.onnx_model import OnnxModel, is_available
from core.settings import Settings
from core.vision.sam_models import (
    COORDS,
    FEATURES,
    IMAGES,
    LABELS,
    MASKS,
    SCORES,
    OnnxSam,
    SamModel,
    TorchSam,
)
from core.weights.derived import FOLDER, Derivation, derived
from core.weights.mobile_sam import IMAGE_SIZE, build_mobile_sam
from core.weights.store import WeightStore

if TYPE_CHECKING:
    from segment_anything.modeling import Sam

_log = logging.getLogger(__name__)

ROLE = "sam"
#: Increase them when the same weights would give other files.
VERSION, INT8_VERSION, DECODER_VERSION = 1, 1, 1
#: In the names of the layers behind an activation, whose outliers need many scales in int8.
LAST_OF_MLP = "fc2"
_CPU = torch.device("cpu")

# The models take inputs of one size, so what tracing fixes is fixed anyway.
warnings.filterwarnings("ignore", category=TracerWarning)


def load_mobile_sam(weights: WeightStore, settings: Settings, device: torch.device) -> SamModel:
    """Load MobileSAM in the runtime whose image encoder is the fastest here.

    Raises:
        WeightsUnavailable: The weights can't be fetched.
    """
    checkpoint = weights.path(ROLE)

    @lru_cache
    def in_torch() -> SamModel:
        return TorchSam(build_mobile_sam(checkpoint), device)

    on_torch = settings.runtime == "torch" or settings.precision == "bfloat16"
    if device.type != "cpu" or on_torch or not is_available():
        return in_torch()
    try:
        with for_pictures(_CPU):
            return _chosen(weights, in_torch, settings)
    except Exception as error:  # exporter and runtime raise errors of their own
        _log.warning("MobileSAM runs in PyTorch: %s", error)
    return in_torch()


def _chosen(weights: WeightStore, in_torch: Callable[[], SamModel], settings: Settings) -> SamModel:
    """Return the fastest model; what is not chosen is not kept."""
    formats = [Format(settings.precision)] if settings.precision != "auto" else list(Format)
    ways: dict[str, Callable[[], SamModel]] = {
        f"onnx {number_format}": lru_cache(partial(_onnx_sam, weights, number_format))
        for number_format in formats
    }
    if settings.runtime == "onnx" or settings.precision == "int8":
        return ways[f"onnx {formats[-1]}"]()
    ways = {"torch": in_torch} | ways
    (picture,) = trial_pictures(weights.shipped, 1)
    shown = np.asarray(picture.convert("RGB"))

    def timed(name: str) -> Vectors:
        features = np.asarray(ways[name]().encode(shown).features, np.float32).reshape(1, -1)
        unit: Vectors = features / np.linalg.norm(features, axis=1, keepdims=True)
        return unit

    model = f"{ROLE} encoder, export {VERSION}"
    choices = weights.root / FOLDER / CHOICES
    name = fastest(choices, model, {name: partial(timed, name) for name in ways}, rounds=1)
    return ways[name]()


def _onnx_sam(weights: WeightStore, number_format: Format) -> OnnxSam:
    in_int8 = number_format is Format.INT8
    parts = (
        ("encoder-int8", INT8_VERSION, _convert_to_int8)
        if in_int8
        else ("encoder", VERSION, _convert_encoder),
        ("decoder", DECODER_VERSION, _convert_decoder),
    )
    files = [
        derived(weights, Derivation(ROLE, f"{ROLE}-{part}.onnx", f"export {version}", convert))
        for part, version, convert in parts
    ]
    encoder, decoder = OnnxModel(files[0], lean=True), OnnxModel(files[1])
    for model in (encoder, decoder):
        model.open()  # a file that this runtime can't read fails here
    return OnnxSam(encoder, decoder, IMAGE_SIZE)


def _convert_encoder(source: Path, target: Path) -> None:
    example = torch.zeros(1, 3, IMAGE_SIZE, IMAGE_SIZE)
    with torch.inference_mode(False):  # the segmenter's mode does not suit the exporter
        export(build_mobile_sam(source).image_encoder, (example,), target, [IMAGES], [FEATURES])


def _convert_to_int8(source: Path, target: Path) -> None:
    import onnx

    _convert_encoder(source, target)
    model = with_int8_layers(onnx.load(str(target)), is_fine=lambda name: LAST_OF_MLP in name)
    target.write_bytes(model.SerializeToString())


def _convert_decoder(source: Path, target: Path) -> None:
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
