"""The gate in front of every route: refuses requests of people without any right."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from fastapi import Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.people import CLOSED, Action
from ui.render import render
from ui.signin.sign_in import SignIn

#: Addresses of signing in and out.
SIGN_IN, SIGN_OUT = "/login", "/logout"
#: Addresses open to everybody: the sign-in page, and the files of Gradio's own package.
PUBLIC = frozenset({SIGN_IN, SIGN_OUT, "/favicon.ico", "/robots.txt"})
PUBLIC_FOLDERS = ("/assets/", "/static/", "/svelte/")
#: Sentence for requests through a proxy to a studio without users.
PROXIED = (
    "This studio has no users and serves its own machine alone, and a proxy has handed this "
    "request on. Whoever runs it makes users first (python app.py users add NAME --role admin)."
)
#: No page is under it.
_API = "/gradio_api/"

_log = logging.getLogger(__name__)


class Gate:
    """ASGI middleware around the whole application; records the user for the layers behind it.

    Args:
        app: The application behind it.
        sign_in: Identifies the sender of a request.
    """

    def __init__(self, app: ASGIApp, sign_in: SignIn) -> None:
        self._app = app
        self._sign_in = sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request, people = HTTPConnection(scope), self._sign_in.people
        name = self._sign_in.user(request)
        scope.setdefault("state", {})["user"] = name
        if self._sign_in.stranger(request):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                _log.warning("A request came through a proxy: %s", PROXIED)
                await problem(request, PROXIED, 403)(scope, receive, send)
        elif people.may(name, Action.LOOK):
            await self._app(scope, receive, _private(send) if people.sign_in else send)
        elif is_public(scope["path"]):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._refusal(request)(scope, receive, send)

    def _refusal(self, request: HTTPConnection) -> Response:
        """Return the answer to a refused request: a page for people, JSON for programs."""
        navigates = wants_page(request) and not request.scope["path"].startswith(_API)
        headers = {"Cache-Control": "no-store"}
        if self._sign_in.people.closed:
            return problem(request, CLOSED, 503)
        if self._sign_in.by_password and navigates and request.scope["method"] in {"GET", "HEAD"}:
            query = request.scope["query_string"].decode("latin-1")
            wanted = request.scope["path"] + (f"?{query}" if query else "")
            to = SIGN_IN if wanted == "/" else f"{SIGN_IN}?{urlencode({'next': wanted})}"
            return RedirectResponse(to, 303, headers)
        if self._sign_in.by_password or not navigates:
            to = SIGN_IN if self._sign_in.by_password else "/"
            answer = {"error": "Sign in again.", "sign_in": to}
            return JSONResponse(answer, 401, headers)
        return problem(request, "Sign in first: the proxy in front names nobody.", 401)


def is_public(path: str) -> bool:
    """Tell whether an address is open to everybody, also without sign-in."""
    return path in PUBLIC or path.startswith(PUBLIC_FOLDERS)


def wants_page(request: HTTPConnection) -> bool:
    """Tell whether a browser requests a page, not a script an answer."""
    mode = request.headers.get("sec-fetch-mode", "navigate")
    return mode == "navigate" and "text/html" in request.headers.get("accept", "")


def problem(request: HTTPConnection, sentence: str, status: int) -> Response:
    """Return a sentence, as a page for people and as JSON for programs."""
    headers = {"Cache-Control": "no-store"}
    if wants_page(request):
        return Response(render("closed.html", sentence=sentence), status, headers, "text/html")
    return JSONResponse({"error": sentence, "sign_in": SIGN_IN}, status, headers)


def _private(send: Send) -> Send:
    """Keep answers for signed-in people out of shared caches, and pages out of every cache.

    A browser would show a kept page to whoever goes back to it after the sign-out.
    """

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            is_page = headers.get("content-type", "").startswith("text/html")
            headers.setdefault("Cache-Control", "private, no-store" if is_page else "private")
        await send(message)

    return guarded
