"""Stages on workers: the same end state as in this process, whatever happens to a worker."""

from __future__ import annotations

import pickle
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.catalog.ingest import ingest
from core.catalog.remote_photos import RemotePhotos
from core.domain import IndexReport, OnProgress
from core.errors import EngineUnavailable, WorkerLost
from core.pipeline.indexer import run_index
from core.pipeline.planner import Planner
from core.pipeline.remote_stages import RemoteStages
from core.pipeline.stage_chunks import Chunk, ItemResult, StageWorker
from core.pipeline.stages import Task
from core.ports.engines import IndexingModels
from core.settings import Settings
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore
from tests.core.pipeline.killable_indexing import content, index
from tests.core.pipeline.small import bench, rows_of, write_catalog


class Threads:
    """Workers in threads; what goes to them and comes back is pickled, as for other machines."""

    def __init__(self, count: int = 2) -> None:
        self.count, self.chunks = count, 0
        self.harmful = ""
        self._threads = ThreadPoolExecutor(count)

    def call(self, function: Callable[..., Any], *given: Any) -> Any:
        function, *given = pickle.loads(pickle.dumps((function, *given)))
        return pickle.loads(pickle.dumps(function(*given)))

    def pool(self, make: Callable[[], Callable[[Any], Any]]) -> Threads:
        self._work = make()
        return self

    def submit(self, value: Chunk, patience: float) -> Future[Any] | None:
        return self._threads.submit(self._run, pickle.dumps(value))

    def _run(self, sent: bytes) -> Any:
        chunk = pickle.loads(sent)
        self.chunks += 1
        if any(self.harmful and self.harmful in t.record.item.title for t in chunk.tasks):
            raise WorkerLost
        return pickle.loads(pickle.dumps(self._work(chunk)))


def index_remotely(
    root: Path, source: Path, workers: Any, models: Callable[[], IndexingModels], *,
    make: Callable[[], Callable[[Chunk], list[ItemResult]]] | None = None,
    on_progress: OnProgress | None = None,
) -> IndexReport:  # fmt: skip
    """Index a file with its photos and stages on workers."""
    store, photos = CatalogStore(root), ImageStore(root / "images")
    pool = workers.pool(make or (lambda: StageWorker(models)))
    return run_index(
        store, photos, bench().models,
        lambda stored: ingest(
            source, store=photos, settings=Settings(threads=1), known_rows=stored,
            photos=RemotePhotos(photos, workers),
        ),
        title="t", source="s", on_progress=on_progress,
        stages_of=lambda chosen: RemoteStages(photos, chosen, pool, workers.count),
    )  # fmt: skip


def pictures(root: Path) -> dict[str, bytes]:
    """Return all stored pictures."""
    files = (path for path in (root / "images").rglob("*") if path.is_file())
    return {path.name: path.read_bytes() for path in files}


