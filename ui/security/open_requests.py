"""Limit one person's open requests: streams of events and running uploads."""

from __future__ import annotations

from collections import Counter

from starlette.types import ASGIApp, Receive, Scope, Send

from ui.security.asgi import refuse
from ui.security.visitors import Visitor

_PREFIX = "/gradio_api/"
#: Routes whose answers last as long as a page is open, or whose bodies take long.
_LONG = ("call/", "heartbeat/", "queue/data", "upload")
#: Most of them at once, of one person; and of one address, which may be that of an office.
PER_PERSON, PER_ADDRESS = 100, 400
MANY = "You have very many pages open. Close some, please, and load this one again."


class OpenRequestLimit:
    """Refuse a stream or an upload if its sender has too many open."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request while it lasts, and pass it on."""
        _, inside, route = scope.get("path", "").partition(_PREFIX)
        if scope["type"] != "http" or not inside or not route.startswith(_LONG):
            await self._app(scope, receive, send)
            return
        visitor: Visitor = scope["state"]["visitor"]
        if self._open[visitor.sender] >= (PER_PERSON if visitor.name else PER_ADDRESS):
            await refuse(scope, receive, send, 429, MANY)
            return
        self._open[visitor.sender] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open[visitor.sender] -= 1
            self._open += Counter()  # without those that have nothing open
