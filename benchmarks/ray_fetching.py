"""Measure fetching on Ray where photos must be waited for: ``python -m benchmarks.ray_fetching``.

Each photo takes half a second to arrive and next to no processor time. Rounds are interleaved:
this process (8 photos at once), one worker (8 at once), two workers (16 at once).
"""

from __future__ import annotations

import copy
import io
import os
import statistics
import tempfile
import time
from pathlib import Path

from PIL import Image

from core.base.ray_cluster import RAY, RayCluster
from core.catalog.ingest import ingest
from core.catalog.photo_taking import LocalPhotos, PhotoTaker
from core.catalog.remote_photos import RemotePhotos
from core.settings import Settings, load_settings
from core.store.image_store import ImageStore

WAIT = 0.5
PHOTOS = 96
ROUNDS = 5


def fetch(url: str, *, max_bytes: int, timeout: float) -> bytes:
    """Return a small picture of its own after a wait."""
    time.sleep(WAIT)
    number = int(url.rsplit("/", 1)[1].split(".")[0])
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), (number, 255 - number, 90)).save(buffer, "PNG")
    return buffer.getvalue()


def feed(folder: Path, count: int) -> Path:
    path = folder / "items.csv"
    rows = (f"i{n},item {n},mug,https://photos.example/{n}.png" for n in range(count))
    path.write_text("\n".join(["item_id,title,product_type,image", *rows]) + "\n")
    return path


def seconds(source: Path, store: ImageStore, photos: PhotoTaker, settings: Settings) -> float:
    """Read the feed with its photos; return the time that it took."""
    begun = time.monotonic()
    rows = list(ingest(source, store=store, settings=settings, photos=photos))
    took = time.monotonic() - begun
    assert len(rows) == len(source.read_text().splitlines()) - 1
    assert all(hasattr(row, "item") and row.item.has_photo for row in rows)
    return took


def main() -> None:
    settings = load_settings(threads=2)
    with RayCluster(RAY, workers=2) as double, tempfile.TemporaryDirectory() as folder:
        single = copy.copy(double)  # the same Ray, with processes of its own
        single.count = 1
        root = Path(folder)
        source = feed(root, PHOTOS)
        times: dict[str, list[float]] = {"here": [], "1 worker": [], "2 workers": []}
        for turn in range(ROUNDS + 1):  # the first starts the processes and is not counted
            for name in times:
                store = ImageStore(root / f"{name}-{turn}")
                takers: dict[str, PhotoTaker] = {
                    "here": LocalPhotos(store, settings, fetch),
                    "1 worker": RemotePhotos(store, single, fetch),
                    "2 workers": RemotePhotos(store, double, fetch),
                }
                took = seconds(source, store, takers[name], settings)
                if turn:
                    times[name].append(took)
        print(f"{PHOTOS} photos, {WAIT} s each; load {os.getloadavg()[0]:.1f}")
        for name, took_each in times.items():
            print(name, " ".join(f"{took:.2f}" for took in took_each), "s")
        gains = [a / b for a, b in zip(times["1 worker"], times["2 workers"], strict=True)]
        costs = [a / b for a, b in zip(times["1 worker"], times["here"], strict=True)]
        print(f"2 workers ÷ 1, median of rounds: {statistics.median(gains):.2f}")
        print(f"Ray ÷ this process, median of rounds: {statistics.median(costs):.3f}")


if __name__ == "__main__":
    main()
