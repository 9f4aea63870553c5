from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from core.base.image_views import image_view
from core.domain import Box, Detection, Grounding, ImageView, Mask

PHOTO = Image.fromarray(np.full((50, 80, 3), 100, np.uint8))
BOX = Box(20, 10, 40, 30)


def grounding(score: float, mask: np.ndarray | None) -> Grounding:
    detection = Detection("x", score, BOX, Mask.encode(mask) if mask is not None else None)
    return Grounding("x", 80, 50, (detection,), 0.35, "m", "f")


def half_mask() -> np.ndarray:
    mask = np.zeros((50, 80), bool)
    mask[10:30, 20:30] = True
    return mask


def test_a_crop_is_the_padded_box() -> None:
    crop = image_view(PHOTO, grounding(0.9, half_mask()), ImageView.CROP, 0.1)
    assert crop.size == (24, 24)
    assert np.all(np.asarray(crop) == 100)


def test_a_cutout_is_white_outside_the_mask() -> None:
    pixels = np.asarray(image_view(PHOTO, grounding(0.9, half_mask()), ImageView.CUTOUT, 0))
    assert pixels.shape == (20, 20, 3)
    assert np.all(pixels[:, :10] == 100)
    assert np.all(pixels[:, 10:] == 255)


@pytest.mark.parametrize("mask", [np.zeros((50, 80), bool), None])
def test_a_cutout_without_a_mask_is_the_crop(mask: np.ndarray | None) -> None:
    cutout = image_view(PHOTO, grounding(0.9, mask), ImageView.CUTOUT, 0)
    assert np.all(np.asarray(cutout) == 100)
    assert cutout.size == (20, 20)


@pytest.mark.parametrize("view", list(ImageView))
def test_without_confidence_every_view_is_the_whole_photo(view: ImageView) -> None:
    empty = Grounding("x", 80, 50, (), 0.35, "m", "f")
    for unsure in (None, empty, grounding(0.2, half_mask())):
        assert image_view(PHOTO, unsure, view, 0.05).size == PHOTO.size


def test_a_whole_image_mask_is_the_whole_photo() -> None:
    whole = Detection("x", 1.0, Box.whole(80, 50), Mask.encode(np.ones((50, 80), bool)))
    grounding = Grounding("x", 80, 50, (whole,), 0.35, "m", "f")
    assert np.array_equal(image_view(PHOTO, grounding, ImageView.CUTOUT, 0.5), PHOTO)
