"""Resizing by matrices gives what torch's ``interpolate`` gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from core.base.resampling import area, cubic, linear, linear_twice, resample


def of_torch(array: np.ndarray, size: tuple[int, int], **way: object) -> np.ndarray:
    return interpolate(torch.from_numpy(array)[None, None], size, **way)[0, 0].numpy()


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (28, 21), (64, 48)])
def test_areas(size: tuple[int, int]) -> None:
    array = np.random.default_rng(0).normal(size=(64, 48)).astype(np.float32)
    own = resample(array, area(64, size[0]), area(48, size[1]))
    np.testing.assert_allclose(own, of_torch(array, size, mode="area"), atol=1e-6)


@pytest.mark.parametrize(("mode", "matrix"), [("bilinear", linear), ("bicubic", cubic)])
@pytest.mark.parametrize("size", [(1, 1), (9, 5), (21, 28), (9, 28), (200, 133)])
@pytest.mark.parametrize("shape", [(14, 14), (1, 1), (1, 7)])
def test_interpolation(
    mode: str, matrix: object, size: tuple[int, int], shape: tuple[int, int]
) -> None:
    array = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    own = resample(array, matrix(shape[0], size[0]), matrix(shape[1], size[1]))
    expected = of_torch(array, size, mode=mode, align_corners=False)
    np.testing.assert_allclose(own, expected, atol=3e-6)


def test_two_steps_in_one() -> None:
    array = np.random.default_rng(0).normal(size=(16, 16)).astype(np.float32)
    larger = of_torch(array, (64, 64), mode="bilinear", align_corners=False)[:41, :62]
    wanted = of_torch(np.ascontiguousarray(larger), (30, 97), mode="bilinear", align_corners=False)
    own = resample(array, linear_twice(16, 4, 41, 30), linear_twice(16, 4, 62, 97))
    np.testing.assert_allclose(own, wanted, atol=3e-6)
