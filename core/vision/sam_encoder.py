"""Choose what runs MobileSAM's image encoder: PyTorch, or ONNX Runtime where that is faster."""

from __future__ import annotations

import logging
import warnings
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.jit._trace import TracerWarning

from core.base.threads import for_pictures
from core.ports.encoder import Vectors
from core.runtime.choice import CHOICES, fastest
from core.runtime.onnx_model import OnnxModel, is_available
from core.settings import Settings
from core.weights.derived import FOLDER, Derivation, derived
from core.weights.mobile_sam import IMAGE_SIZE, build_mobile_sam
from core.weights.store import WeightStore

if TYPE_CHECKING:
    from segment_anything.modeling import Sam

_log = logging.getLogger(__name__)

ROLE = "sam"
#: Increase it when the same weights would give another file.
VERSION = 1
_INPUT, _OUTPUT = "images", "features"
_CPU = torch.device("cpu")

# The encoder takes pictures of one size, so what tracing fixes is fixed anyway.
warnings.filterwarnings("ignore", category=TracerWarning)


class OnnxEncoder(nn.Module):
    """An image encoder in ONNX Runtime that ``segment_anything`` takes for its own."""

    img_size = IMAGE_SIZE

    def __init__(self, model: OnnxModel) -> None:
        super().__init__()
        self._model = model

    def forward(self, images: Tensor) -> Tensor:
        """Encode normalised, padded images, one by one: ``[n, 256, 64, 64] float32``."""
        rows = [
            self._model.run([_OUTPUT], {_INPUT: row})[0]
            for row in np.split(images.numpy(), len(images))
        ]
        return torch.from_numpy(np.concatenate(rows))


def load_mobile_sam(weights: WeightStore, settings: Settings, device: torch.device) -> Sam:
    """Load MobileSAM, with its image encoder in the runtime that is the fastest here.

    Raises:
        WeightsUnavailable: The weights can't be fetched.
    """
    sam = build_mobile_sam(weights.path(ROLE))
    on_torch = settings.runtime == "torch" or settings.precision == "bfloat16"
    if device.type != "cpu" or on_torch or not is_available():
        return sam
    try:
        with for_pictures(_CPU):
            sam.image_encoder = _chosen(weights, sam.image_encoder, settings.runtime == "onnx")
    except Exception as error:  # exporter and runtime raise errors of their own
        _log.warning("MobileSAM runs in PyTorch: %s", error)
    return sam


def _chosen(weights: WeightStore, encoder: nn.Module, forced: bool) -> nn.Module:
    @lru_cache
    def in_onnx() -> nn.Module:
        version = f"export {VERSION}"
        file = derived(weights, Derivation(ROLE, f"{ROLE}-encoder.onnx", version, _convert))
        model = OnnxModel(file)
        model.open()
        return OnnxEncoder(model)

    if forced:
        return in_onnx()
    generator = torch.Generator().manual_seed(0)
    shown = torch.randn(1, 3, IMAGE_SIZE, IMAGE_SIZE, generator=generator)

    @torch.inference_mode()
    def timed(name: str) -> Vectors:
        features = (encoder if name == "torch" else in_onnx())(shown).flatten(1)
        return nn.functional.normalize(features, dim=-1).numpy()

    ways = {name: partial(timed, name) for name in ("torch", "onnx float32")}
    model = f"{ROLE} encoder, export {VERSION}"
    name = fastest(weights.root / FOLDER / CHOICES, model, ways, rounds=1)
    return encoder if name == "torch" else in_onnx()


def _convert(source: Path, target: Path) -> None:
    """Trace the encoder; torch's other exporter would need one more package."""
    with torch.inference_mode(False):  # the segmenter's mode does not suit the exporter
        encoder = build_mobile_sam(source).image_encoder
        export(encoder, torch.zeros(1, 3, IMAGE_SIZE, IMAGE_SIZE), target)


def export(encoder: nn.Module, example: Tensor, target: Path) -> None:
    """Write an encoder as ONNX, for inputs of the example's shape."""
    with torch.no_grad():
        torch.onnx.export(
            encoder,
            (example,),
            str(target),
            dynamo=False,
            opset_version=17,
            input_names=[_INPUT],
            output_names=[_OUTPUT],
        )
