"""Index on machines of a network, one of which loses power: ``python -m benchmarks.machines``.

The machines are namespaces of this one (``tests/core/base/machines_here.py``): a head without work
and two workers, each with its own network, processes and temporary files; the driver runs here.
Power is cut off one worker's machine on the way. With ``--back`` another machine takes its place
after so many seconds; without it, the one that is left must do the rest. The end state must be
that of one process. It needs root.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from tests.core.base.machines_here import Machine, can_be_made, network
from tests.core.pipeline.killable_indexing import PROJECT, content, index
from tests.core.pipeline.small import write_catalog
from tests.core.pipeline.test_remote_stages import pictures

RAY = str(Path(sys.executable).with_name("ray"))
PORT, CLIENTS = 6379, 10001
#: Memory for Ray's objects on each machine, bytes.
OBJECTS = 200 * 2**20


def environment() -> dict[str, str]:
    """Variables of each machine; a worker's machine shows the cluster's token only if told to."""
    given = {"PYTHONPATH": str(PROJECT), "RAY_USAGE_STATS_ENABLED": "0", "PYTHONUNBUFFERED": "1"}
    return os.environ | given | {"RAY_AUTH_MODE": "token"}


def wait_for(log: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 120
    while "Ray runtime started" not in log.read_text():
        if time.monotonic() > end or process.poll() is not None:
            raise SystemExit(f"Ray did not start: {log.read_text()[-2000:]}")
        time.sleep(0.2)


def start_head(machine: Machine, log: Path) -> str:
    """Start a head that takes no work; return the address for clients."""
    wait_for(log, machine.start(
        RAY, "start", "--head", "--block", "--num-cpus=0", f"--port={PORT}",
        f"--node-ip-address={machine.address}", f"--ray-client-server-port={CLIENTS}",
        f"--object-store-memory={OBJECTS}", "--include-dashboard=false",
        log=log, environment=environment(),
    ))  # fmt: skip
    return f"ray://{machine.address}:{CLIENTS}"


def start_worker(machine: Machine, head: Machine, log: Path) -> None:
    """Start a machine's part of the cluster, with one core."""
    wait_for(log, machine.start(
        RAY, "start", "--block", "--num-cpus=1", f"--address={head.address}:{PORT}",
        f"--node-ip-address={machine.address}", f"--object-store-memory={OBJECTS}",
        log=log, environment=environment(),
    ))  # fmt: skip


def drive(
    address: str, root: Path, source: Path, count: int, worker: Machine, limit: float
) -> float:
    """Index over the machines; end the worker's one after a third; return the seconds from then."""
    command = [sys.executable, "-m", "tests.core.pipeline.ray_driver", address, root, source, 0.2]
    begun, cut = time.monotonic(), False
    with subprocess.Popen(
        list(map(str, command)), cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as driver:
        assert driver.stdout is not None
        timer = threading.Timer(limit, driver.kill)
        for line in driver.stdout:
            kind, stage, done, *_ = line.split()
            if kind == "step" and stage == "grounding" and int(done) >= count // 3 and not cut:
                worker.end()
                cut = True
                print(f"Power was cut off a worker's machine after {done} items.", flush=True)
                begun = time.monotonic()
                timer.start()
        timer.cancel()
    if driver.returncode:
        raise SystemExit(f"Last came “{line.strip()}”; {limit:.0f} s later it was not done.")
    assert cut
    print("Driver:", line.strip(), flush=True)
    return time.monotonic() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--back", type=float, default=0.0, help="seconds until a machine comes")
    parser.add_argument("--limit", type=float, default=300.0, help="most seconds after the cut")
    asked = parser.parse_args()
    if not can_be_made():
        raise SystemExit("This kernel, or this user, does not let make namespaces.")
    print(f"load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        source = write_catalog(folder / "source", asked.items)
        index(folder / "here", source)
        running.enter_context(network())
        head, first, second, spare = (running.enter_context(Machine(n)) for n in range(1, 5))
        address = start_head(head, folder / "head.log")
        start_worker(first, head, folder / "first.log")
        start_worker(second, head, folder / "second.log")
        print(f"Driver here; {head.address}, {first.address} and {second.address} run.", flush=True)
        if asked.back:
            comes = threading.Timer(asked.back, start_worker, (spare, head, folder / "spare.log"))
            comes.start()
            running.callback(comes.cancel)
        took = drive(address, folder / "there", source, asked.items, second, asked.limit)
        print(f"The rest took {took:.0f} s.")
        same = content(folder / "there") == content(folder / "here")
        alike = pictures(folder / "there") == pictures(folder / "here")
    print(f"All tables equal: {same}; all pictures equal: {alike}")
    if not (same and alike):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
