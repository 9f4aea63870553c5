"""Measure the time to the first page, of a picture search and of "find things", and the memory.

    python -m benchmarks.start --data-dir DIR [--starts 3] [--searches 40] [--pictures 10]
                               [--before CHECKOUT]

``--before`` starts an earlier checkout of the project by turns with this one.

The data directory is made where it is missing (the demo, indexed once), the app is started as its
users start it. Seconds of the processor are given beside seconds on the clock, because other work
on the machine changes them less; so is the time that `import gradio` takes in the same run.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import requests
from PIL import Image

from benchmarks.load.gradio_api import Config, Refused, Tab, fields, value_of
from core.app.library import DEMO
from core.app.studio import Studio
from core.settings import load_settings

_ROOT = Path(__file__).parents[1]
_WORDS = ("wooden chair", "red sofa", "portrait of a woman", "oranges", "desk lamp", "blue vase")
_ROOM = "sofa, chair, table, lamp, rug, plant, vase, picture, cushion, shelf"


class App:
    """The served studio, and one browser tab on Explore.

    Args:
        data_dir: Its data directory.
        root: The checkout that is started.
    """

    def __init__(self, data_dir: Path, root: Path = _ROOT) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._http = requests.Session()
        self._http.headers["Connection"] = "close"
        began = time.perf_counter()
        log = (data_dir.parent / f"{data_dir.name}-start.log").open("wb")
        command = [sys.executable, "app.py", "--data-dir", str(data_dir), "--port", str(port)]
        self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=root)
        self._watched = psutil.Process(self._process.pid)
        while True:
            try:
                self._http.get(f"{self.url}/", timeout=60).raise_for_status()
                break
            except requests.ConnectionError:
                if self._process.poll() is not None:
                    raise SystemExit("The studio did not start; see its log.") from None
                time.sleep(0.05)
        self.seconds = time.perf_counter() - began
        self.processor = self.spent()

    def spent(self) -> float:
        """Return the seconds of processor time that the server has taken."""
        spent = self._watched.cpu_times()
        return float(spent.user + spent.system)

    def taken(self, work: Callable[[], object]) -> tuple[float, float]:
        """Return the seconds of a call: by the clock, and of the server's processor time."""
        began, spent = time.perf_counter(), self.spent()
        work()
        return time.perf_counter() - began, self.spent() - spent

    def open(self) -> None:
        """Open Explore."""
        self.config = Config(self._http.get(f"{self.url}/config", timeout=60).json())
        self.tab, self.values = Tab(self._http, self.url), dict[int, Any]()
        self.tab.get("/explore")
        event = self.config.load_event("explore", "explore-results")
        answer = map(value_of, self.tab.send(event, []))
        self.values.update(zip(event.outputs, answer, strict=True))

    def words(self, text: str) -> None:
        """Search with words."""
        event = self.config.event("explore-query", "submit")
        change = {self.config.component("explore-query"): text}
        self.tab.send(event, fields(event, self.values | change))

    def picture(self, photo: Image.Image) -> str:
        """Drop a picture; return the HTML of the answer."""
        kept = io.BytesIO()
        photo.save(kept, "JPEG", quality=85)
        like = self.config.event("explore-query", "submit")
        event = self.config.event("image", "upload", like=like)
        dropped = {event.trigger or 0: self.tab.upload(kept.getvalue(), "photo.jpg")}
        return str(self.tab.send(event, fields(event, self.values | dropped))[-1])

    def things(self, html: str) -> Iterator[tuple[float, float, int]]:
        """Press “find things”: seconds since the press, the server's seconds of processor time, and
        regions, after the first look (rough ones) and after each name."""
        token = html.split('data-photo="', 1)[1].split('"', 1)[0]
        results, names = self.config.component("explore-results"), _ROOM.split(", ")
        began, spent = time.perf_counter(), self.spent()
        guessed = self.tab.call(results, "likely", {"photo": token, "names": names})
        names = guessed["names"]
        yield time.perf_counter() - began, self.spent() - spent, len(guessed["spots"])
        for number in range(1, len(names) + 1):
            ask = {"photo": token, "names": names[:number]}
            spots = self.tab.call(results, "things", ask)["spots"]
            yield time.perf_counter() - began, self.spent() - spent, len(spots)

    def memory(self) -> float:
        """Return the resident memory, GB."""
        return float(self._watched.memory_info().rss) / 1e9

    def stop(self) -> None:
        """End the server."""
        self._process.terminate()
        self._process.wait(30)


