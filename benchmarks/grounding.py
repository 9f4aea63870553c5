"""Compare groundings and masks with boxes and masks drawn by people.

Reads ``coco_dev.parquet`` + ``coco_boxes_dev.csv`` and ``ccp_masks_dev.parquet`` +
``ccp_boxes_dev.csv`` + ``ccp_labels.json`` from a folder that is not part of the project. The
prompt is the label. A COCO label counts where its largest box covers more than 5 % of the photo;
any box of the label is right.

    python -m benchmarks.grounding DATA_DIR [--photos 20] [--ways shipped "one peak" …]

``--but 12 20`` leaves out the photos that ``--photos 12`` and ``--photos 20`` take: rules that were
chosen on those are to be confirmed on others.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from core.base.image_views import image_view
from core.base.recent import Recent, pixel_hash
from core.domain import Box, Detection, Grounding, ImageView, Mask
from core.embedding.compact import CompactEncoder
from core.embedding.dense_features import DenseFeatures, Similarity
from core.ports.segmenter import Segmenter
from core.settings import load_settings
from core.vision.compact_grounder import CompactGrounder, Rules
from core.vision.grounders import build_compact_grounder, build_mobile_segmenter
from core.vision.regions import box_of, mask_iou
from core.weights import WeightStore

SMALLEST_SHARE = 0.05
NOT_GARMENTS = {"hair", "skin", "null"}

TEMPLATES = ("{}", "a photo of a {}", "a close-up of a {}")

#: The earlier method: the photo in one size, peaks and blobs of its heat only.
EARLIER = Rules(tiles=0, focus=1.0, whole_focus=1.0)

#: Every variant of the method that was tried, by name; the first is the shipped one.
WAYS = {
    "shipped": Rules(),
    "earlier": EARLIER,
    "without tiles": Rules(tiles=0),
    "tiles in every photo": Rules(sure=1.1),
    "with a grid of points": Rules(grid=6),
    "grid alone": Rules(grid=6, peaks=0, blob_levels=()),
    "focus 1.25 for all": Rules(whole_focus=1.25),
    "focus 0.5 for all": Rules(focus=0.5),
    "wholes 0.75": Rules(whole_focus=0.75),
    "with templates": Rules(templates=TEMPLATES),
    "blobs as trusted as points": Rules(blob_trust=1.0),
    "value-value": Rules(similarity="value"),
    "query-query": Rules(similarity="query"),
    "CLIP's own sharpness": Rules(sharpness=100.0),
    "672 px for tiles": Rules(sides=(448, 672), tiles=0),
    "224 px alone": Rules(sides=(224,), tiles=0),
    "earlier, one peak": replace(EARLIER, peaks=1, blob_levels=()),
    "earlier, blob boxes only": replace(EARLIER, peaks=0),
    "earlier, focus 2": replace(EARLIER, focus=2.0, whole_focus=2.0),
}


PROPOSALS = "proposals by CLIP"


@dataclass(frozen=True)
class Pair:
    photo: Image.Image
    label: str
    boxes: tuple[Box, ...]
    mask: NDArray[np.bool_] | None


@dataclass
class Score:
    ious: list[float] = field(default_factory=list)
    points: list[bool] = field(default_factory=list)
    hits: list[bool] = field(default_factory=list)
    masks: list[float] = field(default_factory=list)

    def add(self, measured: Measured) -> None:
        self.ious.append(measured.iou)
        self.hits.append(measured.is_found)
        if measured.point is not None:
            self.points.append(measured.point)
        if measured.mask is not None:
            self.masks.append(measured.mask)

    def line(self, name: str) -> str:
        half = np.mean(np.array(self.ious) >= 0.5)
        parts = [f"{name:28s} mean IoU {np.mean(self.ious):.3f}  IoU>=0.5 {half:.3f}"]
        for title, values in (
            ("pointing", self.points),
            ("not found", [not hit for hit in self.hits]),
            ("mask IoU", self.masks),
        ):
            if values:
                parts.append(f"{title} {np.mean(values):.3f}")
        return "  ".join(parts)


class Remembering:
    """A segmenter that caches its results for all variants of the method."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter
        self.name, self.fingerprint = segmenter.name, segmenter.fingerprint
        self._answers: dict[object, object] = {}
        self._photo = ""

    def _each(
        self,
        image: Image.Image,
        asked: Sequence[Any],
        keys: Sequence[object],
        ask: Callable[[Image.Image, list[Any]], Sequence[Any]],
    ) -> tuple[Any, ...]:
        photo = pixel_hash(image)
        if photo != self._photo:
            self._answers, self._photo = {}, photo
        new = [i for i, key in enumerate(keys) if key not in self._answers]
        if new:
            answers = ask(image, [asked[i] for i in new])
            self._answers |= {keys[i]: answer for i, answer in zip(new, answers, strict=True)}
        return tuple(self._answers[key] for key in keys)

    def from_points(self, image: Image.Image, points: np.ndarray) -> tuple[Any, ...]:
        keys = [tuple(np.round(point, 2).tolist()) for point in points]
        return self._each(
            image, list(points), keys, lambda i, p: self._segmenter.from_points(i, np.array(p))
        )

    def from_boxes(self, image: Image.Image, boxes: Sequence[Box]) -> tuple[Any, ...]:
        return self._each(image, boxes, list(boxes), self._segmenter.from_boxes)


