"""Measure indexing on Ray: ``python -m benchmarks.on_ray``, or a part of it with ``--only``.

``waiting``: photos come from a slow server; two workers, one worker and this process are compared.
``overhead``: the compact models on the same cores, here and on Ray's workers.
``whole``: many items with the small models of the tests over ``ray://``; a worker is killed on the
way, and later the process that drives it, which is run again: the end state is that of one process.
"""

from __future__ import annotations

import argparse
import copy
import csv
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.slow_pictures import feed, slow_pictures
from core.base.ray_cluster import RAY, RayCluster
from core.catalog.demo import demo_images_dir, demo_items_path
from core.catalog.ingest import ingest
from core.catalog.photo_taking import LocalPhotos, PhotoTaker
from core.catalog.remote_photos import RemotePhotos
from core.pipeline.indexer import StagesOf, run_index
from core.pipeline.remote_stages import RemoteStages
from core.pipeline.stage_chunks import StageWorker
from core.ports.engines import IndexingModels
from core.settings import load_settings
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore
from tests.core.base.processes import descendants
from tests.core.base.ray_heads import ray_head
from tests.core.pipeline.killable_indexing import PROJECT, content
from tests.core.pipeline.killable_indexing import index as index_here
from tests.core.pipeline.small import bench, write_catalog
from tests.core.pipeline.test_remote_stages import pictures

#: What a catalogue is indexed with: its photos' taker, its stages.
Way = Callable[[ImageStore], tuple[PhotoTaker, StagesOf | None]]


def small_models() -> IndexingModels:
    return bench().models


def small_worker() -> StageWorker:
    return StageWorker(small_models)


def compact_models() -> IndexingModels:
    """Load the compact models as ``python app.py index`` does."""
    from core.app.models import ModelPool

    return ModelPool(load_settings()).for_indexing(None)


def compact_worker() -> StageWorker:
    """Load the models of a worker, which has one core."""
    from core.app.models import ModelPool

    return StageWorker(lambda: ModelPool(load_settings(threads=1)).for_indexing(None))


def seconds(root: Path, source: Path, models: IndexingModels, way: Way, count: int) -> float:
    """Index a catalogue that is new; return the time that it took."""
    store, photos, settings = CatalogStore(root), ImageStore(root / "images"), load_settings()
    taker, stages = way(photos)
    begun = time.monotonic()
    report = run_index(
        store, photos, models,
        lambda stored: ingest(
            source, store=photos, settings=settings, known_rows=stored, photos=taker,
            images=demo_images_dir(),
        ),
        title="t", source="s", stages_of=stages,
    )  # fmt: skip
    took = time.monotonic() - begun
    assert (report.items, report.quarantined) == (count, ()), report
    return took


def rounds(
    ways: dict[str, Way], sources: Sequence[Path], models: IndexingModels
) -> dict[str, list[float]]:
    """Measure each way with a file each turn; the first starts the processes, and is not counted.
    """  # fmt: skip
    times: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        for turn, source in enumerate(sources):
            count = len(source.read_text("utf-8").splitlines()) - 1
            for name, way in ways.items():
                took = seconds(Path(folder) / f"{name}-{turn}", source, models, way, count)
                print(f"{turn or 'first'}: {name} {took:.2f} s", flush=True)
                if turn:
                    times[name].append(took)
    return times


def ratio(times: dict[str, list[float]], over: str, under: str) -> str:
    """Return the median of the rounds' ratios with all of them."""
    each = [a / b for a, b in zip(times[over], times[under], strict=True)]
    return f"{statistics.median(each):.3f} ({' '.join(f'{value:.3f}' for value in each)})"


def waiting(count: int, turns: int) -> None:
    """Compare two workers with one and with this process where photos are waited for."""
    with (
        RayCluster(RAY, workers=3) as cluster,  # each worker keeps a core of Ray's to the end
        slow_pictures() as fetch,
        tempfile.TemporaryDirectory() as folder,
    ):
        single, double = copy.copy(cluster), copy.copy(cluster)  # each with processes of its own
        single.count, double.count = 1, 2

        def on(cluster: RayCluster) -> Way:
            pool = cluster.pool(small_worker)
            return lambda photos: (
                RemotePhotos(photos, cluster, fetch),
                lambda models: RemoteStages(photos, models, pool, cluster.count),
            )

        settings = load_settings(threads=2)
        ways: dict[str, Way] = {
            "here": lambda photos: (LocalPhotos(photos, settings, fetch), None),
            "1 worker": on(single),
            "2 workers": on(double),
        }
        times = rounds(ways, [feed(Path(folder), count)] * (turns + 1), small_models())
    print("2 workers ÷ 1 (throughput):", ratio(times, "1 worker", "2 workers"))
    print("1 worker ÷ here (time):", ratio(times, "1 worker", "here"))


