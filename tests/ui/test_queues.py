"""Queues have an end, and who meets it is told so, over real HTTP."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from core.errors import StudioError
from tests.ui.security.served import API, Visitor, served, shop_in
from ui import queues
from ui.app import build_pages


def test_a_full_queue_says_so_and_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "LONGEST", 1)
    shop, gate = shop_in(tmp_path), threading.Event()
    answer = shop.search

    def search(*given: Any, **more: Any) -> Any:
        gate.wait(60)
        return answer(*given, **more)

    monkeypatch.setattr(shop, "search", search)
    with served(shop) as url:
        visitor = Visitor(url)
        events = visitor.http.get("/config").json()["dependencies"]
        words = next(one["id"] for one in events if one["api_name"] == "search")
        other = next(one["id"] for one in events if one["api_name"] == "open_page")
        try:
            answers = [_join(visitor, words, "chair") for _ in range(12)]
            refused = [one for one in answers if one.status_code != 200]
            assert refused
            assert {one.json()["detail"] for one in refused} == {queues.BUSY}
            assert _join(visitor, other, "").status_code == 200
        finally:
            gate.set()


def _join(visitor: Visitor, event: int, text: str) -> Any:
    fields = [text, "", [], [], [], None, None, "match", "clip", 20, True, True, True, "", None]
    body = {"fn_index": event, "data": [*fields, None], "session_hash": visitor.session}
    return visitor.http.post(f"{API}/queue/join", json=body)


def test_only_a_few_scripts_look_at_photos_at_once() -> None:
    with ExitStack() as others:
        for _ in range(4):
            others.enter_context(queues.look_at_photo())
        with pytest.raises(StudioError, match="try again in a moment"):
            queues.look_at_photo().__enter__()
    with queues.look_at_photo():
        pass


def test_the_state_of_sessions_is_bounded(tmp_path: Path) -> None:
    pages = build_pages(shop_in(tmp_path))
    assert pages.state_holder.capacity == queues.SESSIONS
