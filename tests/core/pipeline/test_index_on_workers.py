"""Search indices whose parts are built in processes of their own.

``test_indexing_on_ray.py`` kills a worker of a Ray meanwhile.
"""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.app.indexing import IndexingService
from core.app.search_indices import SearchIndices
from core.base.buckets import Bucket
from core.domain import Filters
from core.errors import WorkerLost
from core.pipeline import index_on_workers
from core.pipeline.index_on_workers import dealt, trainer_on
from core.store import vector_index
from core.store.catalog_store import CatalogStore
from core.store.database import filter_condition
from core.store.frozen_rows import VECTOR_INDEX
from core.store.index_kinds import unmeasured
from core.store.vectors import VectorTable
from tests.core.store.indexed import DIM, ROWS, closest, large_table, points, row

FULL, COMPRESSED = None, 0
KINDS = pytest.mark.parametrize("index_bytes", [FULL, COMPRESSED])
needs_pylance = pytest.mark.skipif(
    find_spec("lance") is None, reason="pylance is not installed: pip install 'pylance>=13,<14'"
)


class Processes:
    """Workers: two processes of this machine."""

    count = 2

    def __init__(self, executor: ProcessPoolExecutor) -> None:
        self._executor = executor
        self.given: list[tuple[Any, ...]] = []

    def call(self, function: Callable[..., Any], *given: Any) -> Any:
        self.given.append(given)
        return self._executor.submit(function, *given).result()

    def pool(self, make: Callable[[], Any]) -> Any:
        raise AssertionError("no models are needed")


@pytest.fixture(scope="module")
def executor() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        yield executor


