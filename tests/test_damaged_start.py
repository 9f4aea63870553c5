"""A real server over damaged parts: it starts, every page answers, a search works.

The parts: a later catalogue with torn manifests, one whose folder is a file, a half-written engine
recipe, and a checkpoint that is cut short.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.settings import SHIPPED
from tests.core.store.damaged import cut_manifests, fill

ROOT = Path(__file__).parent.parent
PAGES = ("", "explore", "compare", "inspect", "annotate", "evaluate", "catalog", "credits")
SECONDS = 180


@pytest.fixture(scope="module")
def damaged(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = shutil.copytree(demo_data, tmp_path_factory.mktemp("damaged") / "data")
    for name in ("torn", "file"):
        fill(data, name, "2099-01-01")
    cut_manifests(data / "catalogs" / "torn" / "lance" / "items.lance")
    shutil.rmtree(data / "catalogs" / "file" / "lance")
    (data / "catalogs" / "file" / "lance").write_text("a file")
    recipe = (SHIPPED / "engines" / "vl-clip.toml").read_text("utf-8")
    (data / "engines" / "half").mkdir(parents=True)
    (data / "engines" / "half" / "engine.toml").write_text(recipe[:100])
    tuned = data / "engines" / "tuned"
    shutil.copytree(SHIPPED / "towers" / "text", tuned)
    adapted = recipe.replace('loader = "compact"', 'loader = "adapted"')
    (tuned / "engine.toml").write_text(adapted.replace('model = "clip-vit-b-16"', 'model = "."'))
    (tuned / "model.safetensors").write_bytes(b"cut")
    return data


@pytest.fixture(scope="module")
def url(damaged: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GRADIO_SERVER")}
    server = subprocess.Popen(
        [sys.executable, "app.py", "--data-dir", str(damaged), "--port", str(port)],
        cwd=ROOT, env=environment,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}/"
    try:
        deadline = time.monotonic() + SECONDS
        while True:
            assert server.poll() is None, "the server ended"
            try:
                urllib.request.urlopen(address, timeout=10).close()
                break
            except (urllib.error.URLError, TimeoutError):
                assert time.monotonic() < deadline
                time.sleep(0.3)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def ask(url: str, trigger: str, event: str, **values: object) -> list[object]:
    """Run the handler of one event as a browser does; fields are named by the end of their id."""
    with httpx.Client(base_url=url, headers={"origin": url.rstrip("/")}, timeout=120) as http:
        config = http.get("config").json()
        components = {part["id"]: part for part in config["components"]}

        def name(number: int) -> str:
            return str(components[number]["props"].get("elem_id") or "")

        handler = next(
            entry
            for entry in config["dependencies"]
            if any(
                name(target) == trigger and by == event for target, by in entry["targets"] if target
            )
        )
        given = [
            values.get(name(number).rpartition("-")[2], components[number]["props"].get("value"))
            for number in handler["inputs"]
        ]
        session = uuid.uuid4().hex
        asked = {"data": given, "fn_index": handler["id"], "session_hash": session}
        http.post("gradio_api/queue/join", json=asked).raise_for_status()
        with http.stream("GET", "gradio_api/queue/data", params={"session_hash": session}) as lines:
            for line in lines.iter_lines():
                said = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
                if said.get("msg") == "process_completed":
                    assert said["success"], said
                    return list(said["output"]["data"])
    raise AssertionError("the stream ended without an answer")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_answers(url: str, page: str) -> None:
    with urllib.request.urlopen(url + page, timeout=60) as answer:
        assert answer.status == 200


def test_search_works_in_the_catalogue_that_is_whole(url: str) -> None:
    (html,) = ask(url, "explore-query", "submit", query="wooden chair")
    assert "chair" in str(html).lower()
    assert 'data-action="similar"' in str(html)
    assert "of 729 items" in str(html)


def test_catalog_lists_what_is_damaged_with_its_reason(url: str, damaged: Path) -> None:
    html = str(ask(url, "catalog-choice", "input", choice=None)[0])
    assert str(damaged / "catalogs" / "torn" / "lance" / "items.lance") in html
    assert str(damaged / "catalogs" / "file") in html
    assert html.count("Damaged.") == 2


def test_commands_work(damaged: Path) -> None:
    def command(*words: str) -> subprocess.CompletedProcess[str]:
        given = [sys.executable, "app.py", *words, "--data-dir", str(damaged)]
        return subprocess.run(given, cwd=ROOT, capture_output=True, text=True, check=False)

    said = command("info")
    assert said.returncode == 0, said.stderr
    assert str(damaged / "catalogs" / "torn" / "lance" / "items.lance") in said.stdout
    assert str(damaged / "engines" / "half" / "engine.toml") in said.stdout
    found = command("search", "wooden chair", "-k", "3")
    assert found.returncode == 0, found.stderr
    assert "3 hits" in found.stdout
    torn = command("search", "chair", "--catalog", "torn")
    assert torn.returncode == 2
    assert "Traceback" not in torn.stderr
    assert torn.stderr.startswith("Error: ")