class RememberingEncoder(CompactEncoder):
    """An encoder that caches its patch features."""

    def __init__(self, weights: WeightStore, device: str, precision: str, runtime: str) -> None:
        super().__init__(weights, device, precision, runtime)
        self._answers: Recent[DenseFeatures] = Recent(64)

    def dense(
        self, image: Image.Image, long_side: int = 448, similarity: Similarity = "value"
    ) -> DenseFeatures:
        key = pixel_hash(image), long_side, similarity
        return self._answers.get(key) or self._answers.put(
            key, super().dense(image, long_side, similarity)
        )


class Proposals:
    """A rejected variant: SAM's masks from a grid of points, each cut-out scored by CLIP."""

    GRID, MOST = 5, 16

    def __init__(
        self, encoder: CompactEncoder, segmenter: Segmenter, shipped: CompactGrounder
    ) -> None:
        self._encoder, self._segmenter, self._shipped = encoder, segmenter, shipped
        self._answers: Recent[tuple[list[Detection], np.ndarray]] = Recent(2)

    def heatmap(self, image: Image.Image, prompt: str) -> None:
        return None

    def find(self, image: Image.Image, phrase: str) -> Grounding:
        key = pixel_hash(image)
        proposals, seen = self._answers.get(key) or self._answers.put(key, self._look(image))
        near = seen @ self._encoder.encode_texts([phrase])[0]
        order = np.argsort(-near)
        ranked = tuple(replace(proposals[i], score=float(near[i])) for i in order)
        return Grounding(phrase, *image.size, ranked, 0.0, "proposals", "")

    def _look(self, image: Image.Image) -> tuple[list[Detection], np.ndarray]:
        middle = (np.arange(self.GRID) + 0.5) / self.GRID
        x, y = np.meshgrid(middle * image.width, middle * image.height)
        points = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
        given = [mask for three in self._segmenter.from_points(image, points) for mask in three]
        kept: list[np.ndarray] = []
        proposals, pictures = [], []
        for mask in sorted(given, key=lambda mask: -mask.score * mask.stability):
            pixels = mask.pixels(*image.size)
            box = box_of(pixels)
            if box is None or any(mask_iou(pixels, other) > 0.7 for other in kept):
                continue
            kept.append(pixels)
            proposals.append(Detection("", 0.0, box, Mask.encode(pixels), mask.score))
            alone = Grounding("", *image.size, (proposals[-1],), -1.0, "", "")
            pictures.append(image_view(image, alone, ImageView.CUTOUT, 0.05))
            if len(kept) == self.MOST:
                break
        return proposals, self._encoder.encode_images(pictures)


def coco(data: Path, photos: int, but: Sequence[int] = ()) -> Iterator[list[Pair]]:
    rows = pd.read_parquet(data / "coco_dev.parquet")
    boxes = pd.read_csv(data / "coco_boxes_dev.csv")
    for row in _spread(rows, photos, but).itertuples():
        image = _open(row.image)
        given = defaultdict(list)
        for box in boxes[boxes.item_id.astype(str) == str(row.item_id)].itertuples():
            clipped = Box.clipped(box.x, box.y, box.x + box.w, box.y + box.h, *image.size)
            if clipped:
                given[box.label].append(clipped)
        least = SMALLEST_SHARE * image.width * image.height
        yield [
            Pair(image, label, tuple(boxes_of_label), None)
            for label, boxes_of_label in given.items()
            if max(box.area for box in boxes_of_label) > least
        ]


def ccp(data: Path, photos: int, but: Sequence[int] = ()) -> Iterator[list[Pair]]:
    rows = pd.read_parquet(data / "ccp_masks_dev.parquet")
    boxes = pd.read_csv(data / "ccp_boxes_dev.csv")
    numbers = {name: i for i, name in enumerate(json.loads((data / "ccp_labels.json").read_text()))}
    for row in _spread(rows, photos, but).itertuples():
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


def _spread(rows: pd.DataFrame, count: int, but: Sequence[int]) -> pd.DataFrame:
    def places(among: int, count: int) -> list[int]:
        return [int(place) for place in np.linspace(0, among - 1, min(count, among))]

    out = {place for other in but for place in places(len(rows), other)}
    rest = rows.iloc[[place for place in range(len(rows)) if place not in out]]
    return rest.iloc[places(len(rest), count)]


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def best_iou(box: Box, pair: Pair) -> float:
    return max(box.iou(truth) for truth in pair.boxes)


