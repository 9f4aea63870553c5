"""Choose what runs MobileSAM: PyTorch, or ONNX Runtime where its image encoder is faster there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from core.base.threads import for_pictures, for_strips
from core.embedding.tower_choice import trial_pictures
from core.ports.encoder import Vectors
from core.runtime.choice import CHOICES, fastest
from core.runtime.graph import Format
from core.runtime.onnx_model import OnnxModel, is_available
from core.settings import Settings
from core.vision.sam_models import OnnxSam, SamModel
from core.weights.derived import FOLDER, Derivation, derived
from core.weights.store import WeightStore

_log = logging.getLogger(__name__)

ROLE = "sam"
#: Increase them when the same weights would give other files.
VERSION, INT8_VERSION, DECODER_VERSION = 1, 1, 1


def load_mobile_sam(weights: WeightStore, settings: Settings, device: str) -> SamModel:
    """Load MobileSAM in the runtime whose image encoder is the fastest here.

    Raises:
        WeightsUnavailable: The weights can't be fetched.
    """
    checkpoint = weights.path(ROLE)

    @lru_cache
    def in_torch() -> SamModel:
        from core.vision.sam_export import in_torch as load

        return load(checkpoint, device)

    on_torch = settings.runtime == "torch" or settings.precision == "bfloat16"
    if device != "cpu" or on_torch or not is_available():
        return in_torch()
    try:
        with for_pictures(device):
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
        model = ways[name]()
        with for_strips():  # again: torch, imported just now, would take all threads
            encoding = model.encode(shown)
        features = np.asarray(encoding.features, np.float32).reshape(1, -1)
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
    decoder.open()  # a file that this runtime can't read fails here
    side = int(encoder.open().get_inputs()[0].shape[-1])
    return OnnxSam(encoder, decoder, side)


# What exports needs torch, half a gigabyte, which the converted files do without.


def _convert_encoder(source: Path, target: Path) -> None:
    from core.vision.sam_export import convert_encoder

    convert_encoder(source, target)


def _convert_to_int8(source: Path, target: Path) -> None:
    from core.vision.sam_export import convert_to_int8

    convert_to_int8(source, target)


def _convert_decoder(source: Path, target: Path) -> None:
    from core.vision.sam_export import convert_decoder

    convert_decoder(source, target)
