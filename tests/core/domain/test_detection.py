from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.domain import WHOLE_PHOTO, Box, Detection, Grounding, Mask


def test_mask_round_trip_and_area() -> None:
    pixels = np.zeros((7, 11), dtype=bool)
    pixels[2:5, 3:9] = True
    mask = Mask.encode(pixels)
    assert (mask.width, mask.height, mask.area) == (11, 7, 18)
    assert np.array_equal(mask.decode(), pixels)


def _grounding(*scores: float) -> Grounding:
    detections = tuple(Detection("chair", score, Box(1, 1, 5, 5)) for score in scores)
    return Grounding("chair", 20, 10, detections, 0.35, "test", "f")


def test_below_the_threshold_the_whole_photo_is_kept() -> None:
    assert _grounding(0.34).box == Box(0, 0, 20, 10)
    assert _grounding().box == Box(0, 0, 20, 10)
    assert _grounding(0.35, 0.2).box == Box(1, 1, 5, 5)


def test_a_persons_choice_beats_the_threshold() -> None:
    unsure = Detection("lamp", 0.1, Box(0, 0, 5, 5))
    sure = Detection("lamp", 0.9, Box(0, 0, 9, 9))
    chosen = Grounding("lamp", 10, 10, (sure, unsure), 0.35, "m", "f", choice=1)
    assert chosen.best is unsure
    assert replace(chosen, choice=WHOLE_PHOTO).box == Box.whole(10, 10)
    with pytest.raises(ValueError, match="no detection"):
        replace(chosen, choice=2)
