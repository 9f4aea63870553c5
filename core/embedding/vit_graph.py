"""CLIP's vision transformer as an ONNX graph: the picture's vector and its patch features.

One graph serves every size of picture: positions are an input, interpolated by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from core.embedding.dense_features import SHARPNESS, Similarity
from core.embedding.preprocess import CLIP_MEAN, CLIP_STD
from core.runtime.graph import Array, Format, Graph

if TYPE_CHECKING:
    from onnx import ModelProto

#: Increase it when the same weights would give another graph.
VERSION = 1
#: Inputs and outputs of the graph.
PIXELS, POSITIONS, POOLED = "pixels", "positions", "pooled"
#: What patches are compared by in the last block; an output is named for each.
SIMILARITIES: tuple[Similarity, ...] = ("query", "key", "value")
#: Standard deviations of a norm's output that count as its largest values.
SPREAD = 4.0
_BLOCKS = "transformer.resblocks."
_EPSILON = 1e-5
_LAST = np.iinfo(np.int64).max


def build(state: Mapping[str, Array], heads: int, number_format: Format) -> ModelProto:
    """Build the graph of a tower.

    Inputs are ``pixels [n, 3, h, w] uint8`` and ``positions [1 + cells, width] float32``; outputs
    are ``pooled [n, d]`` and, for each similarity, ``[n, cells, d]``, all L2-normalised.

    Args:
        state: Tensors of ``open_clip``'s ``VisionTransformer`` with QuickGELU, float32.
        heads: Number of attention heads.
        number_format: Number format of the linear layers.
    """
    return _Tower(state, heads, number_format).build()


class _Tower:
    def __init__(self, state: Mapping[str, Array], heads: int, number_format: Format) -> None:
        self._state = dict(state)
        self._heads, self._width = heads, len(state["class_embedding"])
        self._layers = len({name.split(".")[2] for name in state if name.startswith(_BLOCKS)})
        self._graph = Graph(number_format)
        if number_format is Format.INT8:
            self._even_out()

    def _even_out(self) -> None:
        """Scale norms down, and the layers behind them up, where their channels are large.

        The results are the same (SmoothQuant, Xiao et al. 2023), but int8 loses less. How large a
        channel becomes is estimated from its norm.
        """
        state = self._state
        for index in range(self._layers):
            for norm, layer in (("ln_1", "attn.in_proj_weight"), ("ln_2", "mlp.c_fc.weight")):
                scale, shift, weight = (
                    f"{_BLOCKS}{index}.{name}" for name in (f"{norm}.weight", f"{norm}.bias", layer)
                )
                inputs = SPREAD * np.abs(state[scale]) + np.abs(state[shift])
                ratio = np.sqrt((inputs + 1e-5) / (np.abs(state[weight]).max(axis=0) + 1e-5))
                ratio /= np.exp(np.log(ratio).mean())
                state[scale], state[shift] = state[scale] / ratio, state[shift] / ratio
                state[weight] = state[weight] * ratio

    def build(self) -> ModelProto:
        graph, dim = self._graph, self._state["proj"].shape[1]
        tokens = self._embed()
        for index in range(self._layers - 1):
            block = f"{_BLOCKS}{index}."
            query, key, value = self._projected(tokens, block)
            mixed = graph.apply_own("MultiHeadAttention", query, key, value, num_heads=self._heads)
            tokens = self._finish(tokens, mixed, block)
        block = f"{_BLOCKS}{self._layers - 1}."
        query, key, value = self._projected(tokens, block)
        for name, chosen in zip(SIMILARITIES, (query, key, value), strict=True):
            graph.output(name, self._patches(chosen, value, block), ["n", "cells", dim])
        graph.output(POOLED, self._pooled(tokens, (query, key, value), block), ["n", dim])
        return graph.model()

    def _embed(self) -> str:
        from onnx import TensorProto

        graph, weight, width = self._graph, self._state["conv1.weight"], self._width
        patch = weight.shape[-1]
        pixels = graph.input(PIXELS, TensorProto.UINT8, ["n", 3, "h", "w"])
        positions = graph.input(POSITIONS, TensorProto.FLOAT, ["length", width])
        # The normalisation of the pixels is part of the first layer.
        mean, std = (
            np.array(v, np.float32)[None, :, None, None] * 255 for v in (CLIP_MEAN, CLIP_STD)
        )
        patches = graph.apply(
            "Conv",
            graph.apply("Cast", pixels, to=TensorProto.FLOAT),
            graph.constant("conv1.weight", (weight / std).astype(np.float32)),
            graph.constant("conv1.bias", -(weight * mean / std).sum((1, 2, 3), dtype=np.float32)),
            kernel_shape=[patch, patch],
            strides=[patch, patch],
        )
        patches = graph.apply("Reshape", patches, graph.integers(0, width, -1))
        patches = graph.apply("Transpose", patches, perm=[0, 2, 1])
        count = graph.apply("Shape", patches, start=0, end=1)
        first = graph.apply(
            "Expand",
            graph.constant("class", self._state["class_embedding"].reshape(1, 1, -1)),
            graph.apply("Concat", count, graph.integers(1, width), axis=0),
        )
        tokens = graph.apply("Concat", first, patches, axis=1)
        return self._norm(graph.apply("Add", tokens, positions), "ln_pre")

    def _projected(self, tokens: str, block: str) -> list[str]:
        """Return queries, keys and values."""
        normed = self._norm(tokens, f"{block}ln_1")
        return self._graph.split(self._linear(normed, f"{block}attn.in_proj_"), 3)

    def _finish(self, tokens: str, mixed: str, block: str) -> str:
        """Add the attention's result and the MLP's to the tokens."""
        graph = self._graph
        tokens = graph.apply("Add", tokens, self._linear(mixed, f"{block}attn.out_proj."))
        hidden = self._linear(self._norm(tokens, f"{block}ln_2"), f"{block}mlp.c_fc.")
        hidden = graph.apply_own("QuickGelu", hidden, alpha=1.702)
        shortened = self._linear(hidden, f"{block}mlp.c_proj.", fine=True)
        return graph.apply("Add", tokens, shortened)

    def _pooled(self, tokens: str, parts: tuple[str, str, str], block: str) -> str:
        """Finish the last block for the class token alone."""
        graph, (query, key, value) = self._graph, parts
        query, tokens = (
            graph.apply("Gather", whole, graph.integers(0), axis=1) for whole in (query, tokens)
        )
        mixed = graph.apply_own("MultiHeadAttention", query, key, value, num_heads=self._heads)
        pooled = self._in_text_space(self._finish(tokens, mixed, block))
        return graph.apply("Squeeze", pooled, graph.integers(1))

    def _patches(self, chosen: str, value: str, block: str) -> str:
        """Attend to similar patches; see ``dense.py``."""
        graph = self._graph
        heads = graph.apply("Reshape", chosen, graph.integers(0, 0, self._heads, -1))
        like = graph.apply("Reshape", graph.unit(heads), graph.integers(0, 0, self._width))
        mixed = graph.apply_own(
            "MultiHeadAttention", like, like, value, num_heads=self._heads, scale=SHARPNESS
        )
        mixed = graph.apply(
            "Slice", mixed, graph.integers(1), graph.integers(_LAST), graph.integers(1)
        )
        return self._in_text_space(self._linear(mixed, f"{block}attn.out_proj."))

    def _in_text_space(self, tokens: str) -> str:
        graph = self._graph
        projection = graph.constant("proj", self._state["proj"])
        return graph.unit(graph.apply("MatMul", self._norm(tokens, "ln_post"), projection))

    def _linear(self, value: str, name: str, fine: bool = False) -> str:
        weight, bias = self._state[f"{name}weight"], self._state[f"{name}bias"]
        return self._graph.linear(value, name.rstrip("._"), weight, bias, fine=fine)

    def _norm(self, value: str, name: str) -> str:
        weight, bias = self._state[f"{name}.weight"], self._state[f"{name}.bias"]
        return self._graph.norm(value, name, weight, bias, _EPSILON)
