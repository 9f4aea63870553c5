"""Convert CLIP's image tower from int8 ONNX to an ``open_clip`` vision transformer.

Dynamic quantisation stores each linear layer as ``(quantised, zero point, scale)`` with one scale
per output column, shape ``[in, out]``. All other tensors stay float32 under Hugging Face names. The
tensors are renamed to those of ``open_clip``'s ``ViT-B-16-quickgelu``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from onnx import ModelProto
    from open_clip.transformer import VisionTransformer
    from torch import Tensor

#: Increase it when the same ONNX file would give other numbers.
VERSION = 1
#: ViT-B/16 at 224 pixels.
IMAGE_SIZE, PATCH, WIDTH, LAYERS, HEADS, DIM = 224, 16, 768, 12, 12, 512

Array = npt.NDArray[np.float32]


def convert(onnx_path: Path, target: Path) -> None:
    """Write the tower as safetensors, after a strict load has checked that it is complete.

    Raises:
        ValueError: The file is not the expected export.
    """
    import onnx
    import torch
    from safetensors.torch import save_file

    state = open_clip_state(onnx.load(str(onnx_path)))
    tensors = {name: torch.from_numpy(array) for name, array in state.items()}
    visual_of(tensors)
    save_file(tensors, str(target))


def load_visual(path: Path) -> VisionTransformer:
    """Load the converted tower in float32, in evaluation mode, without gradients.

    Raises:
        ValueError: A tensor is missing, left over or of the wrong shape.
    """
    from safetensors.torch import load_file

    return visual_of(load_file(str(path)))


def open_clip_state(model: ModelProto) -> dict[str, Array]:
    """Return the tower's tensors under ``open_clip``'s names, float32.

    Raises:
        ValueError: A tensor is missing.
    """
    linear, plain = _linear_weights(model), _initializers(model)
    vision = "vision_model."
    try:
        state = {
            "class_embedding": plain[vision + "embeddings.class_embedding"],
            "conv1.weight": plain[vision + "embeddings.patch_embedding.weight"],
            "positional_embedding": plain[vision + "embeddings.position_embedding.weight"],
            "proj": linear["visual_projection"],
        }
        for source, target in (("pre_layrnorm", "ln_pre"), ("post_layernorm", "ln_post")):
            state |= _norm(plain, vision + source, target)
        for index in range(LAYERS):
            state |= _block(
                plain, linear, f"{vision}encoder.layers.{index}.", f"transformer.resblocks.{index}."
            )
    except KeyError as error:
        raise ValueError(f"the ONNX file has no tensor {error}") from None
    return {name: np.array(array, dtype=np.float32, order="C") for name, array in state.items()}


def _block(
    plain: dict[str, Array], linear: dict[str, Array], source: str, target: str
) -> dict[str, Array]:
    attention = source + "self_attn."
    state = {
        target + "attn.in_proj_weight": np.concatenate(
            [linear[f"{attention}{part}_proj"].T for part in "qkv"]
        ),
        target + "attn.in_proj_bias": np.concatenate(
            [plain[f"{attention}{part}_proj.bias"] for part in "qkv"]
        ),
        target + "attn.out_proj.weight": linear[attention + "out_proj"].T,
        target + "attn.out_proj.bias": plain[attention + "out_proj.bias"],
    }
    for layer, name in (("fc1", "c_fc"), ("fc2", "c_proj")):
        state[f"{target}mlp.{name}.weight"] = linear[f"{source}mlp.{layer}"].T
        state[f"{target}mlp.{name}.bias"] = plain[f"{source}mlp.{layer}.bias"]
    state |= _norm(plain, source + "layer_norm1", target + "ln_1")
    state |= _norm(plain, source + "layer_norm2", target + "ln_2")
    return state


def _norm(plain: dict[str, Array], source: str, target: str) -> dict[str, Array]:
    return {f"{target}.{part}": plain[f"{source}.{part}"] for part in ("weight", "bias")}


def _initializers(model: ModelProto) -> dict[str, Array]:
    from onnx import numpy_helper

    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def _linear_weights(model: ModelProto) -> dict[str, Array]:
    """Return dequantised weights ``[in, out]`` by layer; the layer is in the node's name."""
    stored = _initializers(model)
    weights = {}
    for node in model.graph.node:
        if node.op_type != "MatMulInteger":
            continue
        name = node.input[1].removesuffix("_quantized")
        zero_point = stored[name + "_zero_point"].astype(np.float32)
        quantised = stored[node.input[1]].astype(np.float32)
        layer = node.name.removesuffix("/MatMul_quant").strip("/").replace("/", ".")
        weights[layer] = (quantised - zero_point) * stored[name + "_scale"]
    return weights


def visual_of(tensors: dict[str, Tensor]) -> VisionTransformer:
    """Build the tower from tensors; it uses them without a copy.

    Raises:
        ValueError: A tensor is missing, left over or of the wrong shape.
    """
    import torch
    from open_clip.model import QuickGELU
    from open_clip.transformer import VisionTransformer

    # On the meta device nothing is initialised, so no random weight can remain.
    with torch.device("meta"):
        visual = VisionTransformer(
            image_size=IMAGE_SIZE,
            patch_size=PATCH,
            width=WIDTH,
            layers=LAYERS,
            heads=HEADS,
            mlp_ratio=4.0,
            output_dim=DIM,
            act_layer=QuickGELU,
        )
    try:
        visual.load_state_dict(tensors, strict=True, assign=True)
    except RuntimeError as error:
        raise ValueError(f"the tensors do not fit CLIP ViT-B/16: {error}") from None
    return visual.eval().requires_grad_(False)
