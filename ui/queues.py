"""Who waits for whom: queues of their own for words and for pictures, each with an end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr

from core.errors import StudioError

#: Queues of their own, on all pages together: a picture is looked at for a second or more, and
#: words, which take milliseconds, must not wait behind it.
WORDS: dict[str, Any] = {"concurrency_id": "words", "concurrency_limit": 8}
PICTURES: dict[str, Any] = {"concurrency_id": "pictures", "concurrency_limit": 2}

#: Most events that wait, in one queue and in all.
LONGEST, LONGEST_OF_ALL = 64, 256
#: Most sessions whose state Gradio keeps, the latest used. Each page view begins one, and Gradio's
#: own limit of 10,000 takes gigabytes.
SESSIONS = 1_000
#: Most calls of the pages' scripts that look at photos at once: they wait in threads.
_LOOKS = threading.BoundedSemaphore(4)

BUSY = "Many people are searching; try again in a moment."


def with_queues(pages: gr.Blocks) -> gr.Blocks:
    """Let the pages' events wait, a bounded number of them in each queue."""
    pages.state_session_capacity = SESSIONS
    queued: gr.Blocks = pages.queue(max_size=LONGEST_OF_ALL, default_concurrency_limit=4)
    queue = queued._queue
    push = queue.push

    async def bounded(body: Any, request: Any, username: str | None) -> Any:
        event = queued.fns.get(body.fn_index)
        line = queue.event_queue_per_concurrency_id.get(event.concurrency_id) if event else None
        if line is not None and len(line.queue) >= LONGEST:
            return False, BUSY, "error"
        return await push(body=body, request=request, username=username)

    queue.push = bounded  # type: ignore[method-assign]
    return queued


@contextmanager
def look_at_photo() -> Iterator[None]:
    """One of the few looks at photos that scripts may have under way.

    Raises:
        StudioError: There are as many already.
    """
    if not _LOOKS.acquire(blocking=False):
        raise StudioError(BUSY)
    try:
        yield
    finally:
        _LOOKS.release()
