"""SAM's image encoder in ONNX Runtime, and PyTorch where that can't be."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from core.runtime.onnx_model import OnnxModel
from core.settings import load_settings
from core.vision import sam_encoder, sam_export
from core.vision.sam_encoder import load_mobile_sam
from core.vision.sam_export import export, export_decoder
from core.vision.sam_models import FEATURES, IMAGES, Encoding, OnnxSam
from core.vision.torch_sam import TorchSam
from core.weights import WeightStore
from tests.core.late_torch import late_torch

from .checkpoints import tiny_sam

CPU = "cpu"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WeightStore:
    """Return a store whose MobileSAM is a tiny one."""
    checkpoint = tmp_path / "mobile_sam.pt"
    checkpoint.write_bytes(b"weights")
    monkeypatch.setattr(sam_export, "build_mobile_sam", lambda path: tiny_sam())
    monkeypatch.setattr(sam_export, "IMAGE_SIZE", tiny_sam().image_encoder.img_size)
    return WeightStore(tmp_path, local={"sam": checkpoint})


def test_an_exported_model_gives_the_same_masks(tmp_path: Path) -> None:
    sam = tiny_sam()
    plain, side = TorchSam(sam), sam.image_encoder.img_size
    example = (torch.zeros(1, 3, side, side),)
    export(sam.image_encoder, example, tmp_path / "encoder.onnx", [IMAGES], [FEATURES])
    export_decoder(sam, tmp_path / "decoder.onnx")
    parts = [OnnxModel(tmp_path / f"{part}.onnx", lean=True) for part in ("encoder", "decoder")]
    exported = OnnxSam(*parts, side)
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    photo, expected = exported.encode(pixels), plain.encode(pixels)
    assert photo.extent == expected.extent
    np.testing.assert_allclose(photo.features, expected.features.numpy(), atol=1e-4)
    points = np.array([[3, 4], [20, 11]], np.float32)
    for kind, prompts in (("points", points), ("boxes", points.reshape(1, 4))):
        for made, wanted in zip(
            getattr(exported, kind)(photo, prompts),
            getattr(plain, kind)(expected, prompts),
            strict=True,
        ):
            np.testing.assert_allclose(made, wanted, atol=1e-3)


def test_settings_choose_pytorch(store: WeightStore) -> None:
    sam = load_mobile_sam(store, load_settings(runtime="torch"), CPU)
    assert isinstance(sam, TorchSam)


def test_pytorch_is_measured_with_the_threads_of_a_pass(
    store: WeightStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is imported for the measurement, and would take all threads by itself."""
    counts = []
    with late_torch() as show:

        class Late(TorchSam):
            def __init__(self, *given: object) -> None:
                show()
                super().__init__(*given)

            def encode(self, pixels: np.ndarray) -> Encoding:
                counts.append(torch.get_num_threads())
                return super().encode(pixels)

        monkeypatch.setattr(sam_export, "TorchSam", Late)
        load_mobile_sam(store, load_settings(), CPU)
    assert counts
    assert set(counts) == {1}


def test_what_can_not_be_converted_runs_in_pytorch(
    store: WeightStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no exporter here")

    monkeypatch.setattr(sam_export, "export", fails)
    with caplog.at_level(logging.WARNING):
        sam = load_mobile_sam(store, load_settings(runtime="onnx"), CPU)
    assert isinstance(sam, TorchSam)
    assert "MobileSAM runs in PyTorch: no exporter here" in caplog.text


@pytest.mark.parametrize(
    ("precision", "file"), [("float32", "sam-encoder.onnx"), ("auto", "sam-encoder-int8.onnx")]
)
def test_the_encoder_has_the_number_format_of_the_settings(
    store: WeightStore, precision: str, file: str
) -> None:
    sam = load_mobile_sam(store, load_settings(runtime="onnx", precision=precision), CPU)
    assert isinstance(sam, OnnxSam)
    assert sam._encoder.path.name == file


def test_the_encoder_is_the_fastest_that_agrees(
    store: WeightStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = []

    def last(file: Path, model: str, ways: dict[str, object], rounds: int) -> str:
        offered.extend(ways)
        return offered[-1]

    monkeypatch.setattr(sam_encoder, "fastest", last)
    sam = load_mobile_sam(store, load_settings(), CPU)
    assert offered == ["torch", "onnx float32", "onnx int8"]
    assert isinstance(sam, OnnxSam)
