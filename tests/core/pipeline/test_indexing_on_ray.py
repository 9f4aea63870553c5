"""Index on a real Ray that runs already: one head, two workers, some of which are killed.

``python -m benchmarks.on_ray --only whole`` kills the process that drives them, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from core.base.ray_cluster import RayCluster
from core.pipeline import index_on_workers
from core.pipeline.index_on_workers import trainer_on
from core.pipeline.stage_chunks import Chunk, ItemResult, StageWorker
from core.ports.engines import IndexingModels
from tests.core.base.killed_functions import end_process, is_first
from tests.core.base.ray_heads import connected, ray_head
from tests.core.pipeline.killable_indexing import content, index
from tests.core.pipeline.small import bench, write_catalog
from tests.core.pipeline.test_index_on_workers import (
    COMPRESSED,
    in_fragments,
    needs_pylance,
    share_found,
)
from tests.core.pipeline.test_remote_stages import index_remotely, pictures


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a head in another process."""
    if find_spec("ray") is None:  # an import here would keep the client from using the head's token
        pytest.skip("Ray is not installed: pip install 'ray[client]'")
    with ray_head(tmp_path_factory.mktemp("head")) as address:
        yield address


@pytest.fixture(scope="module")
def cluster(address: str) -> Iterator[RayCluster]:
    """Connect as a client with the head."""
    with connected(address) as cluster:
        yield cluster


def models() -> IndexingModels:
    return bench().models


class Fragile:
    """A stage worker whose process is killed at the first chunk of all, and by one item."""

    def __init__(self, flag: Path) -> None:
        self._worker, self._flag = StageWorker(models), flag

    def __call__(self, chunk: Chunk) -> list[ItemResult]:
        harmful = any(task.record.item.title == "harmful chair" for task in chunk.tasks)
        if harmful or is_first(self._flag):
            end_process()
        return self._worker(chunk)


class Fragiles:
    """The cluster, with one pool of workers that are killed."""

    def __init__(self, cluster: RayCluster, flag: Path) -> None:
        self.count, self.call = cluster.count, cluster.call
        self._pool = cluster.pool(partial(Fragile, flag))

    def pool(self, make: Callable[[], Any]) -> Any:
        return self._pool


@pytest.mark.slow
def test_killed_workers_cost_their_chunk_and_a_harmful_item_only_itself(
    cluster: RayCluster, tmp_path: Path
) -> None:
    source, flag = write_catalog(tmp_path / "source", 40), tmp_path / "killed"
    index(tmp_path / "here", source)
    workers = Fragiles(cluster, flag)
    report = index_remotely(tmp_path / "there", source, workers, models)
    assert flag.exists(), "a worker was killed"
    assert (report.items, report.quarantined) == (40, ())
    assert content(tmp_path / "there") == content(tmp_path / "here")
    assert pictures(tmp_path / "there") == pictures(tmp_path / "here")

    with source.open("a") as file:
        file.write("bad,harmful chair,chair,home,It ends workers.,001.png\n")
    report = index_remotely(tmp_path / "there", source, workers, models)
    assert [(row.item_id, row.field) for row in report.quarantined] == [("bad", "worker")]
    assert (report.items, report.unchanged) == (41, 40)


class KilledOnce:
    """The cluster; the process that begins the first part of an index is killed at its end."""

    def __init__(self, cluster: RayCluster, flag: Path) -> None:
        self.count, self.pool = cluster.count, cluster.pool
        self._cluster, self._flag = cluster, flag

    def call(self, function: Callable[..., Any], *given: Any) -> Any:
        return self._cluster.call(killed_at_first, self._flag, function, *given)


def killed_at_first(flag: Path, function: Callable[..., Any], *given: Any) -> Any:
    first, answer = is_first(flag), function(*given)
    if first:
        end_process()
    return answer


@pytest.mark.slow
@needs_pylance
def test_a_killed_worker_costs_its_part_of_a_search_index(
    cluster: RayCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_on_workers, "LEAST_ROWS", 200)
    monkeypatch.setattr(index_on_workers, "train", None)  # this process may not build it
    table = in_fragments(tmp_path / "store", monkeypatch, COMPRESSED)
    table.build_index(trainer_on(KilledOnce(cluster, tmp_path / "killed")))
    assert (tmp_path / "killed").exists(), "a worker was killed"
    assert not table.index_is_due
    assert share_found(table) >= 0.98
