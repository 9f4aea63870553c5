from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from segment_anything import SamPredictor

from core.domain import Box
from core.ports.segmenter import Segmenter
from core.vision.regions import box_of
from core.vision.sam_segmenter import SamSegmenter
from core.vision.torch_sam import TorchSam
from core.weights import WeightStore
from core.weights.mobile_sam import build_mobile_sam

from .checkpoints import tiny_sam
from .conftest import DISC


@pytest.fixture(scope="module")
def mobile(weights: WeightStore) -> SamSegmenter:
    return SamSegmenter(
        lambda: TorchSam(build_mobile_sam(weights.path("sam"))), "MobileSAM", lambda: "w"
    )


def tiny(keep: int = 4) -> SamSegmenter:
    return SamSegmenter(lambda: TorchSam(tiny_sam()), "tiny", lambda: "w", keep=keep)


def picture(seed: int, size: tuple[int, int] = (100, 60)) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
    return Image.fromarray(pixels)


def test_points_and_boxes_give_the_object(mobile: SamSegmenter, scene: Image.Image) -> None:
    (segment,) = mobile.from_boxes(scene, [DISC])
    box = box_of(segment.pixels(*scene.size))
    assert box is not None
    assert box.iou(DISC) > 0.9
    (candidates,) = mobile.from_points(scene, np.array([[110, 90]], np.float32))
    assert len(candidates) == 3
    boxes = [box_of(candidate.pixels(*scene.size)) for candidate in candidates]
    assert max(box.iou(DISC) for box in boxes if box) > 0.9


def test_a_photo_is_encoded_once(mobile: SamSegmenter, scene: Image.Image) -> None:
    mobile.from_boxes(scene, [DISC])
    before = mobile.encoded
    mobile.from_boxes(scene.copy(), [DISC, Box.whole(*scene.size)])
    mobile.from_points(scene, np.array([[110, 90]], np.float32))
    assert mobile.encoded == before


def test_masks_equal_those_of_the_predictor() -> None:
    image, box = picture(1), Box(10, 5, 70, 50)
    predictor = SamPredictor(tiny_sam())
    predictor.set_image(np.asarray(image))
    masks, scores, _ = predictor.predict(box=np.array(box.as_xyxy()), multimask_output=False)
    (segment,) = tiny().from_boxes(image, [box])
    assert np.array_equal(segment.pixels(*image.size), masks[0])
    assert segment.score == pytest.approx(float(np.clip(scores[0], 0, 1)), abs=1e-5)


def test_the_oldest_encoding_is_dropped() -> None:
    segmenter = tiny(keep=1)
    for seed in (1, 2, 1):
        segmenter.from_boxes(picture(seed), [Box(0, 0, 9, 9)])
    assert segmenter.encoded == 3


@pytest.mark.parametrize("size", [(1, 1), (3000, 1), (1, 3000), (33, 1000)])
def test_any_shape_of_photo_has_masks_of_its_size(size: tuple[int, int]) -> None:
    image = Image.new("RGB", size)
    (segment,) = tiny().from_boxes(image, [Box.whole(*size)])
    assert segment.pixels(*size).shape == (size[1], size[0])
    assert len(tiny().from_points(image, np.zeros((2, 2), np.float32))) == 2


def test_many_prompts_and_none() -> None:
    segmenter, image = tiny(), picture(3)
    assert len(segmenter.from_boxes(image, [Box(0, 0, 9, 9)] * 70)) == 70
    assert segmenter.from_boxes(image, []) == ()
    assert segmenter.from_points(image, np.zeros((0, 2), np.float32)) == ()


def test_the_fingerprint_follows_the_weights() -> None:
    other = SamSegmenter(lambda: TorchSam(tiny_sam()), "tiny", lambda: "others")
    assert isinstance(other, Segmenter)
    assert other.fingerprint != tiny().fingerprint == tiny().fingerprint
