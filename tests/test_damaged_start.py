"""A studio over damaged parts, over real HTTP: it starts, every page answers, the rest works.

The parts: a catalogue with torn manifests, one whose folder is a file, a half-written engine
recipe, checkpoints that are cut short or not there, rows that can't be decoded, a lost photo, and
links that name what is not there.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import uvicorn

import app
from core.app.studio import Studio
from core.settings import SHIPPED, load_settings
from tests import whole
from tests.command import command
from tests.core.store.damaged import cut_manifests
from tests.core.store.test_row_decoding import repeat, spoil
from tests.ui.security.served import API, run_app
from ui import web_app

TITLES = whole.TITLES


def fill_whole(data: Path) -> None:
    """Make a whole catalogue, with a row and a set that can't be decoded, and a lost photo."""
    catalog = whole.fill(data)
    spoil(catalog.store, "items", "item_id = 'i-1'", attributes="{")
    repeat(catalog.store, "judgment_sets", set_id="broken", payload="{")
    photo = catalog.store.item("i-2").photo
    catalog.images.path(photo.sha256).unlink()


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("damaged") / "data"
    data.mkdir()
    for name in ("torn", "file"):
        whole.fill(data, name, "2099-01-01")
    fill_whole(data)
    cut_manifests(data / "catalogs" / "torn" / "lance" / "items.lance")
    shutil.rmtree(data / "catalogs" / "file" / "lance")
    (data / "catalogs" / "file" / "lance").write_text("a file")
    recipe = (SHIPPED / "engines" / "vl-clip.toml").read_text("utf-8")
    (data / "engines" / "half").mkdir(parents=True)
    (data / "engines" / "half" / "engine.toml").write_text(recipe[:100])
    adapted = recipe.replace('loader = "compact"', 'loader = "adapted"')
    for name in ("cut", "empty"):
        tuned = data / "engines" / name
        shutil.copytree(SHIPPED / "towers" / "text", tuned)
        (tuned / "engine.toml").write_text(
            adapted.replace('model = "clip-vit-b-16"', 'model = "."').replace("VL-CLIP", name)
        )
    (data / "engines" / "cut" / "model.safetensors").write_bytes(b"cut")
    (data / "engines" / "empty" / "model.safetensors").unlink()
    return data


@dataclass(frozen=True, slots=True)
class Served:
    """The running studio: its folder, and a client that sends what pages send."""

    data: Path
    http: httpx.Client
    config: dict[str, Any]

    def ask(self, event: int, given: list[object], link: str = "", sent: Any = None) -> list[Any]:
        """Run the handler of one event as a browser does; gives its outputs, or its error."""
        session = uuid.uuid4().hex
        body = {"data": given, "fn_index": event, "session_hash": session, "event_data": sent}
        self.http.post(f"{API}/queue/join?{link}", json=body).raise_for_status()
        query, said = {"session_hash": session}, list[Any]()
        with self.http.stream("GET", f"{API}/queue/data", params=query) as lines:
            for line in lines.iter_lines():
                message = json.loads(line[5:]) if line.startswith("data:") else {}
                if message.get("msg") == "log":  # what pops up
                    said.append(message["log"])
                if message.get("msg") == "process_completed":
                    output = message["output"]
                    return said + (output["data"] if message["success"] else [output["error"]])
        raise AssertionError("the stream ended without an answer")

    def open(self, page: str, link: str = "") -> str:
        """Open a page by a link; gives everything that it then shows."""
        assert self.http.get(f"/{page}?{link}").status_code == 200
        mine = self.config["page"][page]["dependencies"]
        loads = [
            entry for entry in self.config["dependencies"]
            if entry["id"] in mine and any(event == "load" for _, event in entry["targets"])
        ]  # fmt: skip
        assert loads or page == "credits"
        shown = [str(part) for entry in loads for part in self.ask(entry["id"], [], link)]
        return unescape("\n".join(shown))

    def search(self, page: str, **fields: object) -> str:
        """Search with some of the fields of a search page."""
        parts = {part["id"]: part["props"] for part in self.config["components"]}
        mine = self.config["page"][page]["dependencies"]
        event = next(
            entry for entry in self.config["dependencies"]
            if entry["id"] in mine and str(entry["api_name"]).startswith("search")
        )  # fmt: skip
        names = [str(parts[n].get("elem_id") or "").rpartition("-")[2] for n in event["inputs"]]
        values = [parts[number].get("value") for number in event["inputs"]]
        given = [fields.pop(name, value) for name, value in zip(names, values, strict=True)]
        assert not fields
        return unescape("\n".join(map(str, self.ask(event["id"], given))))


@pytest.fixture(scope="module")
def served(damaged: Path) -> Iterator[Served]:
    """The studio as ``python app.py`` starts it, in this process."""
    made: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(damaged / "temporary"))
        patch.setattr(uvicorn.Server, "run", lambda server: made.append(server.config.app))
        patch.setattr("core.base.threads.limit_threads", lambda *_, **__: None)
        app.serve(Studio(load_settings(data_dir=damaged)))
    with run_app(made[0]) as url, httpx.Client(base_url=url, timeout=60) as http:
        yield Served(damaged, http, http.get("/config").json())


