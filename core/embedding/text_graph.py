"""The compact text tower (MiniLM, mean of its tokens, projection) as an ONNX graph.

A run takes texts of one length, so nothing is padded and no mask is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from core.runtime.graph import Array, Graph

if TYPE_CHECKING:
    from onnx import ModelProto

#: Increase it when the same weights would give another graph.
VERSION = 1
#: Inputs and output of the graph.
IDS, PLACES, VECTORS = "ids", "places", "vectors"


def build(state: Mapping[str, Array], backbone: Mapping[str, Any]) -> ModelProto:
    """Build the graph of a text tower.

    Inputs are ``ids [n, t] int64`` and ``places [t] int64``, which count from 0; the output is
    ``vectors [n, d] float32``, L2-normalised.

    Args:
        state: Tensors of ``TextTower``.
        backbone: Sizes of its ``BertModel``.

    Raises:
        ValueError: The backbone is of another kind.
    """
    kind = backbone.get("hidden_act"), backbone.get("position_embedding_type", "absolute")
    if kind != ("gelu", "absolute"):
        raise ValueError(f"the graph has no backbone with {kind[0]} and {kind[1]} positions")
    return _Tower(state, backbone).build()


class _Tower:
    def __init__(self, state: Mapping[str, Array], backbone: Mapping[str, Any]) -> None:
        self._state, self._graph = state, Graph()
        self._layers = int(backbone["num_hidden_layers"])
        self._heads = int(backbone["num_attention_heads"])
        self._epsilon = float(backbone["layer_norm_eps"])

    def build(self) -> ModelProto:
        graph = self._graph
        tokens = self._embed()
        for layer in range(self._layers):
            tokens = self._layer(tokens, f"backbone.encoder.layer.{layer}.")
        pooled = graph.apply("ReduceMean", tokens, graph.integers(1), keepdims=0)
        projected = self._linear(pooled, "projection.linear")
        if "projection.branch.0.weight" in self._state:
            hidden = graph.apply_own("Gelu", self._linear(pooled, "projection.branch.0"))
            projected = graph.apply("Add", projected, self._linear(hidden, "projection.branch.2"))
        dim = len(self._state["projection.linear.bias"])
        graph.output(VECTORS, graph.unit(projected), ["n", dim])
        return graph.model()

    def _embed(self) -> str:
        from onnx import TensorProto

        graph, tables = self._graph, "backbone.embeddings."
        ids = graph.input(IDS, TensorProto.INT64, ["n", "t"])
        places = graph.input(PLACES, TensorProto.INT64, ["t"])
        # All texts are of the first type. Words stay in the float16 of the tower's file.
        kinds = self._state[f"{tables}token_type_embeddings.weight"][0]
        positions = self._state[f"{tables}position_embeddings.weight"] + kinds
        words = self._state[f"{tables}word_embeddings.weight"].astype(np.float16)
        read = graph.apply("Gather", graph.constant("words", words), ids)
        placed = graph.apply("Gather", graph.constant("positions", positions), places)
        tokens = graph.apply("Add", graph.apply("Cast", read, to=TensorProto.FLOAT), placed)
        return self._norm(tokens, f"{tables}LayerNorm")

    def _layer(self, tokens: str, name: str) -> str:
        graph = self._graph
        query, key, value = (
            self._linear(tokens, f"{name}attention.self.{part}")
            for part in ("query", "key", "value")
        )
        mixed = graph.apply_own("MultiHeadAttention", query, key, value, num_heads=self._heads)
        tokens = self._added(tokens, mixed, f"{name}attention.output.")
        hidden = graph.apply_own("Gelu", self._linear(tokens, f"{name}intermediate.dense"))
        return self._added(tokens, hidden, f"{name}output.")

    def _added(self, tokens: str, value: str, name: str) -> str:
        """Add a layer's result to the tokens, and normalise."""
        total = self._graph.apply("Add", tokens, self._linear(value, f"{name}dense"))
        return self._norm(total, f"{name}LayerNorm")

    def _linear(self, value: str, name: str) -> str:
        weight, bias = self._state[f"{name}.weight"], self._state[f"{name}.bias"]
        return self._graph.linear(value, name, weight, bias)

    def _norm(self, value: str, name: str) -> str:
        weight, bias = self._state[f"{name}.weight"], self._state[f"{name}.bias"]
        return self._graph.norm(value, name, weight, bias, self._epsilon)