def processor_of(command: list[str]) -> float:
    """Run a command; return its seconds of processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def parts(count: int) -> list[Image.Image]:
    """Return different photos: parts of the demo's room photos."""
    files = sorted((_ROOT / "data" / "demo" / "rooms").glob("*.jpg"))
    photos = []
    for number in range(count):
        room = Image.open(files[number % len(files)]).convert("RGB")
        left = 4 * (number // len(files))
        photos.append(room.crop((left, 0, room.width, room.height)))
    return photos


def started(data_dir: Path, count: int, before: Path | None, gradio: float) -> App:
    """Start the studio several times, by turns with an earlier checkout; return the last one."""
    roots = {"this": _ROOT} | ({"before": before} if before else {})
    starts: dict[str, list[tuple[float, float]]] = {name: [] for name in roots}
    for _ in range(count):
        for name, root in reversed(roots.items()):
            own = data_dir if root == _ROOT else data_dir.with_name(f"{data_dir.name}-before")
            app = App(own, root)
            starts[name].append((app.seconds, app.processor))
            if (name, len(starts[name])) != ("this", count):
                app.stop()
    for name, spent in starts.items():
        clock, processor = middle(spent)
        print(
            f"start to page, {name:6}  {shown((clock, processor))}, "
            f"{processor / gradio:.1f} x gradio's import"
        )
    return app


def middle(spent: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the medians of clock and processor time."""
    clock, processor = zip(*spent, strict=True)
    return statistics.median(clock), statistics.median(processor)


def shown(spent: Sequence[float]) -> str:
    """Write both times."""
    return f"{spent[0]:5.2f} s, {spent[1]:5.2f} s of processor"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--searches", type=int, default=40)
    parser.add_argument("--pictures", type=int, default=10)
    parser.add_argument("--before", type=Path, help="An earlier checkout.")
    given = parser.parse_args()
    studio = Studio(load_settings(data_dir=given.data_dir))
    if DEMO not in {info.name for info in studio.catalogs()}:
        studio.indexing.index_demo()
    gradio = processor_of([sys.executable, "-c", "import gradio"])
    print(f"load {os.getloadavg()[0]:.1f}; `import gradio` takes {gradio:.1f} s of processor")
    app = started(given.data_dir, given.starts, given.before, gradio)
    try:
        app.open()
        print(f"memory with the page open   {app.memory():.2f} GB")
        print(f"first words                 {shown(app.taken(lambda: app.words(_WORDS[0])))}")
        photos = parts(given.pictures)
        print(f"first picture               {shown(app.taken(lambda: app.picture(photos[0])))}")
        later = [app.taken(partial(app.picture, photo)) for photo in photos[1:]]
        print(f"later pictures, median      {shown(middle(later))}   goal: 1.5")
        words = []
        for number in range(given.searches):
            text = f"{_WORDS[number % len(_WORDS)]} {number}"
            words.append(app.taken(partial(app.words, text)))
        print(f"later words, median         {shown(middle(words))}")
        print(f"memory after these searches {app.memory():.2f} GB")
        for label, photo in (("first", photos[0]), ("second", photos[1])):
            first = True
            for number, (*spent, spots) in enumerate(app.things(app.picture(photo))):
                if number == 0:
                    print(f"things in a {label} room, rough: {spots} in {shown(spent)}   goal: 2")
                elif spots and first:
                    first = False
                    print(f"  first exact one after      {shown(spent)}")
            print(f"  all of {spots}                   {shown(spent)}")
        print(f"memory after all            {app.memory():.2f} GB   goal: 1.6")
    except (Refused, requests.Timeout) as error:
        print(f"refused: {error}")
    finally:
        app.stop()


if __name__ == "__main__":
    main()
