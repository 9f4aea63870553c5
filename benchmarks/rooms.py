"""Measure groundings of the things in the demo's room photos, and which photos pass for packshots.

The truth is the boxes drawn by eye in ``data/demo/annotations.csv``; the prompt is the item's own.
Two things of one type in one photo count as told apart where their boxes overlap by less than 0.5.
With a folder that is not part of the project, the share of photos with a plain ground is printed
for its packshots, shop photos and rooms.

    python -m benchmarks.rooms [--data DATA_DIR] [--photos 2000] [--only-packshots]
"""

from __future__ import annotations

import argparse
import csv
import io
import os
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from core.base.background import plain_foreground
from core.domain import Box, Grounding
from core.embedding.loaders import build_compact
from core.ports.grounder import SALIENT
from core.settings import SHIPPED, load_settings
from core.vision.grounders import build_compact_grounder, build_mobile_segmenter
from core.weights import WeightStore

DEMO = SHIPPED / "demo"
#: Packshots first, then photos of shelves, rooms, streets and everyday things.
SETS = (
    "ikea_items", "luma_items", "grocery_products", "myntra_60x80", "clothing_cc0",
    "grocery_photos_dev", "ikea_rooms", "ccp_masks_dev", "coco_dev",
)  # fmt: skip


@dataclass(frozen=True)
class Thing:
    """An item that stands in a room photo, with the box drawn by eye."""

    item_id: str
    prompt: str
    image: str
    box: Box


def things() -> list[Thing]:
    """Read the demo's things in rooms."""
    with (DEMO / "annotations.csv").open(encoding="utf-8") as file:
        boxes = {row["item_id"]: row["box"] for row in csv.DictReader(file) if row["box"]}
    with (DEMO / "items.csv").open(encoding="utf-8") as file:
        return [
            Thing(
                row["item_id"],
                row["product_type"],
                row["image"],
                Box(*(int(side) for side in boxes[row["item_id"]].split())),
            )
            for row in csv.DictReader(file)
            if row["item_id"] in boxes
        ]


def measure_rooms() -> None:
    """Ground every thing, and print how well the boxes fit."""
    settings = load_settings()
    weights = WeightStore.from_settings(settings)
    grounder = build_compact_grounder(
        settings, build_compact(settings, weights), build_mobile_segmenter(settings, weights)
    )
    rooms: dict[str, list[tuple[Thing, Grounding]]] = defaultdict(list)
    for thing in things():
        photo = Image.open(DEMO / thing.image).convert("RGB")
        rooms[thing.image].append((thing, grounder.ground(photo, thing.prompt)))
    pairs = [pair for room in rooms.values() for pair in room]
    fits = np.array([_top(grounding).iou(thing.box) for thing, grounding in pairs])
    kept = np.array([grounding.box.iou(thing.box) for thing, grounding in pairs])
    regions = np.array([grounding.best is not None for _, grounding in pairs])
    as_packshot = [
        thing.item_id
        for thing, grounding in pairs
        if grounding.detections and grounding.detections[0].phrase == SALIENT
    ]
    print(f"{len(pairs)} things in {len(rooms)} rooms, load {os.getloadavg()[0]:.1f}")
    print(f"  best region IoU >= 0.5 {(fits >= 0.5).mean():.3f}, mean {fits.mean():.3f}")
    print(f"  a region above tau {regions.mean():.3f}")
    print(f"  what is embedded (box, else whole photo): mean IoU {kept.mean():.3f}")
    print(f"  taken for a packshot: {len(as_packshot)} {as_packshot}")
    alike = [
        (first, second)
        for room in rooms.values()
        for first, second in combinations(room, 2)
        if first[0].prompt == second[0].prompt
    ]
    apart = sum(_top(first[1]).iou(_top(second[1])) < 0.5 for first, second in alike)
    print(f"  two of one type in one room: {len(alike)} pairs, told apart {apart}")


def _top(grounding: Grounding) -> Box:
    if not grounding.detections:
        return Box.whole(grounding.width, grounding.height)
    return grounding.detections[0].box


def measure_packshots(data: Path, most: int) -> None:
    """Print per set how many of its photos, evenly spread, have a plain ground."""
    for name in SETS:
        photos = pd.read_parquet(data / f"{name}.parquet", columns=["image"]).image
        places = np.linspace(0, len(photos) - 1, min(most, len(photos))).astype(int)
        opened = (Image.open(io.BytesIO(photo)) for photo in photos.iloc[places])
        plain = sum(plain_foreground(photo) is not None for photo in opened)
        print(f"  {name:20s} {plain:5d} of {len(places):5d} photos taken for packshots")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--photos", type=int, default=2000, help="Photos per set, evenly spread.")
    parser.add_argument("--only-packshots", action="store_true")
    given = parser.parse_args()
    if given.data:
        measure_packshots(given.data, given.photos)
    if not given.only_packshots:
        measure_rooms()


if __name__ == "__main__":
    main()