def here() -> IndexingModels:
    return bench().models


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty items; the last five show the photos of the first five under the same names."""
    path = write_catalog(tmp_path_factory.mktemp("source"), 40)
    for number in range(35, 40):
        shutil.copy(path.parent / f"{number - 35:03}.png", path.parent / f"{number:03}.png")
    return path


@pytest.fixture(scope="module")
def expected(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("here") / "shop"
    index(root, source)
    return root


def test_the_end_state_is_that_of_this_process(
    source: Path, expected: Path, tmp_path: Path
) -> None:
    workers = Threads()
    report = index_remotely(tmp_path / "shop", source, workers, here)
    assert (report.items, len(report.quarantined)) == (40, 0)
    assert content(tmp_path / "shop") == content(expected)
    assert pictures(tmp_path / "shop") == pictures(expected)


def test_a_second_run_sends_nothing(source: Path, expected: Path, tmp_path: Path) -> None:
    shutil.copytree(expected, tmp_path / "shop")
    workers = Threads()
    report = index_remotely(tmp_path / "shop", source, workers, here)
    assert (workers.chunks, report.unchanged) == (0, 40)
    assert content(tmp_path / "shop") == content(expected)


def test_an_item_that_ends_its_worker_is_left_out_alone(
    source: Path, expected: Path, tmp_path: Path
) -> None:
    workers = Threads()
    workers.harmful = "green chair 1"
    report = index_remotely(tmp_path / "shop", source, workers, here)
    (row,) = report.quarantined
    assert (row.row, row.item_id, row.field) == (2, "id-001", "worker")
    assert "ended the worker" in row.reason
    assert CatalogStore(tmp_path / "shop").vectors("vl-clip").count() == 39
    workers.harmful = ""
    report = index_remotely(tmp_path / "shop", source, workers, here)
    assert not report.quarantined
    assert content(tmp_path / "shop") == content(expected)


def test_a_photo_that_items_share_is_grounded_once(tmp_path: Path) -> None:
    path = write_catalog(tmp_path / "source", 4)
    head, *lines = path.read_text().splitlines()
    first = lines[0].split(",")
    repeats = [",".join([f"r-{n}", f"red chair again {n}", *first[2:]]) for n in range(20)]
    path.write_text("\n".join([head, *lines, *repeats]) + "\n")
    made = bench()
    report = index_remotely(tmp_path / "shop", path, Threads(), lambda: made.models)
    assert report.items == 24
    assert made.grounder.calls == 4
    index(tmp_path / "here", path)
    assert content(tmp_path / "shop") == content(tmp_path / "here")


def test_a_worker_with_other_weights_is_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="another engine clip than this machine"):
        index_remotely(tmp_path / "shop", source, Threads(), lambda: bench("other").models)


def test_workers_that_end_at_every_item_end_the_job(source: Path, tmp_path: Path) -> None:
    """Nothing may be left out because the workers have too little memory."""
    workers = Threads()
    workers.harmful = " "
    with pytest.raises(EngineUnavailable, match="too little memory"):
        index_remotely(tmp_path / "shop", source, workers, here)
    assert CatalogStore(tmp_path / "shop").quarantine.all() == ()


def test_an_error_of_an_item_is_that_of_this_process(source: Path, tmp_path: Path) -> None:
    made = bench()
    made.encoder.refuse = "purple table 14"
    report = index_remotely(tmp_path / "shop", source, Threads(), lambda: made.models)
    photos = ImageStore(tmp_path / "here" / "images")
    local = run_index(CatalogStore(tmp_path / "here"), photos, made.models, rows_of(source, photos))
    assert len(report.quarantined) == 1
    assert report.quarantined == local.quarantined


def tasks_of(root: Path, source: Path) -> tuple[ImageStore, IndexingModels, list[Task]]:
    """Index a file, delete its vectors, and plan to make them again."""
    index(root, source)
    store, models = CatalogStore(root), bench().models
    for engine in ("clip", "vl-clip"):
        store.vectors(engine).delete(store.items.ids())
    tasks = Planner(store, models).tasks(store.items.records().values())
    return ImageStore(root / "images"), models, tasks


def test_a_missing_photo_is_an_error_of_its_item(source: Path, tmp_path: Path) -> None:
    photos, models, tasks = tasks_of(tmp_path / "shop", source)
    photos.path(tasks[8].item.photo.sha256).unlink()
    workers = Threads()
    stages = RemoteStages(photos, models, workers.pool(lambda: StageWorker(here)), workers.count)
    done = [task for ready, _ in stages.run(tasks) for task in ready]
    failed = [task for task in done if task.error is not None]
    assert (len(done), [task.item.item_id for task in failed]) == (40, [tasks[8].item.item_id])
    assert failed[0].error is not None
    assert "is not in the store" in failed[0].error[1]


def test_leaving_ends_the_wait_for_a_worker(source: Path, tmp_path: Path) -> None:
    """All machines may have lost power."""

    class Gone(Threads):
        def submit(self, value: Chunk, patience: float) -> Future[Any] | None:
            return None if self.chunks else super().submit(value, patience)

    photos, models, tasks = tasks_of(tmp_path / "shop", source)
    workers = Gone(1)
    stages = RemoteStages(photos, models, workers.pool(lambda: StageWorker(here)), 1)
    running = stages.run(tasks)
    assert next(running)
    begun = time.monotonic()
    running.close()
    assert time.monotonic() - begun < 10


def test_leaving_ends_the_wait_for_workers_that_hang(source: Path, tmp_path: Path) -> None:
    class Hanging(Threads):
        def submit(self, value: Chunk, patience: float) -> Future[Any] | None:
            return Future() if self.chunks else super().submit(value, patience)

    photos, models, tasks = tasks_of(tmp_path / "shop", source)
    workers = Hanging(1)
    stages = RemoteStages(photos, models, workers.pool(lambda: StageWorker(here)), 1)
    running = stages.run(tasks)
    assert next(running)
    begun = time.monotonic()
    running.close()
    assert time.monotonic() - begun < 10
