"""Sessions and events over real HTTP: whose they are, and how much of a name is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gradio.blocks import Block

import ui.web_app
from core.people import Role
from tests.ui.security.served import API, Visitor, served, shop_in
from ui import queues
from ui.security.page_sessions import LONGEST


def plain_event(visitor: Visitor) -> int:
    """Return a function that needs no values."""
    return next(e["id"] for e in visitor.config()["dependencies"] if not e["inputs"])


def test_an_event_is_read_by_who_began_it(guarded: str) -> None:
    mine, other = Visitor(guarded, Role.ANNOTATOR), Visitor(guarded, Role.VIEWER)
    event = mine.join(plain_event(mine), []).json()["event_id"]
    for name in (event, mine.session):  # Gradio looks for a session where it knows no such event
        for path in (f"call/load/{name}", f"call/load/{name}/"):
            answer = other.http.get(f"{API}/{path}")
            assert answer.status_code == 403, (path, answer.text)
    assert mine.outcome()["event_id"] == event


def test_an_event_is_ended_by_who_began_it(guarded: str) -> None:
    mine, other = Visitor(guarded, Role.ANNOTATOR), Visitor(guarded, Role.VIEWER)
    fn = plain_event(mine)
    event = mine.join(fn, []).json()["event_id"]
    body = {"session_hash": other.session, "fn_index": fn, "event_id": event, "data": []}
    for path in ("cancel", "reset", "queue/join"):
        assert other.http.post(f"{API}/{path}", json=body).status_code == 403, path
    for path in ("run/load", "api/load"):  # no page uses these routes: they are closed
        assert other.http.post(f"{API}/{path}", json=body).status_code == 404, path
    assert mine.outcome()["event_id"] == event
    body["session_hash"] = mine.session
    assert mine.http.post(f"{API}/cancel", json=body).status_code == 200


def test_a_program_reads_its_own_call(open_studio: str) -> None:
    visitor = Visitor(open_studio)
    entry = next(e for e in visitor.config()["dependencies"] if not e["inputs"])
    for cookies in (True, False):
        if not cookies:
            visitor.http.cookies.clear()
        path = f"{API}/call/{entry['api_name']}"
        event = visitor.http.post(path, json={"data": []}).json()["event_id"]
        if not cookies:
            visitor.http.cookies.clear()
        answer = visitor.http.get(f"{path}/{event}")
        assert answer.status_code == 200
        assert "event: complete" in answer.text


def test_no_long_name_is_kept(open_studio: str) -> None:
    """A name of megabytes for each of many sessions would fill the memory."""
    visitor, long = Visitor(open_studio), "x" * (LONGEST + 1)
    fn = plain_event(visitor)
    for body in ({"session_hash": long}, {"session_hash": visitor.session, "event_id": long}):
        sent = json.dumps({"fn_index": fn, "data": [], **body})
        answer = visitor.http.post(
            f"{API}/queue/join", content=sent, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 400, answer.text
        assert "100 characters" in answer.text
    for path in (
        f"queue/data?session_hash={long}", f"heartbeat/{long}", f"upload_progress?upload_id={long}"
    ):  # fmt: skip
        assert visitor.http.get(f"{API}/{path}").status_code == 400, path
    answer = visitor.http.post(f"{API}/upload?upload_id={long}", files=[("files", ("a.png", b""))])
    assert answer.status_code == 400


def test_a_page_view_copies_no_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gradio would copy that of all components for each view, on the event loop."""
    with served(shop_in(tmp_path)) as url:
        visitor = Visitor(url)
        parts = {part["id"]: part["props"] for part in visitor.config()["components"]}
        events = visitor.config()["dependencies"]
        search = next(event for event in events if event["api_name"] == "search")
        copied: list[str] = []
        copy = Block.get_config

        def counted(block: Block, *given: Any) -> Any:
            copied.append(type(block).__name__)
            return copy(block, *given)

        monkeypatch.setattr(Block, "get_config", counted)
        for number in range(3):
            visitor.session = f"view{number}"
            values = [parts[field].get("value") for field in search["inputs"]]
            assert visitor.join(search["id"], values).status_code == 200
            assert visitor.outcome()["success"]
        assert copied == []


def test_many_page_views_do_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    built: list[Any] = []
    build = ui.web_app.build_pages
    monkeypatch.setattr(queues, "SESSIONS", 3)
    monkeypatch.setattr(
        ui.web_app, "build_pages", lambda shop: built.append(build(shop)) or built[-1]
    )
    with served(shop_in(tmp_path)) as url:
        visitor = Visitor(url)
        fn = plain_event(visitor)
        for number in range(6):
            visitor.session = f"view{number}"
            assert visitor.join(fn, []).status_code == 200
            assert visitor.outcome()["success"]
        assert list(built[0].state_holder.session_data) == ["view3", "view4", "view5"]
    assert queues.SESSIONS <= 1_000
