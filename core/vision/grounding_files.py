"""Export groundings for other tools: COCO JSON, mask PNG, cut-out PNG."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core.base.atomic import atomic_write
from core.domain import Detection, Grounding


@dataclass(frozen=True, slots=True)
class GroundedPhoto:
    """One photo of an export.

    Attributes:
        item_id: Id of the item in the photo.
        file_name: Name of the picture file, as COCO's ``file_name``.
        grounding: Detections of the photo.
    """

    item_id: str
    file_name: str
    grounding: Grounding


def write_coco(photos: Iterable[GroundedPhoto], target: Path) -> int:
    """Write all detections as COCO JSON (boxes, RLE masks) and return their number.

    Categories are the detections' phrases. Every annotation has its ``score`` and ``selected``,
    which is true for the detection used for cropping. ``pycocotools.coco.COCO(target)`` reads the
    file. The file is replaced in one rename, so a reader never sees a part of it.
    """
    document = coco_document(list(photos))
    atomic_write(target, _json(document))
    return len(document["annotations"])


def coco_json(photos: Sequence[GroundedPhoto]) -> bytes:
    """Return the COCO document of the photos as JSON in UTF-8."""
    return _json(coco_document(photos)).encode("utf-8")


def coco_document(photos: Sequence[GroundedPhoto]) -> dict[str, list[dict[str, object]]]:
    """Build the COCO document of the photos (https://cocodataset.org/#format-data)."""
    phrases = sorted({d.phrase for photo in photos for d in photo.grounding.detections})
    categories = {phrase: number for number, phrase in enumerate(phrases, start=1)}
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for number, photo in enumerate(photos, start=1):
        grounding = photo.grounding
        images.append(
            {
                "id": number,
                "file_name": photo.file_name,
                "width": grounding.width,
                "height": grounding.height,
                "item_id": photo.item_id,
                "prompt": grounding.prompt,
            }
        )
        for detection in grounding.detections:
            annotation = _annotation(detection, number, categories[detection.phrase])
            annotation["id"] = len(annotations) + 1
            annotation["selected"] = detection is grounding.best
            annotations.append(annotation)
    return {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": number, "name": name} for name, number in categories.items()],
    }


def _json(document: dict[str, list[dict[str, object]]]) -> str:
    return json.dumps(document, ensure_ascii=False)


def _annotation(detection: Detection, image_id: int, category_id: int) -> dict[str, object]:
    annotation: dict[str, object] = {
        "image_id": image_id,
        "category_id": category_id,
        "bbox": list(detection.box.as_xywh()),
        "area": detection.mask.area if detection.mask else detection.box.area,
        "iscrowd": 0,
        "score": detection.score,
    }
    if detection.mask:
        annotation["segmentation"] = detection.mask.rle()
    if detection.mask_score is not None:
        annotation["predicted_iou"] = detection.mask_score
    return annotation


def mask_png(grounding: Grounding) -> bytes:
    """Return the product's mask as an 8-bit PNG of the photo's size: 255 inside, 0 outside.

    All pixels are 255 if no detection reaches the threshold: the whole photo is then the product.
    """
    return _png(_alpha(grounding))


def cutout_png(photo: Image.Image, grounding: Grounding) -> bytes:
    """Return the product with a transparent background, cropped to its box, as PNG with alpha."""
    cutout = photo.convert("RGB")
    cutout.putalpha(_alpha(grounding))
    return _png(cutout.crop(grounding.box.as_xyxy()))


def _alpha(grounding: Grounding) -> Image.Image:
    best = grounding.best
    if best and best.mask and best.mask.area:
        return Image.fromarray(best.mask.decode().astype(np.uint8) * 255)
    alpha = Image.new("L", (grounding.width, grounding.height), 0)
    alpha.paste(255, grounding.box.as_xyxy())
    return alpha


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
