"""Check the pages' events before Gradio gets them: routes, sizes, sessions, paths."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from gradio import Blocks
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.security.aliases import ALIAS, Aliases
from ui.security.asgi import header, refuse
from ui.security.page_sessions import LONGEST, Sessions
from ui.security.targets import Targets
from ui.security.visitors import Visitor

#: All of Gradio's own routes that the pages and programs need, below ``/gradio_api/``. Others
#: (running past the queue, fetching for the client, recordings, streams, deep links, editing the
#: app) are not there.
_ROUTES = frozenset(
    {"app_id", "call", "cancel", "component_server", "heartbeat", "info", "login_check",
     "openapi.json", "queue", "reset", "startup-events", "theme.css", "token", "upload",
     "upload_progress", "user"}
)  # fmt: skip
#: It fails on arguments that do not fit; ``/call/NAME`` answers them with a sentence.
_CLOSED = ("call", "v2")
_PREFIX = "/gradio_api/"
_FILE = "file="
#: Longest body of anything but an upload, bytes.
MOST_BYTES = 8 * 2**20
#: Longest time for such a body to arrive, seconds.
PATIENCE = 60.0
#: A body from this size on is read in a thread, so that others don't wait.
_LARGE = 64 * 2**10

NOT_UPLOADED = "This file was not uploaded here, or it is gone by now. Choose it again, please."


class EventGate:
    """Middleware that lets an event through only if all files that it names are the visitor's own.

    A path is checked wherever it is: in a field, in a list, in the event's data, in a server
    function's arguments. So a new input of a page needs no check of its own.
    """

    def __init__(self, app: ASGIApp, pages: Blocks, aliases: Aliases) -> None:
        self._app, self._aliases = app, aliases
        self._targets = Targets(pages)
        self._sessions, self._events = Sessions(), Sessions()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse events that fail a check; pass the others on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        _, inside, route = scope["path"].partition(_PREFIX)
        if inside and route.startswith(f"{_FILE}{ALIAS}/"):
            route = _FILE + self._aliases.inside(route[len(_FILE) :])
            scope = self._aliases.taken(scope, f"{_PREFIX}{route}")
        elif inside:
            send = self._aliases.hide(send)
        visitor: Visitor = scope["state"]["visitor"]
        problem = _size_problem(scope, route)
        if not problem and inside:
            problem = self._route_problem(scope, route, visitor)
        if problem:
            await refuse(scope, receive, send, *problem)
        elif inside and scope["method"] == "POST" and route.strip("/") != "upload":
            await self._event(scope, receive, send, visitor)
        else:
            await self._app(scope, receive, send)

    def _route_problem(
        self, scope: Scope, route: str, visitor: Visitor
    ) -> tuple[int, str] | None:  # fmt: skip
        if route.startswith(_FILE):
            return None if visitor.owns(route[len(_FILE) :]) else (404, NOT_UPLOADED)
        first, *more = route.strip("/").split("/")
        if first not in _ROUTES or (first, *more[:1]) == _CLOSED:
            return 404, "There is nothing here."
        query = parse_qs(scope["query_string"].decode("latin-1"))
        sessions = [*query.get("session_hash", []), *(more[:1] if first == "heartbeat" else [])]
        if any(len(name) > LONGEST for name in (*sessions, *query.get("upload_id", []))):
            return _TOO_LONG
        if not all(self._sessions.claim(name, _who(visitor)) for name in sessions):
            return _OTHER_SESSION
        # Gradio takes any event's id here, and a session's hash as well.
        reads = first == "call" and scope["method"] != "POST"
        if reads and not self._events.owns(more[-1] if more else "", _who(visitor)):
            return _OTHER_SESSION
        if scope["method"] == "POST" and first != "upload":
            kind = header(scope, "content-type").partition(";")[0].strip().lower()
            if kind != "application/json":
                return 415, "Events are sent as JSON."
        return None

    async def _event(self, scope: Scope, receive: Receive, send: Send, visitor: Visitor) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                body = await _read(receive)
        except TimeoutError:
            await refuse(scope, receive, send, 408, _SLOW)
            return
        if body is None:
            return  # the client has gone
        look = run_in_threadpool if len(body) > _LARGE else _at_once
        route = scope["path"].partition(_PREFIX)[2].strip("/")
        problem, body = await look(self._checked, route, body, visitor)
        if problem:
            await refuse(scope, receive, send, *problem)
            return
        sent = False

        async def replay() -> Message:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def note(message: Message) -> None:
            if message["type"] == "http.response.body":
                self._note(message.get("body", b""), visitor)
            await send(message)

        begins = scope["path"].partition(_PREFIX)[2].startswith(("call/", "queue/"))
        scope = {**scope, "headers": _of_length(scope["headers"], len(body))}
        await self._app(scope, replay, note if begins else send)

    def _note(self, answer: bytes, visitor: Visitor) -> None:
        """Record the owner of an event that Gradio has just given an id."""
        with suppress(ValueError, RecursionError):
            given = json.loads(answer)
            if isinstance(given, dict) and isinstance(given.get("event_id"), str):
                self._events.claim(given["event_id"], _who(visitor))

    def _checked(
        self, route: str, body: bytes, visitor: Visitor
    ) -> tuple[tuple[int, str] | None, bytes]:  # fmt: skip
        """Return the problem of a body, and the body with real paths."""
        try:
            event = json.loads(body) if body else None
        except (ValueError, RecursionError):
            return (400, "This is no JSON."), body
        if self._aliases.replace_in(event):
            body = json.dumps(event).encode()
        return self._event_problem(route, event, visitor), body

    def _event_problem(
        self, route: str, event: Any, visitor: Visitor
    ) -> tuple[int, str] | None:  # fmt: skip
        session, ended = map(event.get, _NAMES) if isinstance(event, dict) else (None, None)
        if any(isinstance(name, str) and len(name) > LONGEST for name in (session, ended)):
            return _TOO_LONG
        if isinstance(session, str) and not self._sessions.claim(session, _who(visitor)):
            return _OTHER_SESSION
        if isinstance(ended, str) and not self._events.owns(ended, _who(visitor)):
            return _OTHER_SESSION
        if not all(_own(entry, visitor) for entry in _file_entries(event)):
            return 403, NOT_UPLOADED
        return self._targets.problem(route, event)


#: Fields of a body that name the page's session, or an event to end or continue.
_NAMES = ("session_hash", "event_id")
_SLOW = "The request took too long to arrive. Try again, please."
_OTHER_SESSION = (403, "This page was opened by somebody else. Reload it, please.")
_TOO_LONG = (400, f"A name has {LONGEST} characters at most.")


def _who(visitor: Visitor) -> str:
    """Return the owner of a session; all programs without cookies are one owner."""
    return visitor.owner if visitor.has_cookie else f"no cookie, {visitor.name or 'nobody'}"


def _size_problem(scope: Scope, route: str) -> tuple[int, str] | None:
    """Check a body's length, which must be declared; uploads have a quota."""
    if header(scope, "transfer-encoding"):
        return 411, "The length of what is sent has to be known beforehand (Content-Length)."
    length = header(scope, "content-length") or "0"
    if not length.isascii() or not length.isdigit():
        return 400, "The Content-Length is no number."
    if int(length) > MOST_BYTES and route.strip("/") != "upload":
        return 413, f"That is too long: at most {MOST_BYTES // 2**20} MB."
    return None


def _file_entries(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every mapping with a path or a file marker, at any depth."""
    waiting = [value]
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, list):
            waiting.extend(entry)
        elif isinstance(entry, dict):
            meta = entry.get("meta")
            if "path" in entry or (isinstance(meta, dict) and "_type" in meta):
                yield entry
            waiting.extend(entry.values())


def _own(entry: dict[str, Any], visitor: Visitor) -> bool:
    """Tell whether a file entry names the visitor's own file and no other address."""
    path, url = entry.get("path"), entry.get("url")
    if path is None and not url:
        return True
    if not isinstance(path, str) or not visitor.owns(path):
        return False
    if not url:
        return True
    return isinstance(url, str) and unquote(urlsplit(url).path).endswith(f"{_PREFIX}{_FILE}{path}")


def _of_length(headers: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    return [(k, str(length).encode() if k == b"content-length" else v) for k, v in headers]


async def _read(receive: Receive) -> bytes | None:
    """Return the whole body; its length was checked before."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _at_once(look: Any, *given: Any) -> Any:
    return look(*given)
