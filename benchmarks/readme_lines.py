"""Run README's “Beyond one machine” as it is written: ``python -m benchmarks.readme_lines``.

The lines run one after another in one shell in the project's folder, best a fresh clone, with a
small ``items.parquet`` beside them. Then both servers are searched in Chromium, and two people
judge the same pairs, one on each. All processes are ended at last; what the lines print lies in
``readme-lines.log``. It takes the ports and the name of Ray's workers that the lines name, so run
it where no other Ray runs.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
from playwright.sync_api import sync_playwright

from benchmarks.judging_http import Annotator
from core.catalog.demo import demo_images_dir, demo_items_path
from core.domain import JudgmentQuery, Rules
from core.settings import load_settings
from tests.core.base.processes import descendants, is_running

ROOT = Path(__file__).parent.parent
CATALOG = "items"


def lines() -> list[str]:
    """Return the lines as they are written."""
    section = (ROOT / "README.md").read_text("utf-8").split("## Beyond one machine")[1]
    block = re.search(r"```\n(.*?)```", section, re.DOTALL)
    assert block is not None
    return block[1].strip().splitlines()


def write_feed(count: int) -> None:
    """Write ``items.parquet`` and its photos: chairs and other items of the demo."""
    with demo_items_path().open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["image"] and not row["group"]]
    rows.sort(key=lambda row: row["product_type"] != "chair")
    folder = ROOT / "photos"
    folder.mkdir(exist_ok=True)
    chosen = []
    for row in rows[:count]:
        name = Path(row["image"]).name
        shutil.copy(demo_images_dir() / row["image"], folder / name)
        chosen.append({"id": row["item_id"], "title": row["title"],
                       "product_type": row["product_type"], "image": name})  # fmt: skip
    pq.write_table(pa.Table.from_pylist(chosen), ROOT / "items.parquet")


class Below:
    """Remembers the processes below one, also those that leave it, and ends them."""

    def __init__(self, process: int) -> None:
        self._process, self._seen, self._ended = process, {process}, False
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended:
            for each in tuple(self._seen):
                self._seen |= descendants(each)
            time.sleep(0.5)

    def end(self) -> None:
        self._ended = True
        self._thread.join()
        for process in sorted(filter(is_running, self._seen)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


@contextmanager
def shell(log: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a shell; what was started in it is ended."""
    with log.open("w") as output:
        process = subprocess.Popen(
            ["bash"], cwd=ROOT, stdin=subprocess.PIPE, stdout=output, stderr=output, text=True,
            start_new_session=True,
        )  # fmt: skip
    below = Below(process.pid)
    try:
        yield process
    finally:
        below.end()
        process.wait()


def wait_for(log: Path, words: str, seconds: float = 580) -> None:
    end = time.monotonic() + seconds
    while words not in log.read_text():
        if time.monotonic() > end:
            raise SystemExit(log.read_text()[-3000:])
        time.sleep(0.3)


def wait_for_server(url: str, seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while True:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{url}/healthz", timeout=5).status_code == 200:
                return
        if time.monotonic() > end:
            raise SystemExit(f"{url} does not answer")
        time.sleep(0.5)


def search(urls: list[str], words: str) -> None:
    """Search on each server in a browser; print the first results."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for url in urls:
            page = browser.new_page()
            page.goto(f"{url}/explore?q={words}&catalog={CATALOG}")
            page.wait_for_selector("#explore-results img", timeout=120_000)
            pictures = page.locator("#explore-results img")
            names = [pictures.nth(n).get_attribute("alt") for n in range(min(3, pictures.count()))]
            print(f"{url}: {names}")


def judge(urls: list[str]) -> None:
    """Let a person on each server judge the same pairs; print who judged how many on which."""
    from core.app.studio import Studio

    studios = [Studio(load_settings(data_dir=ROOT / f"copies-{n}")) for n in (1, 2)]
    asked = [JudgmentQuery("q", text="chair")]
    made = studios[0].judging.create(
        "Chairs", asked, engines=["clip", "vl-clip"], depth=3, rules=Rules(overlap=2),
        catalog=CATALOG,
    )  # fmt: skip
    for url, who in zip(urls, ("ada", "ben"), strict=True):
        config = httpx.get(f"{url}/config", timeout=60).json()
        component = next(
            part["id"] for part in config["components"]
            if part["props"].get("elem_id") == "annotate"
        )  # fmt: skip
        annotator = Annotator(url, component, made.set_id, who, think=0.1, catalog=CATALOG)
        annotator.work(time.monotonic() + 60)
        print(f"{url}: {who} judged {len(annotator.seen.acknowledged)} of {len(made.pairs)} pairs;"
              f" errors: {annotator.seen.errors}")  # fmt: skip
    for number, studio in enumerate(studios, 1):
        labels = studio.judging.queue(CATALOG).current(made.set_id)
        people = [label.annotator for label in labels]
        print(f"copies-{number} reads { ({who: people.count(who) for who in sorted(people)}) }")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=24)
    asked = parser.parse_args()
    write_feed(asked.items)
    written, log = lines(), ROOT / "readme-lines.log"
    for line in written:
        if line.startswith("export "):
            os.environ |= dict(pair.split("=", 1) for pair in line.split()[1:])
    with shell(log) as process:
        assert process.stdin is not None
        begun = time.monotonic()
        for number, line in enumerate(written, 1):
            process.stdin.write(f"{line}\necho line {number} ended: $?\n")
            process.stdin.flush()
            wait_for(log, f"line {number} ended:")
            print(f"line {number}: {time.monotonic() - begun:.0f} s", flush=True)
        ports = re.findall(r"--port (\d+)", "\n".join(written))
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        for url in urls:
            wait_for_server(url)
        print(f"servers: {time.monotonic() - begun:.0f} s", flush=True)
        search(urls, "wooden chair")
        judge(urls)


if __name__ == "__main__":
    main()
