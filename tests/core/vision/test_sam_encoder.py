"""SAM's image encoder in ONNX Runtime, and PyTorch where that can't be."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from core.runtime.onnx_model import OnnxModel
from core.settings import load_settings
from core.vision import sam_encoder
from core.vision.sam_encoder import OnnxEncoder, export, load_mobile_sam
from core.weights import WeightStore

from .checkpoints import tiny_sam

CPU = torch.device("cpu")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WeightStore:
    """Return a store whose MobileSAM is a tiny one."""
    checkpoint = tmp_path / "mobile_sam.pt"
    checkpoint.write_bytes(b"weights")
    monkeypatch.setattr(sam_encoder, "build_mobile_sam", lambda path: tiny_sam())
    return WeightStore(tmp_path, local={"sam": checkpoint})


def test_an_exported_encoder_gives_the_same_features(tmp_path: Path) -> None:
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.GELU(), nn.Conv2d(8, 4, 3, 2, 1)).eval()
    shown = torch.randn(2, 3, 32, 32)
    export(encoder, shown[:1], tmp_path / "encoder.onnx")
    with torch.inference_mode():
        ours = OnnxEncoder(OnnxModel(tmp_path / "encoder.onnx"))(shown)
        np.testing.assert_allclose(ours.numpy(), encoder(shown).numpy(), atol=1e-5)


def test_settings_choose_pytorch(store: WeightStore) -> None:
    sam = load_mobile_sam(store, load_settings(runtime="torch"), CPU)
    assert not isinstance(sam.image_encoder, OnnxEncoder)


def test_what_can_not_be_converted_runs_in_pytorch(
    store: WeightStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no exporter here")

    monkeypatch.setattr(sam_encoder, "export", fails)
    with caplog.at_level(logging.WARNING):
        sam = load_mobile_sam(store, load_settings(runtime="onnx"), CPU)
    assert not isinstance(sam.image_encoder, OnnxEncoder)
    assert "MobileSAM runs in PyTorch: no exporter here" in caplog.text
