from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from core.weights import WeightStore
from core.weights.mobile_sam import build_mobile_sam, timm_state


def test_official_checkpoint_loads_without_a_missing_or_unexpected_key(
    weights: WeightStore,
) -> None:
    path = weights.path("sam")
    sam = build_mobile_sam(path)
    renamed = timm_state(torch.load(path, map_location="cpu", weights_only=True))
    assert set(sam.state_dict()) == set(renamed)
    assert all(torch.equal(sam.state_dict()[name], tensor) for name, tensor in renamed.items())
    assert sam.image_encoder.img_size == 1024


@pytest.mark.slow
def test_predictor_masks_the_disc_under_the_point(weights: WeightStore) -> None:
    from segment_anything import SamPredictor

    picture = Image.new("RGB", (320, 240), "white")
    ImageDraw.Draw(picture).ellipse((80, 50, 220, 190), fill=(200, 40, 40))
    predictor = SamPredictor(build_mobile_sam(weights.path("sam")))
    predictor.set_image(np.asarray(picture))
    assert predictor.features.shape == (1, 256, 64, 64)
    masks, scores, _ = predictor.predict(np.array([[150, 120]]), np.array([1]))
    mask = masks[scores.argmax()]
    disc = np.asarray(picture)[:, :, 1] < 128
    overlap = (mask & disc).sum() / (mask | disc).sum()
    assert overlap > 0.95


def test_other_checkpoint_is_refused(tmp_path: Path) -> None:
    torch.save({"image_encoder.head.weight": torch.zeros(2)}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match=r"other\.pt is not a MobileSAM checkpoint"):
        build_mobile_sam(tmp_path / "other.pt")
