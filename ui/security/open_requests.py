"""Limit one person's open requests: streams of events and running uploads."""

from __future__ import annotations

from collections import Counter

from starlette.types import ASGIApp, Receive, Scope, Send

from ui.security.asgi import refuse
from ui.security.visitors import Visitor

_PREFIX = "/gradio_api/"
#: Routes whose answers last as long as a page is open, or whose bodies take long.
_LONG = ("call/", "heartbeat/", "queue/data", "upload")
#: Routes whose bodies are kept in memory until they are whole. So many bytes count as a request.
_KEPT, _BYTES = ("call/", "component_server", "queue/join", "run/"), 100_000
#: Most of them at once, of one person; and of one address, which may be that of an office.
PER_PERSON, PER_ADDRESS = 100, 400
MANY = "You have very many pages or requests open. Close some, please, and load this one again."


class OpenRequestLimit:
    """Refuse a stream or an upload if its sender has too many open."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request while it lasts, and pass it on."""
        _, inside, route = scope.get("path", "").partition(_PREFIX)
        if scope["type"] != "http" or not inside or not route.startswith(_LONG + _KEPT):
            await self._app(scope, receive, send)
            return
        visitor: Visitor = scope["state"]["visitor"]
        cost = 1 + (_length(scope) // _BYTES if route.startswith(_KEPT) else 0)
        if self._open[visitor.sender] + cost > (PER_PERSON if visitor.name else PER_ADDRESS):
            await refuse(scope, receive, send, 429, MANY)
            return
        self._open[visitor.sender] += cost
        try:
            await self._app(scope, receive, send)
        finally:
            self._open[visitor.sender] -= cost
            self._open += Counter()  # without those that have nothing open


def _length(scope: Scope) -> int:
    """Return the length that a request says its body has, bytes."""
    length = dict(scope["headers"]).get(b"content-length", b"")
    return int(length) if length.isdigit() else 0
