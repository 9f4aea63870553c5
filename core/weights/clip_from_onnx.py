"""CLIP's image tower: int8 ONNX in, an ``open_clip`` vision transformer out.

Dynamic quantisation stores each linear layer as ``(quantised, zero point, scale)`` with one scale
per output column, shape ``[in, out]``; everything else stays float32 under Hugging Face names. The
rest is renaming to ``open_clip``'s ``ViT-B-16-quickgelu``.
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

#: Raised when the same ONNX file would give other numbers.
VERSION = 1
#: ViT-B/16 at 224 pixels.
IMAGE_SIZE, PATCH, WIDTH, LAYERS, HEADS, DIM = 224, 16, 768, 12, 12, 512

Array = npt.NDArray[np.float32]


def convert(onnx_path: Path, target: Path) -> None:
    """Write the tower as safetensors, after a strict load has shown that it is complete.

    Raises:
        ValueError: The file is not the export that this was written for.
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
    """The tower's tensors under ``open_clip``'s names, float32."""
    linear, plain = _linear_weights(model), _initializers(model)
    vision = "vision_model."
    try:
        state = {
            "class_embedding": plain[vision + "embeddings.class_embedding"],
            "conv1.weight": plain[vision + "embeddings.patch_embedding.weight"],
            "positional_embedding": plain[vision + "embeddings.position_embedding.weight"],
            "proj": linear["visual_projection"],
        }
        for theirs, ours in (("pre_layrnorm", "ln_pre"), ("post_layernorm", "ln_post")):
            state |= _norm(plain, vision + theirs, ours)
        for index in range(LAYERS):
            state |= _block(
                plain, linear, f"{vision}encoder.layers.{index}.", f"transformer.resblocks.{index}."
            )
    except KeyError as error:
        raise ValueError(f"the ONNX file has no tensor {error}") from None
    return {name: np.array(array, dtype=np.float32, order="C") for name, array in state.items()}


def _block(
    plain: dict[str, Array], linear: dict[str, Array], theirs: str, ours: str
) -> dict[str, Array]:
    attention = theirs + "self_attn."
    state = {
        ours + "attn.in_proj_weight": np.concatenate(
            [linear[f"{attention}{part}_proj"].T for part in "qkv"]
        ),
        ours + "attn.in_proj_bias": np.concatenate(
            [plain[f"{attention}{part}_proj.bias"] for part in "qkv"]
        ),
        ours + "attn.out_proj.weight": linear[attention + "out_proj"].T,
        ours + "attn.out_proj.bias": plain[attention + "out_proj.bias"],
    }
    for layer, name in (("fc1", "c_fc"), ("fc2", "c_proj")):
        state[f"{ours}mlp.{name}.weight"] = linear[f"{theirs}mlp.{layer}"].T
        state[f"{ours}mlp.{name}.bias"] = plain[f"{theirs}mlp.{layer}.bias"]
    state |= _norm(plain, theirs + "layer_norm1", ours + "ln_1")
    state |= _norm(plain, theirs + "layer_norm2", ours + "ln_2")
    return state


def _norm(plain: dict[str, Array], theirs: str, ours: str) -> dict[str, Array]:
    return {f"{ours}.{part}": plain[f"{theirs}.{part}"] for part in ("weight", "bias")}


def _initializers(model: ModelProto) -> dict[str, Array]:
    from onnx import numpy_helper

    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def _linear_weights(model: ModelProto) -> dict[str, Array]:
    """Dequantised weights ``[in, out]`` by layer; the node's name gives the layer."""
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
    """The tower made of these tensors, which it keeps.

    Raises:
        ValueError: A tensor is missing, left over or of the wrong shape.
    """
    import torch
    from open_clip.model import QuickGELU
    from open_clip.transformer import VisionTransformer

    # On the meta device nothing is initialised, so no random weight can be left over.
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
