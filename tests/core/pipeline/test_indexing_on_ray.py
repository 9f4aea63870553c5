"""Index on a real Ray that runs already: one head, two workers, some of which are killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from core.base.ray_cluster import RayCluster
from core.errors import SettingsError
from core.pipeline.stage_chunks import Chunk, ItemResult, StageWorker
from core.ports.engines import IndexingModels
from tests.core.base.killed_functions import end_process, is_first
from tests.core.pipeline.killable_indexing import PROJECT, content, index
from tests.core.pipeline.small import bench, write_catalog
from tests.core.pipeline.test_remote_stages import index_remotely, pictures


def connected(address: str) -> RayCluster:
    """Connect as a client: on a busy machine Ray may give up on its own server at first."""
    for _ in range(2):
        with suppress(SettingsError):
            return RayCluster(address, workers=2)
    return RayCluster(address, workers=2)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    """Connect as a client with the head that another process runs."""
    if find_spec("ray") is None:  # an import here would keep the client from using the head's token
        pytest.skip("Ray is not installed: pip install 'ray[client]'")
    port, log = free_port(), tmp_path_factory.mktemp("head") / "log"
    command = [
        str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", "--num-cpus=2",
        f"--port={free_port()}", f"--ray-client-server-port={port}", "--include-dashboard=false",
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "RAY_USAGE_STATS_ENABLED": "0"}
    environment |= {"PYTHONUNBUFFERED": "1"}
    with log.open("w") as output:
        head = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_for(head, log)
        with connected(f"ray://127.0.0.1:{port}") as cluster:
            yield cluster
    finally:
        head.terminate()
        with suppress(subprocess.TimeoutExpired):
            head.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(head.pid, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def wait_for(head: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the head has started; its port for clients is open some seconds too early."""
    end = time.monotonic() + 120
    while time.monotonic() < end and head.poll() is None:
        if "Ray runtime started" in log.read_text():
            return
        time.sleep(0.2)
    pytest.fail(f"Ray's head did not start: {log.read_text()[-2000:]}")


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