PAGES = ("", *(path.removeprefix("/") for _, path, _ in web_app.PAGES), "credits")
#: Pages that show a catalogue's items, or nothing where it is damaged.
OF_ITEMS = ("", "explore", "compare", "inspect")
ODD = "&".join(
    f"{name}={quote(value)}"
    for name in ("q", "minus", "item", "example", "region", "from", "to", "sort", "k", "cutoff",
                 "department", "type", "attribute", "engine", "catalog", "set", "first", "report",
                 "find", "photo", "__theme")
    for value in ("../../etc/passwd", "\0", "'; drop table items", "9" * 400, "<script>", "ü🪑:")
)  # fmt: skip


def test_the_pages_are_those_of_the_app(served: Served) -> None:
    assert tuple(path for path, *_ in served.config["pages"]) == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_every_page_shows_the_catalogue_that_is_whole(served: Served, page: str) -> None:
    for link in ("", "catalog=whole"):  # the default is none of the damaged ones
        shown = served.open(page, link)
        assert "went wrong" not in shown
        assert "whole" in shown or page == "credits"
        if page in ("explore", "inspect"):
            assert all(title in shown for title in TITLES), (link, shown)
    if page == "":  # another item is shown than the one whose photo is lost
        assert "How it works on one item" in shown
        assert "is not in the store" not in shown


@pytest.mark.parametrize("page", PAGES[:-1])
@pytest.mark.parametrize("broken", ["torn", "file"])
def test_every_page_names_a_damaged_catalogue_with_its_reason(
    served: Served, page: str, broken: str
) -> None:
    shown = served.open(page, f"catalog={broken}")
    assert "went wrong" not in shown
    assert str(served.data / "catalogs" / broken) in shown
    assert "can't be read" in shown


@pytest.mark.parametrize("page", PAGES[:-1])
def test_every_page_says_what_a_link_names_that_is_not_there(served: Served, page: str) -> None:
    assert "no catalogue “gone”" in served.open(page, "catalog=gone")
    odd = served.open(page, ODD)
    assert "went wrong" not in odd
    assert "<script>" not in odd.replace("“<script>", "")
    for link in ("item=gone&catalog=whole", "engine=half&q=chair&catalog=whole",
                 "set=gone&catalog=whole", "report=gone&catalog=whole"):  # fmt: skip
        assert "went wrong" not in served.open(page, link), link
    if page in OF_ITEMS[1:]:
        assert "no item “gone”" in served.open(page, "item=gone&catalog=whole")


@pytest.mark.parametrize("page", ["explore", "compare"])
def test_every_whole_engine_answers_and_the_broken_ones_are_named(
    served: Served, page: str
) -> None:
    shown = served.open(page)
    for name in ("half", "cut", "empty"):
        assert name in shown
    assert str(served.data / "engines" / "half" / "engine.toml") in shown
    for engine in ("clip", "vl-clip"):
        chosen: object = [engine] if page == "compare" else engine
        answer = served.search(page, query="chair", engines=chosen)
        assert TITLES[0] in answer, engine
    for engine in ("half", "cut", "empty"):
        link = f"q=chair&catalog=whole&engine={engine}"
        assert TITLES[0] in served.open(page, link)  # another engine answers


def test_an_item_with_a_lost_photo_or_a_broken_row_hides_no_other(served: Served) -> None:
    for number, title in enumerate(TITLES[:2]):
        assert title in served.open("inspect", f"item=i-{number}&catalog=whole")
    assert "is not in the store" in served.open("inspect", "item=i-2&catalog=whole")
    shown = served.open("explore", "q=chair&catalog=whole")
    pictures = {part.split('"')[0] for part in shown.split('src="')[1:] if "/media/" in part}
    statuses = [served.http.get(path).status_code for path in sorted(pictures)]
    assert set(statuses) <= {200}  # thumbnails; only the full picture is lost


def test_catalog_lists_what_is_damaged_with_its_reason(served: Served) -> None:
    html = served.open("catalog")
    assert html.count("Damaged.") == 2
    assert str(served.data / "catalogs" / "torn" / "lance" / "items.lance") in html
    assert "Whole" in html


def test_commands_work_and_name_what_is_damaged(damaged: Path) -> None:
    data = ("--data-dir", str(damaged))
    info = command("info", *data)
    assert info.returncode == 0, info.stderr
    assert str(damaged / "catalogs" / "torn" / "lance" / "items.lance") in info.stdout
    assert str(damaged / "engines" / "half" / "engine.toml") in info.stdout
    search = command("search", "chair", "-k", "3", *data)
    assert search.returncode == 0, search.stderr
    assert "3 hits" in search.stdout
    torn = command("search", "chair", "--catalog", "torn", *data)
    assert torn.returncode == 2
    table = damaged / "catalogs" / "torn" / "lance" / "items.lance"
    assert torn.stderr.startswith(
        "Error: The table “items” of the catalogue “torn” can't be read ("
    )
    assert f"Put its folder {table} back from a backup." in torn.stderr
    assert len(torn.stderr.strip().splitlines()) == 1
    assert torn.stdout == ""
