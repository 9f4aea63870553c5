"""A studio that nobody uses takes no processor, and one that is used answers at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from tests.ui.shop import Shop
from ui import queue_polling
from ui.queue_polling import OFTEN, SELDOM, Polling
from ui.web_app import build_pages


class Queue(list[str]):
    """What is read of Gradio's queue: how many events wait."""

    sleep_when_free = progress_update_sleep_when_free = 0.0


def test_it_looks_often_while_events_come_and_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_polling, "LULL", 0.01)
    queue = Queue()
    polling = Polling(queue)

    async def visited() -> None:
        assert queue.sleep_when_free == SELDOM
        polling.wake()
        queue.append("an event that waits for another one")
        await asyncio.sleep(0.05)
        assert queue.sleep_when_free == OFTEN
        queue.clear()
        while queue.sleep_when_free == OFTEN:  # ends after a lull
            await asyncio.sleep(0.005)

    asyncio.run(asyncio.wait_for(visited(), 60))
    assert queue.sleep_when_free == SELDOM


def test_an_event_of_the_pages_is_looked_for_at_once(shop: Shop) -> None:
    queue = build_pages(shop)._queue
    assert queue.sleep_when_free == SELDOM

    async def sent() -> Any:
        class Body:
            fn_index, session_hash = next(iter(queue.blocks.fns)), "tab"

        with suppress(AttributeError):  # Gradio goes on with a request, which is not there
            await queue.push(body=Body, request=None, username=None)
        return queue.sleep_when_free

    assert asyncio.run(sent()) == OFTEN