def overhead(count: int, turns: int) -> None:
    """Compare the compact models in this process with those in two workers, on the same cores."""
    with RayCluster(RAY, workers=2) as cluster, tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        pool = cluster.pool(compact_worker)
        settings = load_settings()
        ways: dict[str, Way] = {
            "here": lambda photos: (LocalPhotos(photos, settings), None),
            "ray": lambda photos: (
                RemotePhotos(photos, cluster),
                lambda models: RemoteStages(photos, models, pool, cluster.count),
            ),
        }
        models = compact_models()
        print(f"Models here: {time.monotonic() - begun:.1f} s", flush=True)
        times = rounds(ways, parts_of_demo(Path(folder), count, turns + 1), models)
    print("Ray ÷ here (time), models loaded:", ratio(times, "ray", "here"))


def parts_of_demo(folder: Path, count: int, parts: int) -> list[Path]:
    """Write several files of items of the demo, each spread over all of it.

    No photo is in two of them: models remember what they have looked at.
    """
    with demo_items_path().open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["image"] and not row["group"]]
    different = list({row["image"]: row for row in rows}.values())
    step = len(different) // count
    if parts > step:
        raise SystemExit(f"The demo has too few photos for {parts} × {count} items.")
    paths = []
    for part in range(parts):
        folder_of_part = folder / str(part)
        folder_of_part.mkdir()
        paths.append(folder_of_part / "items.csv")
        with paths[-1].open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(different[part::step][:count])
    return paths


def workers_below(process: int) -> list[int]:
    """Return the processes below one that run the stages."""
    running = []
    for each in sorted(descendants(process)):
        with suppress(OSError):
            if Path(f"/proc/{each}/comm").read_text().startswith("ray::_Worker"):
                running.append(each)
    return running


def driven(address: str, root: Path, source: Path, end: Callable[[str, int], bool]) -> list[str]:
    """Run the driver; kill it where ``end`` says so of a step; return its last line."""
    command = [sys.executable, "-m", "tests.core.pipeline.ray_driver", address, root, source, 0]
    lines, killed = [], False
    with subprocess.Popen(
        list(map(str, command)), cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as driver:
        assert driver.stdout is not None
        for line in driver.stdout:
            lines.append(line)
            kind, stage, done, *_ = line.split()
            if kind == "step" and end(stage, int(done)):
                driver.kill()
                killed = True
                break
    if driver.returncode and not killed:
        raise SystemExit("The driver ended with an error; see above.")
    return lines[-1].split()


def whole(count: int) -> None:
    """Index many items, killing a worker and then the driver; compare with one process."""
    killed: list[int] = []

    def end(stage: str, done: int) -> bool:
        if stage == "grounding" and done >= count // 3 and not killed:
            killed.append(workers_below(os.getpid())[0])
            os.kill(killed[0], signal.SIGKILL)
            print(f"A worker was killed after {done:,} items.", flush=True)
        return stage == "grounding" and done >= 2 * count // 3

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begun = time.monotonic()
        source = write_catalog(folder / "source", count)
        print(f"{count:,} items written in {time.monotonic() - begun:.0f} s", flush=True)
        begun = time.monotonic()
        index_here(folder / "here", source)
        print(f"One process: {time.monotonic() - begun:.0f} s", flush=True)
        (folder / "head").mkdir()
        with ray_head(folder / "head") as address:
            begun = time.monotonic()
            last = driven(address, folder / "there", source, end)
            took = time.monotonic() - begun
            print(f"Its driver was killed after {last[2]} items, {took:.0f} s", flush=True)
            stored = CatalogStore(folder / "there").groundings.table.count_rows()
            begun = time.monotonic()
            _, items, grounded, _ = driven(address, folder / "there", source, lambda *_: False)
            took = time.monotonic() - begun
            print(f"Run again: {took:.0f} s, {items} items", flush=True)
            print(f"{stored} groundings were stored before, {grounded} were made", flush=True)
        same = content(folder / "there") == content(folder / "here")
        alike = pictures(folder / "there") == pictures(folder / "here")
        print(f"All tables equal: {same}; all pictures equal: {alike}")
        if not (same and alike):
            raise SystemExit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("waiting", "overhead", "whole"))
    parser.add_argument("--items", type=int, default=0, help="items of the part")
    parser.add_argument("--rounds", type=int, default=0)
    asked = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}", flush=True)
    if asked.only in (None, "waiting"):
        waiting(asked.items or 96, asked.rounds or 5)
    if asked.only in (None, "overhead"):
        overhead(asked.items or 96, asked.rounds or 2)
    if asked.only in (None, "whole"):
        whole(asked.items or 20_000)
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
