"""Start the studio in a process of its own, with the demo and a judgment set."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

#: Longest wait for the start of a server, seconds.
_START = 180


@dataclass(frozen=True, slots=True)
class Server:
    """A served studio.

    Attributes:
        process: The server.
        url: Its address.
        judgment_set: Id of a set with pairs to judge in its demo.
    """

    process: subprocess.Popen[bytes]
    url: str
    judgment_set: str

    def memory(self) -> float:
        """Return the resident memory of the server and its children, MB."""
        parent = psutil.Process(self.process.pid)
        sizes = (
            process.memory_info().rss for process in [parent, *parent.children(recursive=True)]
        )
        return sum(sizes) / 1e6

    def stop(self) -> None:
        """End the server."""
        self.process.terminate()
        self.process.wait(30)


def started(data_dir: Path) -> Server:
    """Prepare a data directory and serve it on a free port.

    Raises:
        SystemExit: A command failed, or the server does not answer.
    """
    judgment_set = _prepared(data_dir)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (data_dir.parent / f"{data_dir.name}-server.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "app.py", "--data-dir", str(data_dir), "--port", str(port)],
        stdout=log, stderr=log,
    )  # fmt: skip
    server = Server(process, f"http://127.0.0.1:{port}", judgment_set)
    _wait(server)
    return server


def _prepared(data_dir: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load.prepare", str(data_dir)],
        capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"The demo could not be prepared: {done.stderr}")
    return done.stdout.split()[-1]


def _wait(server: Server) -> None:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            if httpx.get(f"{server.url}/config", timeout=30).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.3)
    server.process.kill()
    raise SystemExit("The studio did not start; see its log beside the data directory.")
