"""Queues have an end, and who meets it is told so, over real HTTP."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gradio.utils import LRUCache

import ui.web_app
from core.errors import StudioError
from core.people import Role
from tests.ui.security.served import API, Visitor, served, shop_in, with_people
from ui import queues
from ui.queues import SenderLimits
from ui.web_app import build_pages


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
        words = next(event["id"] for event in events if event["api_name"] == "search")
        other = next(event["id"] for event in events if event["api_name"] == "open_page")
        try:
            answers = [_join(visitor, words, "chair") for _ in range(12)]
            refused = [answer for answer in answers if answer.status_code != 200]
            assert refused
            assert {answer.json()["detail"] for answer in refused} == {queues.BUSY}
            assert _join(visitor, other, "").status_code == 200
        finally:
            gate.set()


def _join(visitor: Visitor, event: int, text: str) -> Any:
    fields = [text, "", [], [], [], None, None, "match", "clip", 20, True, True, True]
    more = ["", False, False, "", None, None]
    body = {"fn_index": event, "data": [*fields, *more], "session_hash": visitor.session}
    return visitor.http.post(f"{API}/queue/join", json=body)


def test_only_a_few_scripts_look_at_photos_at_once() -> None:
    begun, gate = threading.Semaphore(0), threading.Event()

    def look() -> bool:
        begun.release()
        return gate.wait(120)

    with ThreadPoolExecutor(4) as visitors:
        try:
            looks = [visitors.submit(queues.look_at_photo, look) for _ in range(4)]
            assert all(begun.acquire(timeout=30) for _ in looks)
            with pytest.raises(StudioError, match="try again in a moment"):
                queues.look_at_photo(look)
        finally:
            gate.set()
        assert all(entry.result(120) for entry in looks)
    assert queues.look_at_photo(lambda: "seen") == "seen"


def test_the_state_of_sessions_is_bounded(tmp_path: Path) -> None:
    pages = build_pages(shop_in(tmp_path))
    assert pages.state_holder.capacity == queues.SESSIONS


def test_one_person_does_not_fill_the_queue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "PER_PERSON", 3)
    monkeypatch.setattr(queues, "PER_ADDRESS", 3)
    shop, gate = with_people(shop_in(tmp_path)), threading.Event()
    answer = shop.search

    def search(*given: Any, **more: Any) -> Any:
        gate.wait(60)
        return answer(*given, **more)

    monkeypatch.setattr(shop, "search", search)
    with served(shop) as url:
        greedy, other = Visitor(url, Role.VIEWER), Visitor(url, Role.ANNOTATOR)
        events = greedy.config()["dependencies"]
        words = next(event["id"] for event in events if event["api_name"] == "search")
        try:
            statuses = []
            for number in range(16):
                greedy.session = f"page{number}"  # another page does not help
                statuses.append(_join(greedy, words, "chair"))
            refused = [status for status in statuses if status.status_code != 200]
            assert refused
            assert {status.json()["detail"] for status in refused} == {queues.TOO_MANY}
            assert _join(other, words, "chair").status_code == 200
        finally:
            gate.set()


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The pages that each served app was built with, filled when it starts."""
    pages: list[Any] = []
    build = ui.web_app.build_pages
    monkeypatch.setattr(
        ui.web_app, "build_pages", lambda shop: pages.append(build(shop)) or pages[-1]
    )
    return pages


def test_results_that_nobody_fetches_do_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: list[Any]
) -> None:
    monkeypatch.setattr(queues, "UNREAD", 4)
    monkeypatch.setattr(queues, "UNREAD_OF_ALL", 12)
    with served(shop_in(tmp_path)) as url:
        visitor = Visitor(url)
        fn = next(e["id"] for e in visitor.config()["dependencies"] if not e["inputs"])
        statuses = [visitor.join(fn, []).status_code for _ in range(6)]
        assert statuses == [200, 200, 200, 200, 400, 400]
        for number in range(20):
            visitor.session = f"page{number}"
            assert visitor.join(fn, []).status_code == 200
        unread = built[0]._queue.pending_event_ids_session
        assert sum(map(len, unread.values())) <= 13
        assert len(built[0]._queue.pending_messages_per_session) <= 13
        assert visitor.outcome()["success"]  # of the last page


def test_an_event_costs_no_summary_of_those_before(tmp_path: Path, built: list[Any]) -> None:
    """Gradio makes one for a page that is off here: 35 ms of processor time after 10,000 events."""
    with served(shop_in(tmp_path)) as url:
        visitor = Visitor(url)
        fn = next(e["id"] for e in visitor.config()["dependencies"] if not e["inputs"])
        for number in range(3):
            visitor.session = f"page{number}"
            assert visitor.join(fn, []).status_code == 200
            assert visitor.outcome()["success"]
    queue = built[0]._queue
    assert queue.events_recorded == 3
    assert len(queue.event_analytics) == 1
    assert queue.cached_event_analytics_summary == {"functions": {}}


def test_sessions_that_have_ended_are_forgotten() -> None:
    messages: LRUCache[str, Any] = LRUCache(2)
    messages["open"] = None
    queue = SimpleNamespace(
        pending_messages_per_session=messages, event_queue_per_concurrency_id={},
        pending_event_ids_session={f"closed{n}": set() for n in range(5)} | {"open": set()},
    )  # fmt: skip
    limits = SenderLimits(queue)
    with ThreadPoolExecutor(1) as thread:  # a browser test of this process may have a loop here
        assert thread.submit(asyncio.run, limits.admit("open", None)).result()
    assert set(queue.pending_event_ids_session) == {"open"}
