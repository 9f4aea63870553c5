"""Separate, bounded queues for words and for pictures."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import gradio as gr

from core.errors import StudioError
from ui.error_sentences import UNREADABLE
from ui.picture_threads import after_words
from ui.queue_polling import Polling
from ui.security.visitors import Visitor, visitor_of

T = TypeVar("T")
_log = logging.getLogger(__name__)

#: Queues shared by all pages: a picture takes a second or more, and words, which take milliseconds,
#: must not wait for it.
WORDS: dict[str, Any] = {"concurrency_id": "words", "concurrency_limit": 8}
PICTURES: dict[str, Any] = {"concurrency_id": "pictures", "concurrency_limit": 2}

#: Most waiting events, in one queue and in all.
LONGEST, LONGEST_OF_ALL = 64, 256
#: Most waiting events of one person, and of one address, which an office may share.
PER_PERSON, PER_ADDRESS = 32, 48
#: Most unfetched results, of one page and of all pages of one person or address.
UNREAD, UNREAD_OF_ALL = 64, 256
#: Most sessions whose state Gradio keeps, the latest used. Each page view begins one, and Gradio's
#: own limit of 10,000 takes gigabytes.
SESSIONS = 1_000
#: Most parallel calls of scripts that process photos; they wait in threads.
_LOOKS = threading.BoundedSemaphore(4)

BUSY = "Many people are searching; try again in a moment."
TOO_MANY = "You have asked for a lot at once. Wait for the answers, or load the page again."


def with_queues(pages: gr.Blocks) -> gr.Blocks:
    """Queue the pages' events, with a limit per queue and per person."""
    pages.state_session_capacity = SESSIONS
    for event in pages.fns.values():
        if event.concurrency_id == PICTURES["concurrency_id"] and event.fn is not None:
            event.fn = after_words(event.fn)
    queued: gr.Blocks = pages.queue(max_size=LONGEST_OF_ALL, default_concurrency_limit=4)
    queue = queued._queue
    push, limits, polling = queue.push, SenderLimits(queue), Polling(queue)

    async def bounded(body: Any, request: Any, username: str | None) -> Any:
        event = queued.fns.get(body.fn_index)
        if event is None:
            _log.warning("A request names the function %.100r, which no page has", body.fn_index)
            return False, UNREADABLE, "error"
        line = queue.event_queue_per_concurrency_id.get(event.concurrency_id)
        if line is not None and len(line.queue) >= LONGEST:
            return False, BUSY, "error"
        if not await limits.admit(body.session_hash, visitor_of(request)):
            return False, TOO_MANY, "error"
        polling.wake()
        return await push(body=body, request=request, username=username)

    queue.push = bounded  # type: ignore[method-assign]
    # Gradio sums up the latest 10,000 events after each event, for a monitoring page that is off.
    queue.ANALYTICS_MAX_EVENTS = 1
    queue.compute_analytics_summary = lambda records: {}  # type: ignore[method-assign]
    return queued


def waiting(pages: gr.Blocks) -> dict[str, int]:
    """Return the number of waiting events of words, of pictures and of all else."""
    counts = {"words": 0, "pictures": 0, "other": 0}
    for name, line in pages._queue.event_queue_per_concurrency_id.items():
        counts[name if name in counts else "other"] += len(line.queue)
    return counts


class SenderLimits:
    """Limits one person's waiting events in Gradio's queue, and their stored results.

    Gradio keeps the results of a session until its page fetches them, and the session's entry
    for ever.
    """

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self._senders: dict[str, str] = {}

    async def admit(self, session: str | None, visitor: Visitor | None) -> bool:
        """Record an event of a session; return whether its sender may send it."""
        who = visitor.sender if visitor else ""
        most = PER_PERSON if visitor and visitor.name else PER_ADDRESS
        unread: dict[str, set[str]] = self._queue.pending_event_ids_session
        if self._waiting(who) >= most:
            return False
        if len(unread.get(session or "", ())) >= UNREAD:
            return False
        self._forget_closed(unread)
        if session is not None:
            self._senders[session] = who
        mine = [name for name in unread if self._senders.get(name) == who and name != session]
        kept = sum(len(unread[name]) for name in mine)
        for name in mine:  # the oldest first
            if kept < UNREAD_OF_ALL:
                break
            kept -= len(unread[name])
            await self._queue.clean_events(session_hash=name)
            self._queue.pending_messages_per_session.pop(name, None)
            unread.pop(name, None)
        return True

    def _waiting(self, who: str) -> int:
        lines = self._queue.event_queue_per_concurrency_id.values()
        visitors = (visitor_of(event.request) for line in lines for event in line.queue)
        return sum(visitor is not None and visitor.sender == who for visitor in visitors)

    def _forget_closed(self, unread: dict[str, set[str]]) -> None:
        """Delete sessions whose messages Gradio has dropped, if there are many."""
        messages = self._queue.pending_messages_per_session
        if len(unread) > 2 * messages.max_size:
            for name in [name for name in unread if name not in messages]:
                del unread[name]
        if len(self._senders) > 2 * messages.max_size:
            self._senders = {name: who for name, who in self._senders.items() if name in unread}


def look_at_photo(look: Callable[..., T], *given: Any) -> T:
    """Look at a photo for a page's script; few do at once.

    Raises:
        StudioError: There are as many already.
    """
    if not _LOOKS.acquire(blocking=False):
        raise StudioError(BUSY)
    try:
        answer: T = after_words(look)(*given)
        return answer
    finally:
        _LOOKS.release()
