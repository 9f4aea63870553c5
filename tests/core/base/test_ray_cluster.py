"""A real Ray on this machine: two workers, some of which are killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core.base.ray_cluster import RayCluster, check_place
from core.errors import SettingsError, WorkerLost
from core.pipeline.stage_chunks import Chunk, ItemResult, StageWorker
from core.ports.engines import IndexingModels
from tests.core.base.killed_functions import answer, end_process, is_first
from tests.core.pipeline.killable_indexing import content, index
from tests.core.pipeline.small import bench, write_catalog
from tests.core.pipeline.test_remote_stages import index_remotely, pictures


@pytest.mark.parametrize("place", ["", "raj", "ray://host", "http://host", "Ray"])
def test_another_place_is_refused(place: str) -> None:
    with pytest.raises(SettingsError, match="--on takes local or ray"):
        check_place(place)


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.base.ray_cluster.find_spec", lambda name: None)
    check_place("local")
    with pytest.raises(SettingsError, match=r"pip install 'ray\[client\]'"):
        check_place("ray")


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'ray[client]'")
    with RayCluster(workers=2) as cluster:
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


@pytest.mark.slow
def test_a_function_that_ends_its_process_is_given_up_at_last(cluster: RayCluster) -> None:
    with pytest.raises(WorkerLost):
        cluster.call(answer, "killed")
    assert cluster.call(answer, "fine") == "fine"
    with pytest.raises(SettingsError, match=r"^A sentence for people\.$"):
        cluster.call(answer, "sentence")


def cannot_load() -> Callable[[Chunk], list[ItemResult]]:
    """Fail as models do that can't be loaded."""
    raise SettingsError("The models are not there.")


@pytest.mark.slow
def test_models_that_cannot_be_loaded_are_an_error_and_no_lost_worker(cluster: RayCluster) -> None:
    with pytest.raises(SettingsError, match=r"^The models are not there\.$"):
        cluster.pool(cannot_load).submit(0).result(120)  # type: ignore[arg-type]


@pytest.mark.slow
def test_too_many_workers_are_refused(cluster: RayCluster) -> None:
    with pytest.raises(SettingsError, match=r"2 workers with 0\.5 GPUs each do not fit"):
        cluster.check_room(2, 0.5)
