"""Put the linear layers of a traced ONNX model into int8."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import onnx
from onnx import helper, numpy_helper

from core.runtime.graph import MICROSOFT, Int8Layer, int8_layer


def with_int8_layers(model: onnx.ModelProto, is_fine: Callable[[str], bool]) -> onnx.ModelProto:
    """Replace each product with a stored matrix, and the bias behind it, by one int8 layer.

    Args:
        model: The model in float32; it is changed.
        is_fine: Tells by the name of a product whether its inputs have outliers.
    """
    graph = model.graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    uses = Counter(name for node in graph.node for name in node.input)
    after = {name: node for node in graph.node for name in node.input}
    nodes, joined = [], set[str]()
    for node in graph.node:
        if node.output[0] in joined:
            continue
        if node.op_type != "MatMul" or node.input[1] not in stored:
            nodes.append(node)
            continue
        weight = numpy_helper.to_array(stored[node.input[1]]).T
        product = node.output[0]
        shift = _bias(after.get(product), product, stored) if uses[product] == 1 else ""
        result = after[product].output[0] if shift else product
        joined |= {result} if shift else set()
        layer = int8_layer(node.input[0], node.name, weight, shift, fine=is_fine(node.name))
        nodes.append(_node(layer, result))
        graph.initializer.extend(
            numpy_helper.from_array(values.copy(), name) for name, values in layer.constants.items()
        )
    del graph.node[:]
    graph.node.extend(nodes)
    _drop_unused(graph)
    model.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    return model


def _bias(node: onnx.NodeProto | None, product: str, stored: dict[str, onnx.TensorProto]) -> str:
    """Return the name of the stored vector that a node adds to the product; empty if it does not.
    """  # fmt: skip
    if node is None or node.op_type != "Add":
        return ""
    other = node.input[1] if node.input[0] == product else node.input[0]
    return other if other in stored and len(stored[other].dims) == 1 else ""


def _node(layer: Int8Layer, result: str) -> onnx.NodeProto:
    return helper.make_node(
        layer.operator, layer.inputs, [result], domain=MICROSOFT, **layer.attributes
    )


def _drop_unused(graph: onnx.GraphProto) -> None:
    used = {name for node in graph.node for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