def points_at(heat: np.ndarray, pair: Pair) -> bool:
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    x = (column + 0.5) / heat.shape[1] * pair.photo.width
    y = (row + 0.5) / heat.shape[0] * pair.photo.height
    return any(b.left <= x < b.right and b.top <= y < b.bottom for b in pair.boxes)


@dataclass(frozen=True)
class Measured:
    iou: float
    is_found: bool
    point: bool | None
    mask: float | None


def measure(grounder: CompactGrounder | Proposals, pair: Pair) -> Measured:
    grounding = grounder.find(pair.photo, pair.label)
    top = grounding.detections[0] if grounding.detections else None
    heat = grounder.heatmap(pair.photo, pair.label)
    drawn = top.mask.decode() if top and top.mask else None
    return Measured(
        best_iou(top.box if top else Box.whole(*pair.photo.size), pair),
        grounding.best is not None,
        None if heat is None else points_at(heat, pair),
        None if drawn is None or pair.mask is None else mask_iou(drawn, pair.mask),
    )


def baseline(name: str, pair: Pair) -> Box:
    width, height = pair.photo.size
    if name == "whole photo":
        return Box.whole(width, height)
    return Box(width // 4, height // 4, max(3 * width // 4, 1), max(3 * height // 4, 1))


def true_box_mask(segmenter: Segmenter, pair: Pair) -> float:
    assert pair.mask is not None
    (segment,) = segmenter.from_boxes(pair.photo, pair.boxes[:1])
    return mask_iou(segment.pixels(*pair.photo.size), pair.mask)


def run(
    name: str,
    photos: Iterator[list[Pair]],
    ways: dict[str, CompactGrounder | Proposals],
    segmenter: Segmenter,
    until: float,
) -> None:
    scores: dict[str, Score] = defaultdict(Score)
    large: dict[str, Score] = defaultdict(Score)
    from_truth: list[float] = []
    groups = pairs = 0
    for group in photos:
        if time.monotonic() > until:
            break
        groups += 1
        for pair in group:
            pairs += 1
            wide = max(box.area for box in pair.boxes) / (pair.photo.width * pair.photo.height)
            for base in ("whole photo", "centre box"):
                scores[base].ious.append(best_iou(baseline(base, pair), pair))
            for way, grounder in ways.items():
                measured = measure(grounder, pair)
                scores[way].add(measured)
                if wide > SMALLEST_SHARE:
                    large[way].add(measured)
                if way == next(iter(ways)):
                    whole = best_iou(Box.whole(*pair.photo.size), pair)
                    kept = measured.iou if measured.is_found else whole
                    scores["first way, whole below τ"].ious.append(kept)
            if pair.mask is not None and pair.mask.mean() > 0.005:
                from_truth.append(true_box_mask(segmenter, pair))
    print(f"\n{name}: {pairs} (photo, label) pairs of {groups} photos")
    for way, score in scores.items():
        print("  " + score.line(way))
    first_way = next(iter(ways))
    if large and len(large[first_way].ious) < pairs:
        print(f"  of those, {len(large[first_way].ious)} cover over 5 % of the photo:")
        for way, score in large.items():
            print("  " + score.line(way))
    if from_truth:
        half = np.mean(np.array(from_truth) >= 0.5)
        print(
            f"  mask IoU from true boxes (over 0.5 % of the photo): {np.mean(from_truth):.3f}, "
            f"median {np.median(from_truth):.3f}, at least 0.5: {half:.3f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--photos", type=int, default=20, help="Photos per set, evenly spread.")
    parser.add_argument("--but", nargs="*", type=int, default=[], help="Leave these spreads out.")
    parser.add_argument("--minutes", type=float, default=1e6, help="Per set; then what is done.")
    parser.add_argument("--ways", nargs="*", choices=[*WAYS, PROPOSALS], default=[*WAYS, PROPOSALS])
    parser.add_argument("--sets", nargs="*", choices=["coco", "ccp"], default=["coco", "ccp"])
    given = parser.parse_args()

    settings = load_settings()
    weights = WeightStore.from_settings(settings)
    encoder = RememberingEncoder(weights, settings.device, settings.precision, settings.runtime)
    segmenter = build_mobile_segmenter(settings, weights)
    again = Remembering(segmenter)
    ways: dict[str, CompactGrounder | Proposals] = {
        name: build_compact_grounder(settings, encoder, again, WAYS[name])
        for name in given.ways
        if name in WAYS
    }
    if PROPOSALS in given.ways:
        shipped = build_compact_grounder(settings, encoder, again)
        ways[PROPOSALS] = Proposals(encoder, again, shipped)
    for name, read in (("coco", coco), ("ccp", ccp)):
        if name in given.sets:
            photos = read(given.data, given.photos, given.but)
            run(name, photos, ways, again, time.monotonic() + 60 * given.minutes)


if __name__ == "__main__":
    main()
