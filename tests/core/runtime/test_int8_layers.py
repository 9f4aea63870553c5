"""Linear layers of a traced model in int8."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

from core.runtime.int8_layers import with_int8_layers
from core.runtime.onnx_model import OnnxModel


class Layers(nn.Module):
    """Two linear layers, the second without a bias, and a product of two inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(256, 128), nn.Linear(128, 128, bias=False)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        hidden = self.last(self.first(values).relu())
        return hidden @ hidden.transpose(1, 2)


def test_layers_with_stored_weights_are_put_into_int8(tmp_path: Path) -> None:
    torch.manual_seed(0)
    plain, example = Layers().eval(), torch.randn(2, 5, 256)
    torch.onnx.export(plain, (example,), str(tmp_path / "f.onnx"), dynamo=False, input_names=["v"])
    model = onnx.load(str(tmp_path / "f.onnx"))
    model = with_int8_layers(model, is_fine=lambda name: "last" in name)
    onnx.save(model, str(tmp_path / "i.onnx"))
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("DynamicQuantizeMatMul") == kinds.count("MatMulNBits") == 1
    assert kinds.count("MatMul") == 1  # the product of two inputs
    assert "Add" not in kinds  # the bias is part of its layer
    assert (tmp_path / "i.onnx").stat().st_size < 0.4 * (tmp_path / "f.onnx").stat().st_size
    (name,) = (output.name for output in model.graph.output)
    (made,) = OnnxModel(tmp_path / "i.onnx").run([name], {"v": example.numpy()})
    wanted = plain(example).detach().numpy()
    assert np.abs(made - wanted).max() < 0.03 * np.abs(wanted).max()
