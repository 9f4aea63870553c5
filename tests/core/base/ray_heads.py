"""A Ray of its own that clients connect with, as ``ray start`` starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.base.ray_cluster import RayCluster
from core.errors import SettingsError
from tests.core.base.processes import descendants

PROJECT = Path(__file__).parents[3]


class Head:
    """A head with so many cores, as two machines with one core each have; it can be lost.

    Attributes:
        address: Its address for clients.

    Raises:
        RuntimeError: It did not start; with the end of its log.
    """

    def __init__(self, folder: Path, cores: int = 2) -> None:
        self._log, self._cores = folder / "log", cores
        self._ports = free_port(), free_port()
        self.start()

    @property
    def address(self) -> str:
        return f"ray://127.0.0.1:{self._ports[1]}"

    def start(self) -> None:
        """Start it; again at the same address, where it was ended."""
        try:
            self._process = _started(self._log, self._cores, *self._ports)
        except RuntimeError:  # Ray gives its own parts 30 s, which a busy machine may need twice
            self._process = _started(self._log, self._cores, *self._ports)

    def end(self) -> None:
        """End it at once, as a machine that loses power."""
        _end(self._process)


@contextmanager
def ray_head(folder: Path, cores: int = 2) -> Iterator[str]:
    """Run a head with so many cores; yields its address."""
    head = Head(folder, cores)
    try:
        yield head.address
    finally:
        head.end()


def _started(log: Path, cores: int, port: int, clients: int) -> subprocess.Popen[bytes]:
    command = [
        str(Path(sys.executable).with_name("ray")), "start", "--head", "--block",
        f"--num-cpus={cores}", f"--port={port}", f"--ray-client-server-port={clients}",
        "--include-dashboard=false",
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "RAY_USAGE_STATS_ENABLED": "0"}
    environment |= {"PYTHONUNBUFFERED": "1"}
    environment |= {"RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S": "120"}  # 30 s, on a busy machine
    with log.open("w") as output:
        head = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _wait_for(head, log)
    except BaseException:
        _end(head)
        raise
    return head


def _end(head: subprocess.Popen[bytes]) -> None:
    """End a head and what it started; asked to end, it takes up to 20 s."""
    for process in (head.pid, *descendants(head.pid)):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    head.wait()


def connected(address: str) -> RayCluster:
    """Connect two workers: on a busy machine Ray may give up on its own server at first."""
    for _ in range(2):
        with suppress(SettingsError):
            return RayCluster(address, workers=2)
    return RayCluster(address, workers=2)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait_for(head: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the head has started; its port for clients is open some seconds too early."""
    end = time.monotonic() + 120
    while time.monotonic() < end and head.poll() is None:
        if "Ray runtime started" in log.read_text():
            return
        time.sleep(0.2)
    raise RuntimeError(f"Ray's head did not start: {log.read_text()[-2000:]}")
