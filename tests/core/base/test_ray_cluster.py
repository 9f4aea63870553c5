"""A real Ray that is started on this machine: functions, some of which end their process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.base.ray_cluster import RAY, RayCluster, check_place
from core.base.ray_connection import Connection
from core.base.ray_pool import RayPool
from core.errors import SettingsError, WorkerLost
from core.pipeline.stage_chunks import Chunk, ItemResult
from tests.core.base.killed_functions import answer
from tests.core.base.ray_heads import connected


@pytest.mark.parametrize(
    "place",
    ["", "raj", "ray://", "ray://a b", "ray://h:123456", "ray://u:p@h", "http://host", "Ray"],
)
def test_another_place_is_refused(place: str) -> None:
    with pytest.raises(SettingsError, match="--on takes local, ray or ray://HOST"):
        check_place(place)


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.base.ray_cluster.find_spec", lambda name: None)
    check_place("local")
    with pytest.raises(SettingsError, match=r"pip install 'vl-clip-studio\[scale\]'"):
        check_place("ray")


class Handle:
    """A worker as Ray hands it out, without Ray: it answers a value as it is, and ends at 0."""

    def __init__(self, runs: bool) -> None:
        self.ready = SimpleNamespace(remote=lambda: self._later(None) if runs else self._never())
        self.run = SimpleNamespace(remote=lambda value: self._later(value))

    def _later(self, value: int | None) -> SimpleNamespace:
        answer: Future[int | None] = Future()
        if value == 0:
            answer.set_exception(WorkerLost())
        else:
            answer.set_result(value)
        return SimpleNamespace(future=lambda: answer)

    def _never(self) -> SimpleNamespace:
        return SimpleNamespace(future=Future)


def answered(pool: RayPool[int, int], value: int) -> int:
    """Return a worker's answer; a busy machine may take its time."""
    answer = pool.submit(value, 60)
    assert answer is not None
    return answer.result(60)


def test_a_worker_that_no_machine_has_room_for_holds_nothing_up() -> None:
    """As where a machine lost power and does not come back."""
    room, connection = iter([True, True, False]), Connection("ray", lambda error: error)
    pool: RayPool[int, int] = RayPool(lambda: Handle(next(room)), 2, connection)
    with pytest.raises(WorkerLost):
        answered(pool, 0)
    for value in range(1, 6):
        assert answered(pool, value) == value
    with pytest.raises(WorkerLost):
        answered(pool, 0)


def test_a_ray_that_does_not_start_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'ray[client]'")

    def slow(**_: object) -> None:
        raise Exception("The current node timed out during startup.")  # as Ray does

    monkeypatch.setattr(ray, "init", slow)
    with pytest.raises(SettingsError, match=r"^Ray can't be started here: The current node"):
        RayCluster(RAY, workers=2)


ENDED_AT_ONCE = "Initialization failure from server: Starting Ray client server failed. See logs."


@pytest.mark.parametrize(
    ("failures", "said"),
    [
        ([ENDED_AT_ONCE] * 3, None),
        ([ENDED_AT_ONCE] * 4, "Starting Ray client server failed"),
        (["Other versions."], "Other versions"),
    ],
)
def test_a_ray_whose_process_for_a_client_ends_at_once_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, failures: list[str], said: str | None
) -> None:
    """Ray's own race: one client in some ten meets it."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'ray[client]'")
    left = list(failures)

    def init(url: str, **_: object) -> SimpleNamespace:
        if left:
            raise ConnectionAbortedError(left.pop(0))
        return SimpleNamespace(dashboard_url=None)

    monkeypatch.setattr("core.base.ray_cluster._has_token", lambda: False)
    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr(ray, "cluster_resources", lambda: {"CPU": 2.0})
    with pytest.raises(SettingsError, match=said) if said else nullcontext():
        assert RayCluster("ray://head", workers=2).count == 2
    assert not left


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'ray[client]'")
    with connected(RAY) as cluster:
        yield cluster


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
        cluster.pool(cannot_load).submit(0, 120).result(120)  # type: ignore[arg-type, union-attr]


@pytest.mark.slow
def test_too_many_workers_are_refused(cluster: RayCluster) -> None:
    with pytest.raises(SettingsError, match=r"2 workers with 0\.5 GPUs each do not fit"):
        cluster.check_room(2, 0.5)


def connects(address: str, patience: float, **variables: str) -> bool:
    """Tell whether another process can run a function in a Ray within so many seconds."""
    code = f"""
import ray
ray.init(address={address!r}, logging_level="ERROR", log_to_driver=False)
print(ray.get(ray.remote(num_cpus=0)(lambda: "in").remote()))
"""
    command, environment = [sys.executable, "-c", code], {**os.environ, **variables}
    try:
        ended = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=patience, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return ended.stdout.strip().endswith("in")


@pytest.mark.slow
def test_nobody_without_the_token_runs_anything_in_a_ray_of_this_process(
    cluster: RayCluster, tmp_path: Path
) -> None:
    """Ray listens to the whole network, whatever it is told."""
    import ray

    address = ray.get_runtime_context().gcs_address
    other = {"RAY_AUTH_TOKEN": "guessed", "RAY_AUTH_MODE": "token", "HOME": str(tmp_path)}
    none = {"RAY_AUTH_MODE": "disabled", "HOME": str(tmp_path)}
    with ThreadPoolExecutor(3) as pool:  # at once: a refused one tries again for twenty seconds
        owner = pool.submit(connects, address, 300, RAY_AUTH_MODE="token")
        refused = [pool.submit(connects, address, 60, **given) for given in (other, none)]
    assert owner.result(), "the owner has the token"
    assert [given.result() for given in refused] == [False, False]


@pytest.mark.slow
def test_the_token_of_ray_is_for_its_owner_only(cluster: RayCluster) -> None:
    token = Path.home() / ".ray" / "auth_token"
    assert token.is_file()
    assert token.stat().st_mode & 0o077 == 0
