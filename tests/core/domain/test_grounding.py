from __future__ import annotations

import numpy as np

from core.domain import Box, Detection, Grounding, Mask


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
