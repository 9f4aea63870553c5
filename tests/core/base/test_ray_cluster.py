"""A real Ray that is started on this machine: functions, some of which end their process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from core.base.ray_cluster import RAY, RayCluster, check_place
from core.errors import SettingsError, WorkerLost
from core.pipeline.stage_chunks import Chunk, ItemResult
from tests.core.base.killed_functions import answer
from tests.core.base.processes import descendants


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


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'ray[client]'")
    with RayCluster(RAY, workers=2) as cluster:
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
        cluster.pool(cannot_load).submit(0).result(120)  # type: ignore[arg-type]


@pytest.mark.slow
def test_too_many_workers_are_refused(cluster: RayCluster) -> None:
    with pytest.raises(SettingsError, match=r"2 workers with 0\.5 GPUs each do not fit"):
        cluster.check_room(2, 0.5)


def listening(processes: set[int]) -> set[str]:
    """Return the addresses that processes listen on for connections over a network."""
    sockets = {}
    for version in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{version}").read_text().splitlines()[1:]:
            place, state, number = (line.split()[field] for field in (1, 3, 9))
            if state == "0A":  # listens
                sockets[f"socket:[{number}]"] = place.partition(":")[0]
    addresses = set()
    for process in processes:
        for name in Path(f"/proc/{process}/fd").glob("*"):
            with suppress(OSError):
                if (target := str(name.readlink())) in sockets:
                    addresses.add(sockets[target])
    return addresses


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs /proc/net")
def test_a_ray_of_this_process_listens_on_this_machine_only(cluster: RayCluster) -> None:
    cluster.call(answer, "fine")
    addresses = listening(descendants(os.getpid()) | {os.getpid()})
    assert addresses, "nothing listens at all"
    loopback = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}
    assert addresses <= loopback


@pytest.mark.slow
def test_the_token_of_ray_is_for_its_owner_only(cluster: RayCluster) -> None:
    token = Path.home() / ".ray" / "auth_token"
    assert token.is_file()
    assert token.stat().st_mode & 0o077 == 0
