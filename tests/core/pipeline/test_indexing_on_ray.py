"""Index on a real Ray that runs already: one head, two workers, some of which are killed; so is
the process that drives them.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from core.base.ray_cluster import RayCluster
from core.pipeline.remote_stages import CHUNK
from core.pipeline.stage_chunks import Chunk, ItemResult, StageWorker
from core.ports.engines import IndexingModels
from core.store.catalog_store import CatalogStore
from tests.core.base.killed_functions import end_process, is_first
from tests.core.base.ray_heads import connected, ray_head
from tests.core.pipeline.killable_indexing import PROJECT, content, index
from tests.core.pipeline.small import bench, write_catalog
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


def groundings(root: Path) -> int:
    return int(CatalogStore(root).groundings.table.count_rows())


def start(address: str, root: Path, source: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.core.pipeline.ray_driver", address, root, source, 0.3]
    return subprocess.Popen(list(map(str, command)), cwd=PROJECT, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_a_killed_driver_that_is_run_again_ends_as_one_process_does(
    address: str, tmp_path: Path
) -> None:
    """It comes before any other use of the head: both drivers need all of its cores."""
    count = 12 * CHUNK
    source = write_catalog(tmp_path / "source", count)
    index(tmp_path / "here", source)
    stored = 0
    with start(address, tmp_path / "there", source) as driver:
        assert driver.stdout is not None
        for line in driver.stdout:
            if line.startswith("step grounding"):
                stored = groundings(tmp_path / "there")
                if stored:
                    break
        driver.kill()
    stored = groundings(tmp_path / "there")
    assert 0 < stored < count, "it is killed while results are being stored"

    with start(address, tmp_path / "there", source) as again:
        assert again.stdout is not None
        lines = again.stdout.read().splitlines()
    assert again.returncode == 0
    print(lines[-1])
    _, items, grounded, _ = lines[-1].split()
    assert (int(items), int(grounded)) == (count, count - stored)
    assert content(tmp_path / "there") == content(tmp_path / "here")
    assert pictures(tmp_path / "there") == pictures(tmp_path / "here")


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
