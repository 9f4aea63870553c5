"""Write ONNX graphs by hand, with linear layers in float32 or int8.

An int8 layer is one of two kinds. The fast one has one scale per output for the weights and one
scale for the whole input, so one picture at a time goes through it. Where a few large inputs would
make all others coarse, the fine one has a scale for every 128 numbers of weights and inputs; it
takes twice as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[np.float32]

#: Domain of ONNX Runtime's own operators.
MICROSOFT = "com.microsoft"
#: Numbers that share one scale in a fine int8 layer.
BLOCK = 128
_OPSET, _IR = 18, 9


class Format(StrEnum):
    """Number format of the linear layers."""

    FLOAT32 = "float32"
    INT8 = "int8"


@dataclass(frozen=True, slots=True)
class Int8Layer:
    """A linear layer in int8: a node of one of ONNX Runtime's own operators.

    Attributes:
        operator: The operator.
        inputs: Names of its inputs.
        constants: The inputs that are stored, by name.
        attributes: Its attributes.
    """

    operator: str
    inputs: tuple[str, ...]
    constants: dict[str, npt.NDArray[Any]]
    attributes: dict[str, Any]


class Graph:
    """A graph under construction; values are named by strings.

    Args:
        number_format: Number format of the linear layers.
    """

    def __init__(self, number_format: Format = Format.FLOAT32) -> None:
        self._format = number_format
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, kind: Any, shape: list[int | str]) -> str:
        """Declare an input; a string in its shape is a free size."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, name: str, value: str, shape: list[int | str]) -> None:
        """Declare a float32 output."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def constant(self, name: str, values: npt.NDArray[Any]) -> str:
        """Store a tensor; the first one under a name is kept."""
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def integers(self, *values: int) -> str:
        """Store a list of integers."""
        return self.constant(f"integers {values}", np.array(values, np.int64))

    def apply(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Apply an operator of ONNX with one output."""
        return self._add(operator, inputs, 1, "", attributes)[0]

    def apply_own(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Apply an operator of ONNX Runtime with one output."""
        return self._add(operator, inputs, 1, MICROSOFT, attributes)[0]

    def split(self, value: str, parts: int) -> list[str]:
        """Split the last axis into equal parts."""
        return self._add("Split", (value,), parts, "", {"axis": -1, "num_outputs": parts})

    def _add(
        self, operator: str, inputs: Any, outputs: int, domain: str, attributes: Any
    ) -> list[str]:
        number = len(self._nodes)
        names = [f"{operator} {number}.{place}" for place in range(outputs)]
        self._nodes.append(
            helper.make_node(operator, list(inputs), names, domain=domain, **attributes)
        )
        return names

    def linear(
        self, value: str, name: str, weight: Array, bias: Array, *, fine: bool = False
    ) -> str:
        """Apply a linear layer in the graph's number format.

        Args:
            value: Its input.
            name: Its name.
            weight: ``[out, in]``.
            bias: ``[out]``.
            fine: Whether the inputs have outliers, so that int8 needs many scales.
        """
        shift = self.constant(f"{name}.bias", bias)
        if self._format is Format.FLOAT32:
            product = self.apply("MatMul", value, self.constant(f"{name}.weight", weight.T))
            return self.apply("Add", product, shift)
        layer = int8_layer(value, name, weight, shift, fine=fine)
        for constant, values in layer.constants.items():
            self.constant(constant, values)
        return self.apply_own(layer.operator, *layer.inputs, **layer.attributes)

    def norm(self, value: str, name: str, weight: Array, bias: Array, epsilon: float) -> str:
        """Normalise the last axis (layer norm)."""
        return self.apply(
            "LayerNormalization",
            value,
            self.constant(f"{name}.weight", weight),
            self.constant(f"{name}.bias", bias),
            axis=-1,
            epsilon=epsilon,
        )

    def unit(self, value: str) -> str:
        """Divide the last axis by its L2 norm."""
        return self.apply("LpNormalization", value, axis=-1, p=2)

    def model(self) -> onnx.ModelProto:
        """Return the finished model."""
        graph = helper.make_graph(
            self._nodes, "graph", self._inputs, self._outputs, list(self._constants.values())
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR)


def int8_layer(value: str, name: str, weight: Array, shift: str, *, fine: bool) -> Int8Layer:
    """Return the node of a linear layer in int8.

    Args:
        value: Its input.
        name: Its name.
        weight: ``[out, in]``.
        shift: Name of its stored bias; empty for none.
        fine: Whether the inputs have outliers, so that int8 needs many scales.
    """
    rows, columns = weight.shape
    block = BLOCK if fine else columns
    numbers, scales = quantise(weight, block)
    stored, scale = f"{name}.weight", f"{name}.scale"
    constants: dict[str, npt.NDArray[Any]] = {scale: scales}
    if not fine:
        constants[stored] = numbers.T
        inputs = (value, stored, scale, "", shift)
        return Int8Layer("DynamicQuantizeMatMul", inputs, constants, {})
    unsigned = (numbers.astype(np.int16) + 128).astype(np.uint8)  # 128 means zero
    constants[stored] = unsigned.reshape(rows, -1, block)
    sizes = {"K": columns, "N": rows, "bits": 8, "block_size": block, "accuracy_level": 4}
    return Int8Layer("MatMulNBits", (value, stored, scale, "", "", shift), constants, sizes)


def quantise(weight: Array, block: int) -> tuple[npt.NDArray[np.int8], Array]:
    """Quantise ``[out, in]`` to int8 of the same shape, and one scale per block, flat."""
    blocks = weight.reshape(len(weight), -1, block)
    scales = np.abs(blocks).max(axis=-1, keepdims=True) / 127
    scales[scales == 0] = 1
    numbers = np.clip(np.rint(blocks / scales), -127, 127).astype(np.int8)
    return numbers.reshape(weight.shape), scales.astype(np.float32).reshape(-1)
