"""Serve the real app to simulated visitors, who search, inspect and judge at once.

`python -m benchmarks.load --data-dir DIR`: fifty visitors for two minutes.
`python -m benchmarks.load --data-dir DIR --words-beside pictures`: how much longer words take while
four people search by picture without end (or `grounding`: look for things in photos).
`python -m benchmarks.load --data-dir DIR --minutes 10`: whether the server's memory stays flat.
"""

from __future__ import annotations

# First: locust makes sockets and threads cooperative, which others must not have started with.
import locust  # isort: skip

import argparse
import csv
import os
import platform
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import gevent
import httpx
from locust.env import Environment

from benchmarks.load.gradio_api import Config
from benchmarks.load.report import Figures
from benchmarks.load.server import Server, started
from benchmarks.load.simulated_visitors import MIX, Visitor, prepare_photos

#: Visitors who search in words, and visitors who search by picture without pause, in
#: `--words-beside`.
_READERS, _OTHERS = 8, 4
#: Number of rounds without and with the others, in turn, so that other load affects both equally.
_ROUNDS = 3
#: Photos a second that the others send at most.
_PER_SECOND = 16


def main() -> None:
    """Run what was asked for and print it."""
    asked = _parser().parse_args()
    # Ended by a signal, too, so that the server does not outlive this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    server = started(asked.data_dir)
    try:
        Visitor.host, Visitor.judgment_set = server.url, server.judgment_set
        Visitor.config = Config(httpx.get(f"{server.url}/config", timeout=60).json())
        Visitor.items, Visitor.pause = _items(), tuple(asked.pause)
        print(f"`python -m benchmarks.load {shlex.join(sys.argv[1:])}`")
        print(
            f"{os.cpu_count()} cores, {_processor()}, locust {locust.__version__}, load {_load()}"
        )
        if asked.words_beside:
            _beside(asked.words_beside, asked.seconds)
        else:
            seconds = 60 * asked.minutes if asked.minutes else asked.seconds
            _crowd(server, asked.visitors, seconds, _mix(asked.mix), asked.acts)
        print(f"load at the end {_load()}")
    finally:
        server.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="made where it is missing")
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120, help="of a round, too")
    parser.add_argument("--minutes", type=float, help="in place of --seconds")
    parser.add_argument("--acts", type=int, default=0, help="end after so many, if given")
    parser.add_argument("--mix", default="", help="such as words=60,similar=15,pictures=10")
    parser.add_argument("--pause", type=float, nargs=2, default=(2.0, 10.0), metavar="SECONDS")
    parser.add_argument("--words-beside", choices=("pictures", "grounding"))
    return parser


def _crowd(
    server: Server, visitors: int, seconds: float, mix: dict[str, int], acts: int = 0
) -> None:
    memory = [server.memory()]

    def look() -> None:
        while True:
            gevent.sleep(60)
            memory.append(server.memory())

    looking = gevent.spawn(look)
    people = _people("Visitor", mix, Visitor.pause, visitors)
    began = time.perf_counter()
    figures = _run([people], seconds, acts=acts)
    seconds = time.perf_counter() - began
    looking.kill()
    print("\n".join(figures.lines()))
    print(f"{len(figures.times['words']) / seconds:.2f} searches in words a second")
    minutes = ", ".join(f"{mb:,.0f}" for mb in memory)
    print(f"server's memory at the start and after each minute, MB: {minutes}")
    if len(memory) > 3:
        print(f"last ÷ minute 2: {memory[-1] / memory[2]:.3f}")
    gevent.sleep(min(5.0, seconds / 10))  # what was under way ends
    print(f"server's memory at the end, MB: {server.memory():,.0f}")


def _beside(others: str, seconds: float) -> None:
    """Compare the times of word searches without and with visitors who cause constant load."""
    alone, beside = Figures(), Figures()
    if others == "pictures":
        prepare_photos(round(_ROUNDS * seconds * _PER_SECOND))
    for _ in range(_ROUNDS):
        readers = _people("Reader", {"words": 1}, (0.5, 1.5), _READERS)
        busy = _people("Busy", {others: 1}, (0.0, 0.0), _OTHERS)
        _run([readers], seconds, alone)
        _run([readers, busy], seconds, beside)
    for title, figures in (("words alone", alone), (f"words beside {others}", beside)):
        print(f"\n{title}:", *figures.lines(), sep="\n")
    for share in (0.5, 0.95):
        ratio = beside.share("words", share) / alone.share("words", share)
        print(
            f"p{100 * share:.0f} of words with {_OTHERS} people at {others} ÷ without: {ratio:.2f}"
        )


def _people(
    name: str, mix: dict[str, int], pause: tuple[float, float], count: int
) -> type[Visitor]:
    return type(name, (Visitor,), {"mix": mix, "pause": pause, "fixed_count": count})


def _run(
    people: Sequence[type[Visitor]], seconds: float, figures: Figures | None = None, acts: int = 0
) -> Figures:
    """Run visitors of these kinds, who start within five seconds; end after ``acts``, if given."""
    figures = figures or Figures()
    environment = Environment(user_classes=[*people])
    environment.events.request.add_listener(figures.add)
    runner = environment.create_local_runner()
    count = sum(person.fixed_count for person in people)
    runner.start(count, spawn_rate=max(1, count / 5))
    end = time.monotonic() + seconds
    while time.monotonic() < end and not 0 < acts <= figures.acts:
        gevent.sleep(min(0.1, seconds))
    runner.quit()
    runner.greenlet.join()
    return figures


def _items() -> tuple[str, ...]:
    table = Path(__file__).parents[2] / "data" / "demo" / "items.csv"
    with table.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return tuple(row["item_id"] for row in rows if row["title"])  # others are variants


def _mix(given: str) -> dict[str, int]:
    if not given:
        return MIX
    return {name: int(share) for name, _, share in (p.partition("=") for p in given.split(","))}


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _load() -> str:
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


if __name__ == "__main__":
    main()
