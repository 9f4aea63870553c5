"""The tower in ONNX Runtime against the same weights in PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.embedding import vit_graph
from core.embedding.image_tower import OnnxTower
from core.embedding.torch_tower import TorchTower
from core.runtime.graph import Format
from core.runtime.onnx_model import OnnxModel
from tests.core.embedding.tiny_tower import HEADS, PATCH, SIDE, state_of, tiny_tower


def pixels(height: int = SIDE, width: int = SIDE) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (3, 3, height, width), np.uint8)


@pytest.fixture(scope="module")
def torch_tower() -> TorchTower:
    tower = tiny_tower()
    return TorchTower(lambda: tower, torch.device("cpu"))


@pytest.fixture(scope="module", params=list(Format))
def onnx_tower(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    tower = tiny_tower()
    path: Path = tmp_path_factory.mktemp("tower") / "tower.onnx"
    path.write_bytes(vit_graph.build(state_of(tower), HEADS, request.param).SerializeToString())
    return OnnxTower(OnnxModel(path), tower.positional_embedding.detach().numpy(), PATCH)


def test_vectors_agree(torch_tower: TorchTower, onnx_tower: OnnxTower) -> None:
    of_onnx, of_torch = onnx_tower.pooled(pixels()), torch_tower.pooled(pixels())
    assert of_onnx.shape == of_torch.shape == (3, 32)
    assert of_onnx.dtype == np.float32
    assert (of_onnx * of_torch).sum(-1).min() > 0.99
    np.testing.assert_allclose(np.linalg.norm(of_onnx, axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize("similarity", vit_graph.SIMILARITIES)
def test_patches_agree_at_any_size(torch_tower, onnx_tower, similarity) -> None:
    shown = pixels(96, 48)
    of_onnx, of_torch = (
        onnx_tower.patches(shown, similarity),
        torch_tower.patches(shown, similarity),
    )
    assert of_onnx.shape == of_torch.shape == (3, 6, 3, 32)
    assert (of_onnx * of_torch).sum(-1).min() > 0.99


def test_a_picture_does_not_depend_on_its_batch(onnx_tower: OnnxTower) -> None:
    together = onnx_tower.pooled(pixels())
    (alone,) = onnx_tower.pooled(pixels()[1:2])
    np.testing.assert_allclose(alone, together[1], atol=1e-5)


def test_both_in_one_pass_are_the_same(torch_tower: TorchTower, onnx_tower: OnnxTower) -> None:
    for tower in (torch_tower, onnx_tower):
        pooled, patches = tower.both(pixels(), "key")
        np.testing.assert_allclose(pooled, tower.pooled(pixels()), atol=1e-5)
        np.testing.assert_allclose(patches, tower.patches(pixels(), "key"), atol=1e-5)


def test_a_strip_has_the_positions_of_the_middle_of_the_square(
    torch_tower: TorchTower, onnx_tower: OnnxTower
) -> None:
    strip = pixels(2 * PATCH)
    assert (onnx_tower.strip(strip) * torch_tower.strip(strip)).sum(-1).min() > 0.99
    for tower in (torch_tower, onnx_tower):
        np.testing.assert_allclose(tower.strip(pixels()), tower.pooled(pixels()), atol=1e-4)
    assert not np.array_equal(onnx_tower.strip(strip), onnx_tower.pooled(strip))
