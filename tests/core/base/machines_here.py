"""Machines of a network on this one: each has a network, processes and temporary files of its own.

They are Linux namespaces, joined by a bridge whose address is ``HERE``; only root can make them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from tests.core.base.processes import descendants

BRIDGE = "studio-test"
HERE = "10.77.0.254"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def can_be_made() -> bool:
    """Tell whether this kernel and this user let make them."""
    alone = subprocess.run(["unshare", "--net", "--pid", "--fork", "true"], check=False)
    return os.geteuid() == 0 and alone.returncode == 0


@contextmanager
def network() -> Iterator[None]:
    """Join the machines that are started within the block, and this one."""
    ip("link", "add", BRIDGE, "type", "bridge")
    try:
        ip("address", "add", f"{HERE}/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        yield
    finally:
        ip("link", "delete", BRIDGE)


class Machine:
    """One machine; leaving its block ends all that runs there at once, as a power cut does.

    Args:
        number: Its number, 1 to 253; the last part of its address.
    """

    def __init__(self, number: int) -> None:
        self.address, self._number = f"10.77.0.{number}", number
        # Memory, so that nothing is left of it; /tmp and /dev/shm are how Ray finds its own parts.
        mounts = "mount -t tmpfs none /dev/shm && mount -t tmpfs none /tmp && exec sleep infinity"
        self._outer = subprocess.Popen(
            ["unshare", "--net", "--pid", "--fork", "--mount-proc", "--uts", "sh", "-c", mounts],
            stderr=subprocess.DEVNULL,
        )
        self._first = self._first_process()
        self._connect()

    def start(
        self, *command: str, log: Path, environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        """Start a command there; what it prints goes to a file here."""
        with log.open("ab") as output:
            return subprocess.Popen(
                [*self._inside(), *command], env=environment, stdout=output, stderr=output
            )

    def end(self) -> None:
        """End all of its processes, and take it off the network."""
        if self._outer.poll() is None:
            os.kill(self._first, signal.SIGKILL)
            self._outer.wait()

    def __enter__(self) -> Machine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def _inside(self) -> list[str]:
        return ["nsenter", "--target", str(self._first), "--net", "--pid", "--mount", "--uts"]

    def _first_process(self) -> int:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            if below := descendants(self._outer.pid):
                return min(below)
            time.sleep(0.05)
        raise RuntimeError("No machine could be made here.")

    def _connect(self) -> None:
        outside, first = f"{BRIDGE}{self._number}", str(self._first)
        ip("link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", first)
        ip("link", "set", outside, "master", BRIDGE, "up")
        for words in (["address", "add", f"{self.address}/24", "dev", "eth0"],
                      ["link", "set", "eth0", "up"], ["link", "set", "lo", "up"]):  # fmt: skip
            subprocess.run([*self._inside(), "ip", *words], check=True)
