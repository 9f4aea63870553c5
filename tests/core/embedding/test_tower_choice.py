"""What runs the image tower: settings, the trial, and PyTorch where the runtime can't be had."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from core.base.threads import for_pictures
from core.embedding import preprocess, torch_tower, tower_choice
from core.embedding.image_tower import OnnxTower
from core.embedding.torch_tower import TorchTower
from core.embedding.tower_choice import choose_tower
from core.runtime import onnx_model
from core.weights import WeightStore, clip_from_onnx
from tests.core.embedding.tiny_tower import HEADS, SIDE, tiny_tower
from tests.core.late_torch import late_torch

CPU = "cpu"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WeightStore:
    """Return a store whose image tower is a tiny one."""
    save_file(tiny_tower().state_dict(), tmp_path / "visual.safetensors")
    monkeypatch.setattr(clip_from_onnx, "HEADS", HEADS)
    monkeypatch.setattr(clip_from_onnx, "IMAGE_SIZE", SIDE)
    return WeightStore(tmp_path, local={"clip-image": tmp_path / "visual.safetensors"})


def chosen(store: WeightStore, runtime: str = "auto", precision: str = "auto"):
    return choose_tower(store, tiny_tower, CPU, runtime, precision)


@pytest.mark.parametrize(
    ("runtime", "precision", "kind"),
    [
        ("torch", "auto", TorchTower),
        ("auto", "float32", TorchTower),
        ("auto", "bfloat16", TorchTower),
        ("onnx", "float32", OnnxTower),
        ("auto", "int8", OnnxTower),
    ],
)
def test_settings_choose(store: WeightStore, runtime: str, precision: str, kind: type) -> None:
    assert isinstance(chosen(store, runtime, precision), kind)


def test_the_trial_is_kept_and_its_tower_agrees(store: WeightStore) -> None:
    tower = chosen(store)
    assert (store.root / "derived" / "fastest.json").is_file()
    shown = preprocess.prepare_squares(
        tower_choice.trial_pictures(store.shipped, tower_choice.TRIAL), SIDE
    )
    alike = (tower.pooled(shown) * chosen(store, "torch").pooled(shown)).sum(-1)
    assert alike.mean() > 0.99


def test_pytorch_is_measured_with_the_threads_of_a_pass(
    store: WeightStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is imported for the measurement, and would take all threads by itself."""
    counts = []
    with late_torch() as show, for_pictures(CPU):

        class Late(TorchTower):
            def __init__(self, *given: object) -> None:
                show()
                super().__init__(*given)

            def pooled(self, pixels: np.ndarray) -> np.ndarray:
                counts.append(torch.get_num_threads())
                return super().pooled(pixels)

        monkeypatch.setattr(torch_tower, "TorchTower", Late)
        chosen(store)
    assert counts
    assert set(counts) == {1}


def test_without_the_runtime_pytorch_runs_it(
    store: WeightStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    onnx_model.is_available.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            assert isinstance(chosen(store, "onnx"), TorchTower)
        assert "ONNX Runtime can't be used here" in caplog.text
    finally:
        onnx_model.is_available.cache_clear()


def test_a_damaged_conversion_is_made_anew(store: WeightStore) -> None:
    shown = np.zeros((1, 3, SIDE, SIDE), np.uint8)
    before = chosen(store, "onnx").pooled(shown)
    (store.root / "derived" / "clip-image-int8.onnx").write_bytes(b"damaged")
    np.testing.assert_array_equal(chosen(store, "onnx").pooled(shown), before)


def test_weights_that_can_not_be_converted_run_in_pytorch(
    store: WeightStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "visual.safetensors").write_bytes(b"damaged")
    with caplog.at_level(logging.WARNING):
        assert isinstance(chosen(store, "onnx"), TorchTower)
    assert "The image tower runs in PyTorch" in caplog.text