@pytest.fixture
def workers(executor: ProcessPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> Processes:
    monkeypatch.setattr(index_on_workers, "LEAST_ROWS", 200)
    monkeypatch.setattr(index_on_workers, "_PARTITION", ROWS // 2)
    return Processes(executor)


def in_fragments(folder: Path, patch: pytest.MonkeyPatch, index_bytes: int | None) -> VectorTable:
    """Return a table above the limit whose rows were added in three steps."""
    patch.setattr(vector_index, "EXACT_LIMIT", 500)
    table = CatalogStore(folder, index_bytes=index_bytes).vectors("clip")
    table.prepare("f", DIM, 0.0)
    for start in range(0, ROWS, ROWS // 3):
        numbers = range(start, start + ROWS // 3)
        table.upsert([row(number, points(ROWS)[number]) for number in numbers])
    return table


def described(table: VectorTable) -> list[Any]:
    """Return what Lance says of the parts of a table's index."""
    import lance

    data = lance.dataset(table.table.uri)
    (index,) = [index for index in data.describe_indices() if index.field_names == ["vector"]]
    return list(index.segments)


def partitions(table: VectorTable) -> list[int]:
    """Return the number of partitions of each part."""
    import lance

    stats = lance.dataset(table.table.uri).stats.index_stats(VECTOR_INDEX)
    return [part["num_partitions"] for part in stats["indices"]]


def share_found(table: VectorTable) -> float:
    """Return how much of the 20 closest rows 20 searches find that look at every candidate."""
    rows, hits = table._freezer.now(), 0
    for query in points(20, seed=1):
        names = {name for name, _, _ in rows.nearest(query, 20, unmeasured(20))}
        hits += len(names & set(closest(query)))
    return hits / 400


def test_fragments_are_dealt_into_shares_of_about_equal_size() -> None:
    rows = {0: 50, 1: 10, 2: 30, 3: 40, 4: 30}
    assert dealt(rows, 2) == [[0, 4], [3, 2, 1]]
    assert dealt(rows, 1) == dealt(rows, 0) == [[0, 3, 2, 4, 1]]
    assert sorted(map(len, dealt(rows, 9))) == [1] * 5
    assert dealt({}, 2) == [[]]


@needs_pylance
@KINDS
def test_workers_build_what_one_process_builds(
    index_bytes: int | None, workers: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = in_fragments(tmp_path / "there", monkeypatch, index_bytes)
    monkeypatch.setattr(index_on_workers, "train", None)  # this process may not build it
    store = CatalogStore(tmp_path / "there", index_bytes=index_bytes)
    library: Any = SimpleNamespace(get=lambda name: SimpleNamespace(store=store))
    SearchIndices(library).refresh("shop", workers=workers)
    monkeypatch.undo()
    here = large_table(tmp_path / "here", monkeypatch, index_bytes)
    measured, alone = table.index, here.build_index()
    assert (measured.kind, measured.rows) == (alone.kind, alone.rows)
    assert not table.index_is_due
    assert [sorted(share) for *_, share in workers.given] == [[0, 2], [1]]
    for depth in (20, 100):
        assert measured.breadth(depth).recall >= alone.breadth(depth).recall - 0.02
    assert share_found(table) >= 0.98
    garden = table.nearest(points(1)[0], 10, filter_condition(Filters(departments=("garden",))))
    assert [int(name) % 50 for name, _, _ in garden] == [0] * 10


def test_indexing_on_workers_builds_the_index_on_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = IndexingService.__new__(IndexingService)
    asked: list[tuple[Any, ...]] = []
    stub: Any = SimpleNamespace
    service.chosen = stub(merged=lambda *given: stub(columns={}))
    service.search_indices = stub(refresh=lambda *given: asked.append(given))
    service._models = stub(check_engines=lambda names: None)
    monkeypatch.setattr(service, "check_source", lambda *given, **named: None)
    monkeypatch.setattr(service, "_begin_index", lambda *given, **named: stub(run=lambda: None))
    workers: Any = object()
    service.index(tmp_path / "shop.csv", name="shop", workers=workers)
    assert asked == [("shop", None, workers)]


@needs_pylance
@pytest.mark.parametrize(("kind", "built"), [("IvfRq", [2]), ("IvfHnswFlat", [1, 1])])
def test_compressed_parts_become_one_and_each_graph_stays(
    kind: str, built: list[int], workers: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = in_fragments(tmp_path, monkeypatch, FULL)
    monkeypatch.setattr(index_on_workers, "train", None)
    trainer_on(workers)(table.table, kind)
    assert partitions(table) == built
    fragments = sorted(fragment for part in described(table) for fragment in part.fragment_ids)
    assert fragments == [0, 1, 2]


@needs_pylance
@KINDS
def test_new_rows_come_into_what_workers_built(
    index_bytes: int | None, workers: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = in_fragments(tmp_path, monkeypatch, index_bytes)
    table.build_index(trainer_on(workers))
    new = points(40, seed=7)
    table.upsert([row(9000 + number, vector) for number, vector in enumerate(new)])
    table.delete(["0000"])
    assert [table.nearest(vector, 1)[0][0] for vector in new[:5]] == [
        f"{9000 + number}" for number in range(5)
    ]
    table.build_index()  # as a server does it, without workers
    assert not table.index_is_due
    rows = table._freezer.now()
    assert [rows.nearest(vector, 1, unmeasured(1))[0][0] for vector in new] == [
        f"{9000 + number}" for number in range(40)
    ]
    assert rows.nearest(points(1)[0], 1, unmeasured(1))[0][0] != "0000"


@needs_pylance
@KINDS
def test_the_old_index_answers_until_all_parts_are_there(
    index_bytes: int | None, workers: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = in_fragments(tmp_path, monkeypatch, index_bytes)
    table.build_index()
    old = [part.uuid for part in described(table)]
    call = workers.call

    def lost(function: Callable[..., Any], *given: Any) -> Any:
        call(function, *given)
        assert [part.uuid for part in described(table)] == old
        raise WorkerLost

    monkeypatch.setattr(workers, "call", lost)
    trained = []
    monkeypatch.setattr(index_on_workers, "train", lambda table, kind: trained.append(kind))
    trainer_on(workers)(table.table, "IvfRq")
    assert trained == ["IvfRq"], "this process does it where workers fail"
    assert [part.uuid for part in described(table)] == old
    assert share_found(table) >= 0.98


@needs_pylance
def test_an_index_of_another_kind_gives_way(
    workers: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = in_fragments(tmp_path, monkeypatch, FULL)
    table.build_index(trainer_on(workers))
    smaller = CatalogStore(tmp_path, index_bytes=COMPRESSED).vectors("clip")
    monkeypatch.setattr(index_on_workers, "train", None)
    assert smaller.index_is_due
    assert smaller.build_index(trainer_on(workers)).kind == "IvfRq"
    assert not smaller.index_is_due
    assert share_found(smaller) >= 0.98


@needs_pylance
def test_a_part_that_a_worker_wrote_elsewhere_is_not_taken(
    workers: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """As on a machine with a copy of the data directory instead of the same file system."""
    table = in_fragments(tmp_path / "here", monkeypatch, FULL)
    shutil.copytree(tmp_path / "here", tmp_path / "copy")
    call = workers.call

    def elsewhere(function: Callable[..., Any], uri: str, *given: Any) -> Any:
        return call(function, uri.replace("/here/", "/copy/"), *given)

    monkeypatch.setattr(workers, "call", elsewhere)
    trainer_on(workers)(table.table, "IvfHnswFlat")
    assert "a worker wrote its part elsewhere" in caplog.text
    assert len(described(table)) == 1
    assert share_found(table) >= 0.98


@needs_pylance
@KINDS
def test_the_parts_of_an_index_in_a_bucket_lie_there(
    index_bytes: int | None, in_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_on_workers, "LEAST_ROWS", 200)
    monkeypatch.setattr(index_on_workers, "train", None)
    here: Any = SimpleNamespace(count=2, call=lambda function, *given: function(*given))
    table = in_fragments(in_bucket.folder / "catalogs" / "shop", monkeypatch, index_bytes)
    assert table.build_index(trainer_on(here)).rows == ROWS
    assert str(table.table.uri).startswith("s3://")
    assert not table.index_is_due
    assert share_found(table) >= 0.98


@pytest.mark.parametrize("why", ["no pylance", "too few rows"])
def test_without_pylance_or_much_to_share_this_process_builds(
    why: str, workers: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = in_fragments(tmp_path, monkeypatch, FULL)
    if why == "no pylance":
        monkeypatch.setattr(index_on_workers, "find_spec", lambda name: None)
    else:
        monkeypatch.setattr(index_on_workers, "LEAST_ROWS", ROWS)
    assert table.build_index(trainer_on(workers)).rows == ROWS
    assert workers.given == []
    assert not table.index_is_due
