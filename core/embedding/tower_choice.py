"""Choose what runs the compact towers: the only place that knows of both runtimes."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from core.base.threads import for_strips, for_words
from core.embedding import preprocess, text_graph, vit_graph
from core.embedding.image_tower import ImageTower, OnnxTower
from core.embedding.preprocess import Pixels
from core.embedding.text_reader import OnnxTextTower, TextReader
from core.embedding.tower_files import TEXT_ROLE
from core.errors import StudioError
from core.ports.encoder import Vectors
from core.runtime.choice import CHOICES, fastest
from core.runtime.graph import Format
from core.runtime.onnx_model import OnnxModel, is_available
from core.weights import clip_from_onnx
from core.weights.derived import FOLDER, Derivation, derived
from core.weights.store import WeightStore

if TYPE_CHECKING:
    from open_clip.transformer import VisionTransformer

_log = logging.getLogger(__name__)

ROLE = "clip-image"
#: Pictures and texts of the trials.
TRIAL = 2
TRIAL_TEXTS = ("wooden chair", "portrait of a woman in a blue dress")


def choose_tower(
    weights: WeightStore,
    visual: Callable[[], VisionTransformer],
    device: str,
    runtime: str,
    precision: str,
) -> ImageTower:
    """Return the image tower; measure first, once per machine, if the settings leave it open.

    Args:
        weights: Store of the weights, and of what is made from them.
        visual: Returns the tower in PyTorch.
        device: Name of the device where PyTorch runs it.
        runtime: ``auto``, ``torch`` or ``onnx``.
        precision: ``auto``, ``float32``, ``bfloat16`` or ``int8``.
    """

    def in_torch() -> ImageTower:
        import torch  # half a gigabyte, which is not needed where ONNX Runtime is chosen

        from core.embedding.torch_tower import TorchTower

        return TorchTower(visual, torch.device(device))

    number_format = _format(runtime, precision)
    if device != "cpu" or number_format is None or not is_available():
        return in_torch()
    try:
        if runtime == "onnx" or precision == "int8":
            return _onnx_tower(weights, number_format)
        return _fastest(weights, in_torch, number_format)
    except StudioError:
        raise
    except Exception as error:  # the runtime raises errors of its own
        _log.warning("The image tower runs in PyTorch: %s", error)
        return in_torch()


def _format(runtime: str, precision: str) -> Format | None:
    """Return the number format for ONNX Runtime; ``None`` where the settings mean PyTorch."""
    if runtime == "torch" or precision == "bfloat16":
        return None
    if precision == "float32":
        return Format.FLOAT32 if runtime == "onnx" else None
    return Format.INT8


def _onnx_tower(weights: WeightStore, number_format: Format) -> OnnxTower:
    from safetensors import safe_open

    file = derived(
        weights,
        Derivation(
            role=ROLE,
            name=f"{ROLE}-{number_format}.onnx",
            version=f"graph {vit_graph.VERSION}",
            make=partial(convert, number_format=number_format),
        ),
    )
    with safe_open(str(weights.path(ROLE)), "numpy") as tensors:
        positions = tensors.get_tensor("positional_embedding")
    model = OnnxModel(file)
    model.open()  # a file that this runtime can't read fails here
    return OnnxTower(model, positions, clip_from_onnx.PATCH)


def convert(source: Path, target: Path, number_format: Format) -> None:
    """Write the graph of a converted tower (safetensors)."""
    from safetensors.numpy import load_file

    model = vit_graph.build(load_file(str(source)), clip_from_onnx.HEADS, number_format)
    target.write_bytes(model.SerializeToString())


def _fastest(
    weights: WeightStore, in_torch: Callable[[], ImageTower], number_format: Format
) -> ImageTower:
    """Return the faster tower; what is not chosen is neither converted nor loaded."""
    towers: dict[str, Callable[[], ImageTower]] = {
        "torch": lru_cache(in_torch),
        f"onnx {number_format}": lru_cache(lambda: _onnx_tower(weights, number_format)),
    }

    @lru_cache
    def pixels() -> Pixels:
        pictures = trial_pictures(weights.shipped, TRIAL)
        return preprocess.prepare_squares(pictures, clip_from_onnx.IMAGE_SIZE)

    def timed(name: str) -> Vectors:
        tower = towers[name]()
        with for_strips():  # again: torch, imported just now, would take all threads
            return tower.pooled(pixels())

    ways = {name: partial(timed, name) for name in towers}
    model = f"{ROLE}, graph {vit_graph.VERSION}"
    return towers[fastest(weights.root / FOLDER / CHOICES, model, ways)]()


def choose_text_tower(weights: WeightStore, role: str, runtime: str) -> TextReader:
    """Return a text tower; measure first, once per machine, if the setting leaves it open.

    Args:
        weights: Store of the weights, and of what is made from them.
        role: ``TEXT_ROLE`` or ``GROUNDING_ROLE``.
        runtime: ``auto``, ``torch`` or ``onnx``.

    Raises:
        WeightsUnavailable: Its files are missing or damaged.
    """
    folder = weights.path(role)

    @lru_cache
    def in_torch() -> TextReader:
        from core.embedding.text_tower import TextTower

        return TextTower.load(folder)

    @lru_cache
    def in_onnx() -> TextReader:
        version = f"graph {text_graph.VERSION}"
        file = derived(weights, Derivation(role, f"{role}.onnx", version, convert_text))
        model = OnnxModel(file, threads=1)
        model.open()
        return OnnxTextTower(folder, model)

    if runtime == "torch" or not is_available():
        return in_torch()

    def timed(load: Callable[[], TextReader]) -> Vectors:
        tower = load()
        with for_words():  # after loading: torch, if imported in here, would take all threads
            return tower.encode(TRIAL_TEXTS)

    ways = {"torch": partial(timed, in_torch), "onnx float32": partial(timed, in_onnx)}
    try:
        if runtime == "onnx":
            return in_onnx()
        model = f"{TEXT_ROLE}, graph {text_graph.VERSION}, one thread"
        choices = weights.root / FOLDER / CHOICES
        name = fastest(choices, model, ways, clock=time.thread_time)
        return in_torch() if name == "torch" else in_onnx()
    except StudioError:
        raise
    except Exception as error:  # the runtime raises errors of its own
        _log.warning("The text tower runs in PyTorch: %s", error)
        return in_torch()


def convert_text(source: Path, target: Path) -> None:
    """Write the graph of a text tower from its folder."""
    from safetensors.numpy import load_file

    sizes = json.loads((source / "config.json").read_text("utf-8"))["backbone"]
    state = load_file(str(source / "model.safetensors"))
    single = {name: tensor.astype(np.float32) for name, tensor in state.items()}
    target.write_bytes(text_graph.build(single, sizes).SerializeToString())


def trial_pictures(shipped: Path, count: int) -> list[Image.Image]:
    """Return pictures of the demo for a trial; noise where it does not ship."""
    paths = sorted((shipped / "demo" / "images").glob("*.jpg"))
    if len(paths) < count:
        noise = np.random.default_rng(0).integers(0, 255, (count, 64, 64, 3), np.uint8)
        return [Image.fromarray(pixels) for pixels in noise]
    return [Image.open(paths[len(paths) * place // count]) for place in range(count)]
