"""Every page of the real app on a catalogue whose every text is markup: all of it stays text."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from core.app.studio import Studio
from core.domain import Item, JudgmentQuery, QuarantinedRow, Variant
from core.settings import load_settings
from core.store.items import ItemRecord
from core.store.meta import CatalogMeta
from tests import whole
from tests.core.experiments.made_logs import AB
from tests.ui.security.served import API, run_app
from ui.web_app import PAGES, build_app

#: Ends whatever it may stand in, then begins an element that no page has.
EVIL = "</script></style></textarea></title>'\" onvsx=1 --><vsx onvsx=1>{{vsx}}${vsx}<!--"
LINK = "javascript:vsx(1)"
LINKS: tuple[dict[str, str], ...] = (
    {"item": "i-0", "q": "chair"},
    {"item": f"i-0{EVIL}", "set": EVIL, "find": EVIL},
    {"q": EVIL, "department": EVIL, "attribute": f"{EVIL}:{EVIL}", "report": EVIL},
)


def hostile(item: Item) -> Item:
    """Put markup into each text of the item."""
    words = ("title", "description", "product_type", "department", "price", "group", "credit",
             "licence", "source")  # fmt: skip
    texts = {name: f"{name} {EVIL}" for name in words}
    return replace(
        item, item_id=f"{item.item_id}{EVIL}", url=LINK, licence_url=LINK, photo_links=(LINK,),
        attributes={f"colour{EVIL}": f"red{EVIL}"}, more_photos=(item.photo,),
        variants=(Variant(f"v{EVIL}", {f"Size{EVIL}": f"M{EVIL}"}, EVIL, LINK),), **texts,
    )  # fmt: skip


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    data = tmp_path_factory.mktemp("hostile") / "data"
    data.mkdir()
    store = whole.fill(data).store
    items = [store.item(f"i-{n}") for n in range(len(whole.TITLES))]
    store.items.upsert([ItemRecord(hostile(item), "row") for item in items])
    # Those that have vectors are found by words, too.
    store.items.upsert([ItemRecord(replace(hostile(i), item_id=i.item_id), "row") for i in items])
    store.items.index_words()
    store.quarantine.replace([QuarantinedRow(1, f"id{EVIL}", f"field{EVIL}", f"“{EVIL}” is bad.")])
    store.meta.write(CatalogMeta(f"title {EVIL}", updated="2026-01-01"))
    studio = Studio(load_settings(data_dir=data))
    studio.judging.create(
        f"set {EVIL}"[:80], (JudgmentQuery("q1", text=f"chair {EVIL}"),), engines=("clip",),
        depth=3, catalog=whole.NAME,
    )  # fmt: skip
    studio.experiments.create(replace(AB, name=f"name {EVIL}", catalog=whole.NAME))
    with run_app(build_app(studio)) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


class Markup(HTMLParser):
    """Collects what runs or leads away in a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("vsx", "script", "iframe", "object", "embed", "base", "meta"):
            self.problems.append(tag)
        for name, value in attrs:
            if name.startswith("on"):
                self.problems.append(f"{tag} {name}")
            if name in ("href", "src", "action", "formaction", "poster", "data"):
                scheme = urlsplit((value or "").strip()).scheme
                if scheme not in ("", "http", "https") and not (value or "").startswith("data:im"):
                    self.problems.append(f"{tag} {name}={value}")


def shown(http: httpx.Client, config: dict[str, Any], page: str, link: str) -> list[str]:
    """Return what the page's load events put into fields that show HTML, and what pops up."""
    kinds = {part["id"]: part["type"] for part in config["components"]}
    pieces: list[str] = []
    for event in config["dependencies"]:
        mine = event["id"] in config["page"][page]["dependencies"]
        if not (mine and any(kind == "load" for _, kind in event["targets"])):
            continue
        session = uuid.uuid4().hex
        body = {"data": [], "fn_index": event["id"], "session_hash": session}
        http.post(f"{API}/queue/join?{link}", json=body).raise_for_status()
        query = {"session_hash": session}
        with http.stream("GET", f"{API}/queue/data", params=query) as lines:
            for line in lines.iter_lines():
                message = json.loads(line[5:]) if line.startswith("data:") else {}
                if message.get("msg") == "log":
                    pieces.append(message["log"])
                if message.get("msg") == "process_completed":
                    output = message["output"]
                    assert message["success"], (page, link, output)
                    values = zip(event["outputs"], output["data"], strict=True)
                    pieces += [_html(v) for n, v in values if kinds[n] in ("html", "markdown")]
                    break
    return pieces


def _html(value: Any) -> str:
    return str(value.get("value") if isinstance(value, dict) else value)


def test_what_runs_would_be_seen() -> None:
    assert Markup(f'<p title="{EVIL}">').problems
    assert Markup(f"<a href='{LINK}'>").problems
    assert not Markup("<p title='&lt;vsx onvsx=1&gt;'>&lt;vsx&gt;</p>").problems


@pytest.mark.parametrize("page", ["", *(path.strip("/") for _, path, _ in PAGES)])
def test_no_text_of_a_catalogue_is_markup(http: httpx.Client, page: str) -> None:
    config = http.get("/config").json()
    seen = ""
    for link in LINKS:
        asked = urlencode({"catalog": whole.NAME, **link})
        for piece in shown(http, config, page, asked):
            assert not Markup(piece).problems, (page, link, Markup(piece).problems)
            seen += piece
    assert "vsx" in seen or page in ("annotate", "evaluate")  # there fields and scripts show it


def test_the_page_itself_and_its_files_hold_no_markup_of_a_catalogue(http: httpx.Client) -> None:
    for path in ("", *(path.strip("/") for _, path, _ in PAGES)):
        assert "<vsx" not in http.get(f"/{path}?" + urlencode({"catalog": EVIL, "q": EVIL})).text
    listed = http.get("/media/catalogs.json")
    assert listed.headers["Content-Type"] == "application/json"
    for link in ({"item": f"i-0{EVIL}", "as": "coco"}, {"item": EVIL, "as": EVIL}):
        answer = http.get("/media/grounding", params={"catalog": whole.NAME, **link})
        assert answer.headers["Content-Type"] == "application/json"
    left_out = http.get("/media/left-out.csv", params={"catalog": whole.NAME})
    assert left_out.headers["Content-Disposition"].startswith("attachment")
    assert "vsx" in left_out.text
