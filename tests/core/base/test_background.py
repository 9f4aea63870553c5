from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.base.background import plain_foreground
from core.vision.regions import box_of
from tests.core.drawn_pictures import DISC, packshot, scene


def test_the_product_on_a_plain_ground_is_found_to_the_pixel() -> None:
    foreground = plain_foreground(packshot())
    assert foreground is not None
    assert box_of(foreground) == DISC


def test_jpeg_noise_does_not_hide_the_ground_and_is_no_product() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(-4, 5, (packshot().height, packshot().width, 3))
    noisy = np.clip(np.asarray(packshot()).astype(int) + noise, 0, 255).astype(np.uint8)
    foreground = plain_foreground(Image.fromarray(noisy))
    assert foreground is not None
    assert box_of(foreground) == DISC


def test_all_parts_of_a_pair_are_in_it() -> None:
    image = Image.new("RGB", (200, 100), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((10, 30, 49, 69), fill="black")
    draw.rectangle((150, 20, 189, 79), fill="black")
    foreground = plain_foreground(image)
    assert foreground is not None
    box = box_of(foreground)
    assert box is not None
    assert box.as_xyxy() == (10, 20, 190, 80)


def test_a_large_photo_is_searched_small_and_answered_large() -> None:
    image = Image.new("RGB", (2000, 1500), "white")
    ImageDraw.Draw(image).rectangle((400, 300, 1199, 899), fill="navy")
    foreground = plain_foreground(image)
    assert foreground is not None
    assert foreground.shape == (1500, 2000)
    box = box_of(foreground)
    assert box is not None
    assert np.abs(np.subtract(box.as_xyxy(), (400, 300, 1200, 900))).max() <= 8


@pytest.mark.parametrize("size", [(1, 1), (5000, 1), (7, 300)])
def test_tiny_and_thin_photos_have_no_plain_ground(size: tuple[int, int]) -> None:
    assert plain_foreground(Image.new("RGB", size)) is None


def test_an_empty_photo_and_a_scene_have_no_foreground() -> None:
    assert plain_foreground(Image.new("RGB", (100, 100), "white")) is None
    assert plain_foreground(scene()) is None
