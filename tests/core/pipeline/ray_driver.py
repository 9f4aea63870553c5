"""Index a file on a Ray of this process's own; prints a line at every report of progress."""

from __future__ import annotations

import sys
from pathlib import Path

from core.base.ray_cluster import RAY, RayCluster
from core.catalog.ingest import ingest
from core.catalog.remote_photos import RemotePhotos
from core.domain import Progress
from core.pipeline.indexer import run_index
from core.pipeline.remote_stages import RemoteStages
from core.pipeline.stage_chunks import StageWorker
from core.ports.engines import IndexingModels
from core.settings import Settings
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore
from tests.core.pipeline.small import bench


def models() -> IndexingModels:
    return bench().models


def stage_worker() -> StageWorker:
    return StageWorker(models)


def report(progress: Progress) -> None:
    print("step", progress.stage, progress.done, flush=True)


def main(root: Path, source: Path) -> None:
    with RayCluster(RAY, workers=2) as workers:
        store, photos = CatalogStore(root), ImageStore(root / "images")
        pool = workers.pool(stage_worker)
        done = run_index(
            store, photos, models(),
            lambda stored: ingest(
                source, store=photos, settings=Settings(threads=1), known_rows=stored,
                photos=RemotePhotos(photos, workers),
            ),
            title="t", source="s", on_progress=report,
            stages_of=lambda chosen: RemoteStages(photos, chosen, pool, workers.count),
        )  # fmt: skip
        print("items", done.items, done.unchanged, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
