"""Grounding and masks against boxes and masks drawn by people.

Reads ``coco_dev.parquet`` + ``coco_boxes_dev.csv`` and ``ccp_masks_dev.parquet`` +
``ccp_boxes_dev.csv`` + ``ccp_labels.json`` from a folder that is not part of the project. The
prompt is the label. A COCO label counts where its largest box covers more than 5 % of the photo;
any box of the label is right.

    python -m benchmarks.grounding DATA_DIR [--photos 20] [--ways shipped whole centre …]
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from core.domain import Box, Grounding
from core.embedding.compact import CompactEncoder
from core.settings import load_settings
from core.vision.build import build_compact_grounder, build_mobile_segmenter
from core.vision.compact_grounder import CompactGrounder, Rules
from core.vision.regions import mask_iou
from core.vision.segmenter import SamSegmenter
from core.weights import WeightStore

SMALLEST_SHARE = 0.05
NOT_GARMENTS = {"hair", "skin", "null"}

#: Every variant of the method that was tried, by name; the first is what ships.
WAYS = {
    "shipped": Rules(),
    "peaks only": Rules(blob_levels=()),
    "one peak": Rules(peaks=1, blob_levels=()),
    "blob boxes only": Rules(peaks=0),
    "blobs as trusted as peaks": Rules(blob_trust=1.0),
    "value-value": Rules(similarity="value"),
    "query-query": Rules(similarity="query"),
    "CLIP's own sharpness": Rules(sharpness=100.0),
}


@dataclass(frozen=True)
class Pair:
    photo: Image.Image
    label: str
    boxes: tuple[Box, ...]
    mask: np.ndarray | None


@dataclass
class Score:
    ious: list[float] = field(default_factory=list)
    points: list[bool] = field(default_factory=list)
    found: list[bool] = field(default_factory=list)
    masks: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def line(self, name: str) -> str:
        half = np.mean(np.array(self.ious) >= 0.5)
        parts = [f"{name:28s} mean IoU {np.mean(self.ious):.3f}  IoU>=0.5 {half:.3f}"]
        for title, values in (
            ("pointing", self.points),
            ("not found", [not one for one in self.found]),
            ("mask IoU", self.masks),
        ):
            if values:
                parts.append(f"{title} {np.mean(values):.3f}")
        if self.seconds:
            parts.append(f"{np.median(self.seconds):.2f} s")
        return "  ".join(parts)


def coco(data: Path, photos: int) -> Iterator[list[Pair]]:
    rows = pd.read_parquet(data / "coco_dev.parquet")
    boxes = pd.read_csv(data / "coco_boxes_dev.csv")
    for row in _spread(rows, photos).itertuples():
        image = _open(row.image)
        given = defaultdict(list)
        for box in boxes[boxes.item_id.astype(str) == str(row.item_id)].itertuples():
            clipped = Box.clipped(box.x, box.y, box.x + box.w, box.y + box.h, *image.size)
            if clipped:
                given[box.label].append(clipped)
        least = SMALLEST_SHARE * image.width * image.height
        yield [
            Pair(image, label, tuple(found), None)
            for label, found in given.items()
            if max(box.area for box in found) > least
        ]


def ccp(data: Path, photos: int) -> Iterator[list[Pair]]:
    rows = pd.read_parquet(data / "ccp_masks_dev.parquet")
    boxes = pd.read_csv(data / "ccp_boxes_dev.csv")
    numbers = {name: i for i, name in enumerate(json.loads((data / "ccp_labels.json").read_text()))}
    for row in _spread(rows, photos).itertuples():
        image = _open(row.image)
        labels = np.asarray(Image.open(io.BytesIO(row.mask_png)))
        yield [
            Pair(
                image,
                box.label,
                (Box(box.x0, box.y0, box.x1, box.y1),),
                labels == numbers[box.label],
            )
            for box in boxes[boxes.item_id == int(row.item_id)].itertuples()
            if box.label not in NOT_GARMENTS
        ]


def _spread(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    return rows.iloc[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)]


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def best_iou(box: Box, pair: Pair) -> float:
    return max(box.iou(truth) for truth in pair.boxes)


def points_at(grounder: CompactGrounder, pair: Pair) -> bool:
    heat = grounder.heatmap(pair.photo, pair.label)
    assert heat is not None
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    x = (column + 0.5) / heat.shape[1] * pair.photo.width
    y = (row + 0.5) / heat.shape[0] * pair.photo.height
    return any(b.left <= x < b.right and b.top <= y < b.bottom for b in pair.boxes)


def measure(grounder: CompactGrounder, pair: Pair, score: Score, point: bool) -> None:
    start = time.perf_counter()
    found = grounder.find(pair.photo, pair.label)
    score.seconds.append(time.perf_counter() - start)
    score.found.append(found.best is not None)
    top = found.detections[0] if found.detections else None
    whole = Box.whole(*pair.photo.size)
    score.ious.append(best_iou(top.box if top else whole, pair))
    if point:
        score.points.append(points_at(grounder, pair))
    if pair.mask is not None and top is not None and top.mask is not None:
        score.masks.append(mask_iou(top.mask.decode(), pair.mask))


def baseline(name: str, pair: Pair) -> Box:
    width, height = pair.photo.size
    if name == "whole":
        return Box.whole(width, height)
    return Box(width // 4, height // 4, max(3 * width // 4, 1), max(3 * height // 4, 1))


def true_box_mask(segmenter: SamSegmenter, pair: Pair) -> float:
    assert pair.mask is not None
    (segment,) = segmenter.from_boxes(pair.photo, pair.boxes[:1])
    return mask_iou(segment.pixels(*pair.photo.size), pair.mask)


def run(
    name: str,
    photos: Iterator[list[Pair]],
    ways: dict[str, CompactGrounder],
    segmenter: SamSegmenter,
) -> None:
    scores: dict[str, Score] = defaultdict(Score)
    from_truth: list[float] = []
    encode: list[float] = []
    dense: list[float] = []
    pairs = 0
    for group in photos:
        for pair in group:
            if pair is group[0]:
                start = time.perf_counter()
                segmenter.from_boxes(pair.photo, pair.boxes[:1])
                encode.append(time.perf_counter() - start)
                start = time.perf_counter()
                next(iter(ways.values())).heatmap(pair.photo, pair.label)
                dense.append(time.perf_counter() - start)
            pairs += 1
            for base in ("whole", "centre"):
                scores[base].ious.append(best_iou(baseline(base, pair), pair))
            for way, grounder in ways.items():
                measure(grounder, pair, scores[way], point=True)
            shipped: Grounding = next(iter(ways.values())).find(pair.photo, pair.label)
            scores["shipped, whole below τ"].ious.append(best_iou(shipped.box, pair))
            if pair.mask is not None and pair.mask.mean() > 0.005:
                from_truth.append(true_box_mask(segmenter, pair))
    print(f"\n{name}: {pairs} (photo, label) pairs of {len(encode)} photos")
    for way, score in scores.items():
        print("  " + score.line(way))
    if from_truth:
        print(f"  mask IoU from true boxes (over 0.5 % of the photo): {np.mean(from_truth):.3f}")
    print(
        f"  per photo: SAM's encoder and one box {np.median(encode):.2f} s, "
        f"patch features and heat {np.median(dense):.2f} s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--photos", type=int, default=20, help="Photos per set, evenly spread.")
    parser.add_argument("--ways", nargs="*", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--sets", nargs="*", choices=["coco", "ccp"], default=["coco", "ccp"])
    given = parser.parse_args()

    settings = load_settings()
    weights = WeightStore.from_settings(settings)
    encoder = CompactEncoder(weights, settings.device, settings.precision)
    segmenter = build_mobile_segmenter(settings, weights)
    ways = {
        name: build_compact_grounder(settings, encoder, segmenter, WAYS[name])
        for name in given.ways
    }
    for name, read in (("coco", coco), ("ccp", ccp)):
        if name in given.sets:
            run(name, read(given.data, given.photos), ways, segmenter)


if __name__ == "__main__":
    main()
