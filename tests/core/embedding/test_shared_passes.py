"""A picture goes through the compact image tower once, whoever asks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.embedding.compact import CompactEncoder
from core.weights import WeightStore


class CountingTower:
    """Returns vectors made of the pixels, and counts the pictures that it computes."""

    def __init__(self) -> None:
        self.pictures = 0

    def pooled(self, pixels: np.ndarray) -> np.ndarray:
        self.pictures += len(pixels)
        return np.stack([np.full(512, float(row.sum()), np.float32) for row in pixels])

    def patches(self, pixels: np.ndarray, similarity: str) -> np.ndarray:
        self.pictures += len(pixels)
        rows, columns = (side // 16 for side in pixels.shape[-2:])
        return np.zeros((len(pixels), rows, columns, 512), np.float32)

    def both(self, pixels: np.ndarray, similarity: str) -> tuple[np.ndarray, np.ndarray]:
        pooled, before = self.pooled(pixels), self.pictures
        patches = self.patches(pixels, similarity)
        self.pictures = before
        return pooled, patches


@pytest.fixture
def tower() -> CountingTower:
    return CountingTower()


@pytest.fixture
def counted(tower: CountingTower, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(CompactEncoder, "tower", tower)
    return CompactEncoder(WeightStore(tmp_path), "cpu")


def picture(shade: int, size: tuple[int, int] = (300, 300)) -> Image.Image:
    return Image.linear_gradient("L").resize(size).point(lambda value: value // shade)


def test_pictures_that_repeat_are_computed_once(counted, tower: CountingTower) -> None:
    first = counted.encode_images([picture(1), picture(2), picture(1)])
    assert tower.pictures == 2
    np.testing.assert_array_equal(first[0], first[2])
    assert first[0, 0] != first[1, 0]
    again = counted.encode_images([picture(3), picture(2)])
    assert tower.pictures == 3
    np.testing.assert_array_equal(again[1], first[1])


def test_a_square_photo_that_was_looked_at_has_its_vector(counted, tower: CountingTower) -> None:
    counted.dense(picture(1), 224)
    assert tower.pictures == 1
    counted.encode_images([picture(1)])
    assert tower.pictures == 1
    counted.dense(picture(1, (300, 150)), 224)
    counted.encode_images([picture(1, (300, 150))])
    assert tower.pictures == 3
