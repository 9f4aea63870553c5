"""Measure what one photo takes in a pass of each detector: memory, and seconds of the processor.

    python -m benchmarks.detector_memory FOLDER [--roles owlv2,omdet-turbo] [--photos 1]

``FOLDER`` holds checkpoints of full size (``benchmarks.random_checkpoints``). Each detector runs in
a process of its own, in float32 on the CPU, on a photo of 800 × 1,066 pixels; memory is the largest
resident one during the pass, less that of the loaded model. The boxes say nothing where the weights
are random. The figures stand as ``photo_mb`` in ``data/detectors``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import cast

import psutil
import torch
from PIL import Image

from benchmarks.random_checkpoints import place
from core.ports.segmenter import Segmenter
from core.settings import SHIPPED
from core.vision.detector_grounder import DetectorGrounder
from core.weights.registry import DETECTORS

_PHOTO = SHIPPED / "demo" / "images" / "pexels-36236147.jpg"


class _NoMasks:
    name, fingerprint = "no masks", "none"

    def from_boxes(self, image: Image.Image, boxes: object) -> tuple[()]:
        raise StopIteration


def _largest() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def measure(role: str, root: Path, photos: int) -> None:
    """Measure one detector in this process."""
    torch.set_num_threads(1)
    masks = cast("Segmenter", _NoMasks())
    folder = root / place(role)
    grounder = DetectorGrounder(DETECTORS[role], lambda: folder, lambda: "random", masks, 0.3)
    picture = Image.open(_PHOTO).convert("RGB").resize((800, 1066))
    grounder._models()
    Path("/proc/self/clear_refs").write_text("5")  # the largest memory from here on
    own, before, started = psutil.Process(), psutil.Process().memory_info().rss, time.process_time()
    boxes = grounder._detect([picture] * photos, ["armchair"] * photos)
    took = time.process_time() - started
    print(f"{role}: {photos} photo(s): {(_largest() - before) / photos / 1e6:.0f} MB and "
          f"{took / photos:.1f} s of processor a photo; loaded {before / 1e6:.0f} MB, afterwards "
          f"{own.memory_info().rss / 1e6:.0f} MB; {len(boxes[0])} boxes", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--roles", default=",".join(DETECTORS))
    parser.add_argument("--photos", type=int, default=1)
    given = parser.parse_args()
    roles = given.roles.split(",")
    if len(roles) == 1:
        measure(roles[0], given.folder, given.photos)
        return
    for role in roles:
        subprocess.run(
            [sys.executable, "-m", "benchmarks.detector_memory", str(given.folder), "--roles", role,
             "--photos", str(given.photos)],
            check=False,
        )  # fmt: skip


if __name__ == "__main__":
    main()
