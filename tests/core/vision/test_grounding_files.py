from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools.coco import COCO

from core.domain import Box, Detection, Grounding, Mask
from core.vision.grounding_files import GroundedPhoto, cutout_png, mask_png, write_coco

MASK = np.zeros((50, 80), bool)
MASK[10:30, 20:30] = True
SURE = Detection("lamp", 0.8, Box(20, 10, 30, 30), Mask.encode(MASK), 0.9)
UNSURE = Detection("lamp", 0.1, Box(0, 0, 5, 5))


def grounding(*detections: Detection) -> Grounding:
    return Grounding("lamp", 80, 50, detections, 0.35, "m", "f")


def test_coco_json_loads_in_pycocotools(tmp_path: Path) -> None:
    target = tmp_path / "coco.json"
    photos = [
        GroundedPhoto("a", "a.jpg", grounding(SURE, UNSURE)),
        GroundedPhoto("b", "b.jpg", grounding()),
    ]
    assert write_coco(photos, target) == 2
    coco = COCO(str(target))
    assert sorted(coco.getImgIds()) == [1, 2]
    first, second = coco.loadAnns(coco.getAnnIds(imgIds=[1]))
    assert first["bbox"] == [20, 10, 10, 20]
    assert np.array_equal(coco.annToMask(first).astype(bool), MASK)
    assert (first["selected"], second["selected"]) == (True, False)
    assert coco.loadCats([1])[0]["name"] == "lamp"
    assert not coco.getAnnIds(imgIds=[2])
    assert list(tmp_path.iterdir()) == [target]


def test_an_export_of_nothing_is_a_valid_document(tmp_path: Path) -> None:
    assert write_coco([], tmp_path / "empty.json") == 0
    assert json.loads((tmp_path / "empty.json").read_text())["annotations"] == []


def test_the_mask_png_has_the_photos_size() -> None:
    mask = np.asarray(Image.open(io.BytesIO(mask_png(grounding(SURE)))))
    assert np.array_equal(mask == 255, MASK)
    assert np.array_equal(np.unique(mask), [0, 255])


def test_the_cutout_png_is_transparent_around_the_product() -> None:
    photo = Image.new("RGB", (80, 50), (10, 20, 30))
    cutout = Image.open(io.BytesIO(cutout_png(photo, grounding(SURE))))
    assert (cutout.mode, cutout.size) == ("RGBA", (10, 20))
    assert np.all(np.asarray(cutout) == (10, 20, 30, 255))


def test_where_nothing_was_found_the_product_is_the_whole_photo() -> None:
    photo = Image.new("RGB", (80, 50))
    for nothing in (grounding(), grounding(UNSURE)):
        assert np.all(np.asarray(Image.open(io.BytesIO(mask_png(nothing)))) == 255)
        assert Image.open(io.BytesIO(cutout_png(photo, nothing))).size == (80, 50)
