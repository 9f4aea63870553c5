"""Measure seconds per photo of each stage of the compact grounder and of the bare models.

Photos are those of ``coco_dev.parquet``. The bare models are ``SamPredictor`` and the image tower
themselves on the same pixels, loaded once, one photo at a time.

    python -m benchmarks.grounding_speed DATA_DIR [--photos 12]
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from segment_anything import SamPredictor

from benchmarks.grounding import coco
from core.embedding.compact import PATCH
from core.embedding.dense import patch_features
from core.embedding.loaders import build_compact
from core.embedding.preprocess import normalise, prepare_grid
from core.settings import load_settings
from core.vision.grounders import build_compact_grounder, build_mobile_segmenter
from core.weights import WeightStore
from core.weights.mobile_sam import build_mobile_sam


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--photos", type=int, default=12)
    given = parser.parse_args()
    settings = load_settings()
    weights = WeightStore.from_settings(settings)
    encoder = build_compact(settings, weights)
    segmenter = build_mobile_segmenter(settings, weights)
    grounder = build_compact_grounder(settings, encoder, segmenter)
    predictor = SamPredictor(build_mobile_sam(weights.path("sam")).eval())
    device = torch.device("cpu")
    times: dict[str, list[float]] = defaultdict(list)

    def timed(name: str, call: Callable[[], object]) -> None:
        started = time.perf_counter()
        call()
        times[name].append(time.perf_counter() - started)

    groups = [group for group in coco(given.data, given.photos + 1) if group]
    for group in groups:
        photo, label, box = group[0].photo, group[0].label, group[0].boxes[0]
        pixels, corners = np.asarray(photo), np.array(box.as_xyxy())
        shown = normalise(prepare_grid(photo, 448, PATCH), device)
        with torch.inference_mode():
            timed("bare SamPredictor: set_image", lambda: predictor.set_image(pixels))  # noqa: B023
            timed("bare SamPredictor: one box", lambda: predictor.predict(box=corners))  # noqa: B023
            timed("bare image tower, 448 px", lambda: patch_features(encoder.visual, shown, "key"))  # noqa: B023
        timed("segmenter: photo and box", lambda: segmenter.from_boxes(photo, [box]))  # noqa: B023
        timed("segmenter: same photo again", lambda: segmenter.from_boxes(photo, [box]))  # noqa: B023
        timed("heat map", lambda: grounder.heatmap(photo, label))  # noqa: B023
        timed("heat map: same photo again", lambda: grounder.heatmap(photo, label))  # noqa: B023
        timed("find, photo encoded already", lambda: grounder.find(photo, label))  # noqa: B023
    for name, seconds in times.items():
        print(f"{name:32s} median {np.median(seconds[1:]):.3f} s")  # the first loads the models
    print(f"SAM's encoder ran {segmenter.encoded} times for {len(groups)} photos")


if __name__ == "__main__":
    main()
