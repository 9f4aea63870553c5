"""Run the profile `full` from end to end on checkpoints of full size with random weights.

    python -m benchmarks.full_size FOLDER [--limit-gb 16] [--items 10] [--page PICTURE.png]
                                   [--index clip,gcl/vl-clip]

``FOLDER/hub`` holds the checkpoints (``benchmarks.random_checkpoints``). A stand-in for the hub
serves them; then the commands run as a user types them: `weights fetch`, `selftest`, `index`,
Compare with five engines, by the command `search` and by the page. Of each process the largest
memory (VmHWM) and the seconds on the clock and of the processor are printed. Nothing of it says
how good a model is: the weights are random.

``--index`` names the engines that are indexed for, with a stroke between those of one command and
those of the next; default: all five in one. ``--limit-gb`` ends a process that takes more: in a
control group of version 1 where one can be made (which counts the files it reads, too), else by the
address space (`ulimit -v`).
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.random_checkpoints import SAM, place
from core.settings import SHIPPED
from tests.core.weights.stand_in_hub import stand_in_hub

ENGINES = ("clip", "vl-clip", "fashion-clip", "gcl", "gcl-l")
_ROOT = Path(__file__).parents[1]
_GROUPS = Path("/sys/fs/cgroup/memory")
_GB = 2**30


@dataclass(frozen=True)
class Ran:
    """How a command ended.

    Attributes:
        code: Its exit status; negative is the signal that ended it.
        seconds: On the clock.
        processor: Seconds of the processor.
        peak: Largest resident memory, bytes.
        text: What it printed.
    """

    code: int
    seconds: float
    processor: float
    peak: int
    text: str


def _join(group: Path) -> None:
    (group / "cgroup.procs").write_text(str(os.getpid()))


@contextmanager
def limited(gigabytes: float) -> Iterator[Callable[[], None] | None]:
    """Yield what a new process calls to be held to a memory limit; ``None`` without a limit."""
    if not gigabytes:
        yield None
        return
    size = int(gigabytes * _GB)
    group = _GROUPS / f"full-size-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(size))
    except OSError:
        print(f"limit: address space of {gigabytes} GB", flush=True)
        yield lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size))
        return
    print(f"limit: control group of {gigabytes} GB", flush=True)
    try:
        yield partial(_join, group)
    finally:
        failed = (group / "memory.failcnt").read_text().strip()
        print(f"largest use of the group {_gb(group)}, limit reached {failed} times", flush=True)
        group.rmdir()


def _gb(group: Path) -> str:
    return f"{int((group / 'memory.max_usage_in_bytes').read_text()) / _GB:.1f} GB"


def run(words: list[str], env: dict[str, str], hold: Callable[[], None] | None) -> Ran:
    """Run a command of the studio and wait for it."""
    started = time.perf_counter()
    with (Path(env["LOGS"]) / f"{words[0]}.log").open("w+") as log:
        child = subprocess.Popen(
            [sys.executable, "app.py", *words],
            cwd=_ROOT, env=env, stdout=log, stderr=log, preexec_fn=hold,
        )  # fmt: skip
        _, status, used = os.wait4(child.pid, 0)
        log.seek(0)
        text = log.read()
    code = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    return Ran(code, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, text)


def print_figures(name: str, ran: Ran) -> None:
    """Print the figures of a command, and its last lines."""
    print(f"{name}: exit {ran.code}, {ran.seconds:.0f} s, {ran.processor:.0f} s of processor, "
          f"{ran.peak / _GB:.1f} GB at most", flush=True)  # fmt: skip
    for line in ran.text.replace("\r", "\n").strip().splitlines()[-60:]:
        print(f"    {line[:160]}", flush=True)


def table(folder: Path, count: int) -> Path:
    """Write a catalogue of the demo's first photos that are files of their own."""
    with (SHIPPED / "demo" / "items.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["image"]][:count]
    target = folder / "ten.csv"
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return target


@contextmanager
def served(env: dict[str, str], hold: Callable[[], None] | None) -> Iterator[tuple[str, int]]:
    """Serve the pages; yield their address and the process's number."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (Path(env["LOGS"]) / "served.log").open("w") as log:
        child = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(port)],
            cwd=_ROOT, env=env, stdout=log, stderr=log, preexec_fn=hold,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                time.sleep(0.5)
        yield url, child.pid
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(60)


def page(env: dict[str, str], hold: Callable[[], None] | None, picture: Path) -> None:
    """Compare with five engines on the page, in a real browser, and keep what it shows."""
    from playwright.sync_api import sync_playwright

    asked = "&".join(["q=wooden+chair", "catalog=ten", *(f"engine={name}" for name in ENGINES)])
    with served(env, hold) as (url, pid), sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium")
        tab = browser.new_page(viewport={"width": 1280, "height": 1000})
        started = time.perf_counter()
        tab.goto(f"{url}/compare?{asked}")
        tab.wait_for_selector("#compare-results .vs-waiting", state="detached", timeout=600_000)
        tab.wait_for_selector("#compare-results img", timeout=600_000)
        seconds = time.perf_counter() - started
        tab.screenshot(path=picture)
        again = time.perf_counter()
        tab.fill("#compare-query textarea, #compare-query input", "red lamp")
        tab.keyboard.press("Enter")
        tab.wait_for_url("**q=red*", timeout=600_000)
        later = time.perf_counter() - again
        print(f"page: five engines after {seconds:.0f} s, another query {later:.1f} s, "
              f"{_peak(pid) / _GB:.1f} GB at most; {picture}", flush=True)  # fmt: skip
        browser.close()


def _peak(pid: int) -> int:
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmHWM" in x)
    return int(line.split()[1]) * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit-gb", type=float, default=0.0)
    parser.add_argument("--items", type=int, default=10)
    parser.add_argument("--page", type=Path, help="Where the page's picture is written.")
    parser.add_argument("--index", default=",".join(ENGINES))
    parser.add_argument("--steps", default="refused,fetch,verify,selftest,index,again,search,page")
    given = parser.parse_args()
    work = given.folder / "run"
    work.mkdir(exist_ok=True)
    env = {
        **os.environ,
        "LOGS": str(work),
        "VLCLIP_PROFILE": "full",
        "VLCLIP_DEVICE": "cpu",
        "VLCLIP_CACHE_DIR": str(work / "cache"),
        "VLCLIP_DATA_DIR": str(work / "data"),
        "VLCLIP_VL_CLIP_CHECKPOINT": str(given.folder / "hub" / place("vl-clip")),
        "VLCLIP_SAM_CHECKPOINT": str(given.folder / "hub" / SAM),
        "HF_HOME": str(work / "hf"),
    }
    source, names = table(work, given.items), ",".join(ENGINES)
    index = ["index", str(source), "--images", str(SHIPPED / "demo"), "--engines"]
    with stand_in_hub(given.folder / "hub") as address, limited(given.limit_gb) as hold:
        env["HF_ENDPOINT"] = address
        steps: dict[str, Callable[[], None]] = {
            name: partial(
                lambda name, words: print_figures(name, run(words, env, hold)), name, words
            )
            for name, words in {
                "fetch": ["weights", "fetch"],
                "verify": ["weights", "verify"],
                "selftest": ["selftest"],
                "again": [*index, names],
                "search": ["search", "wooden chair", "--catalog", "ten", "--engine", names],
            }.items()
        }

        def index_in_turn() -> None:
            for engines in given.index.split("/"):
                print_figures(f"index for {engines}", run([*index, engines], env, hold))

        steps["index"] = index_in_turn
        unnamed = {name: value for name, value in env.items() if name != "VLCLIP_SAM_CHECKPOINT"}
        steps["refused"] = lambda: print_figures(
            "SAM with other weights", run(["weights", "fetch", "sam-vit-b"], unnamed, hold)
        )
        steps["page"] = partial(page, env, hold, given.page or work / "compare.png")
        for name in given.steps.split(","):
            steps[name]()


if __name__ == "__main__":
    main()
