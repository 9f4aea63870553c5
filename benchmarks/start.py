"""Measure the time to the first page, of a picture search and of "find things", and the memory.

    python -m benchmarks.start --data-dir DIR [--starts 3] [--searches 40] [--pictures 10]

The data directory is made where it is missing (the demo, indexed once), the app is started as its
users start it. Seconds of the processor are given beside seconds on the clock, because other work
on the machine changes them less; so is the time that `import gradio` takes in the same run.
"""

from __future__ import annotations

import argparse
import io
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
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
    """The served studio, and one browser tab on Explore."""

    def __init__(self, data_dir: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._http = requests.Session()
        self._http.headers["Connection"] = "close"
        began = time.perf_counter()
        log = (data_dir.parent / f"{data_dir.name}-start.log").open("wb")
        command = [sys.executable, "app.py", "--data-dir", str(data_dir), "--port", str(port)]
        self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=_ROOT)
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
        spent = self._watched.cpu_times()
        self.processor = spent.user + spent.system

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

    def things(self, html: str) -> list[tuple[float, int]]:
        """Press “find things”: seconds since the press and regions, after the first look (rough
        ones) and after each name."""
        token = html.split('data-photo="', 1)[1].split('"', 1)[0]
        results, names = self.config.component("explore-results"), _ROOM.split(", ")
        began = time.perf_counter()
        guessed = self.tab.call(results, "likely", {"photo": token, "names": names})
        names, steps = guessed["names"], [(time.perf_counter() - began, len(guessed["spots"]))]
        for number in range(1, len(names) + 1):
            ask = {"photo": token, "names": names[:number]}
            spots = self.tab.call(results, "things", ask)["spots"]
            steps.append((time.perf_counter() - began, len(spots)))
        return steps

    def memory(self) -> float:
        """Return the resident memory, GB."""
        return float(self._watched.memory_info().rss) / 1e9

    def stop(self) -> None:
        """End the server."""
        self._process.terminate()
        self._process.wait(30)


def taken(work: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def parts(count: int) -> list[Image.Image]:
    """Return different photos: parts of the demo's room photos."""
    files = sorted((_ROOT / "data" / "demo" / "rooms").glob("*.jpg"))
    photos = []
    for number in range(count):
        room = Image.open(files[number % len(files)]).convert("RGB")
        left = 4 * (number // len(files))
        photos.append(room.crop((left, 0, room.width, room.height)))
    return photos


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--searches", type=int, default=40)
    parser.add_argument("--pictures", type=int, default=10)
    given = parser.parse_args()
    studio = Studio(load_settings(data_dir=given.data_dir))
    if DEMO not in {info.name for info in studio.catalogs()}:
        studio.indexing.index_demo()
    gradio = taken(lambda: subprocess.run([sys.executable, "-c", "import gradio"], check=True))
    print(f"load {os.getloadavg()[0]:.1f}; `import gradio` takes {gradio:.1f} s")
    starts = []
    for number in range(given.starts):
        app = App(given.data_dir)
        starts.append((app.seconds, app.processor))
        if number < given.starts - 1:
            app.stop()
    for label, spent in zip(("clock", "processor"), zip(*starts, strict=True), strict=True):
        middle = statistics.median(spent)
        print(f"start to page, {label:9} {middle:5.1f} s, {middle / gradio:.1f} x gradio's import")
    try:
        app.open()
        print(f"memory with the page open   {app.memory():.2f} GB")
        print(f"first words                 {taken(lambda: app.words(_WORDS[0])):.2f} s")
        photos = parts(given.pictures)
        print(f"first picture               {taken(lambda: app.picture(photos[0])):.2f} s")
        later = [taken(lambda photo=photo: app.picture(photo)) for photo in photos[1:]]
        print(f"later pictures, median      {statistics.median(later):.2f} s   goal: 1.5")
        for number in range(given.searches):
            app.words(f"{_WORDS[number % len(_WORDS)]} {number}")
        print(f"memory after these searches {app.memory():.2f} GB")
        for label, photo in (("first", photos[0]), ("second", photos[1])):
            steps = app.things(app.picture(photo))
            rough, *sure = steps
            first = next((seconds for seconds, spots in sure if spots), None)
            shown = f"{first:.1f} s" if first else "none"
            print(
                f"things in a {label} room: {rough[1]} rough regions {rough[0]:.1f} s (goal: 2), "
                f"first exact one {shown}, all of {sure[-1][1]} {sure[-1][0]:.1f} s"
            )
        print(f"memory after all            {app.memory():.2f} GB   goal: 1.6")
    except Refused as error:
        print(f"refused: {error}")
    finally:
        app.stop()


if __name__ == "__main__":
    main()
