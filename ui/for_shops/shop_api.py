"""``/api/v1/events``, ``/api/v1/assignment``, ``/api/v1/shop.js``: the API for shops.

It has tokens instead of sign-in and cookies, so it stands beside the pages and their checks. Pages
of other origins reach it only where ``VLCLIP_EVENT_ORIGINS`` names them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.app.studio import Studio
from core.app.taking_events import EventIntake, Sender
from core.errors import EventsRefused, ExperimentError, NotSaved, StudioError
from ui.for_shops.shop_bodies import json_of, read_body

EVENTS, ASSIGNMENT = "/api/v1/events", "/api/v1/assignment"
SCRIPT = "/api/v1/shop.js"
#: Parameter of a page's token, which a page can't send as a header without asking beforehand.
KEY = "key"
#: Requests at once; more are asked to come again. Each may hold a body of 1 MB.
MOST_AT_ONCE = 64
#: Threads that check and write.
_THREADS = 8
_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_METHODS = {EVENTS: ("POST",), ASSIGNMENT: ("GET", "POST"), SCRIPT: ("GET",)}
#: How long a page may use the script without asking again, seconds.
_SCRIPT_LIFE = 300
_NO_TRACKING = "The visitor asked not to be recorded (DNT, Sec-GPC); nothing was stored."
_FAILED = "Something went wrong here; the log says what. Send it again."
_log = logging.getLogger(__name__)


class ShopApi:
    """ASGI middleware that answers the API's addresses and passes on all others.

    Args:
        app: The application of the pages.
        studio: The façade.
    """

    def __init__(self, app: ASGIApp, studio: Studio) -> None:
        self._app, self._studio = app, studio
        self._open = 0
        self._limiter: anyio.CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request to the API."""
        if scope["type"] != "http" or scope["path"] not in _METHODS:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._answered(request)
        except ClientDisconnect:
            return
        for name, value in (_SECURITY | self._cors(request)).items():
            response.headers.setdefault(name, value)
        await response(scope, receive, send)

    async def _answered(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except EventsRefused as error:
            return _problem(str(error), error.status, error.wait)
        except NotSaved as error:
            return _problem(str(error), 503, 2)
        except ExperimentError as error:
            return _problem(str(error), 400)
        except ClientDisconnect:
            raise
        except StudioError as error:  # of this studio's files: the shop can't mend it
            _log.error("A request of a shop failed: %s", error)
            return _problem(_FAILED, 503, 5)
        except Exception:
            _log.exception("A request of a shop failed")
            return _problem(_FAILED, 500, 5)

    async def _answer(self, request: Request) -> Response:
        methods = _METHODS[request.scope["path"]]
        origin = request.headers.get("origin", "")
        if origin and not self._intake.allows_origin(origin):
            raise EventsRefused(
                f"Pages of {origin[:100]} may not use this studio. Whoever runs it sets "
                "VLCLIP_EVENT_ORIGINS to the shop's address.", 403,
            )  # fmt: skip
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": ", ".join((*methods, "OPTIONS"))})
        if request.method not in methods:
            raise EventsRefused(f"Use {' or '.join(methods)} here.", 405)
        if self._open >= MOST_AT_ONCE:
            raise EventsRefused("Many shops are sending right now. Send it again.", 503, 1)
        self._open += 1
        try:
            return await self._permitted(request, origin)
        finally:
            self._open -= 1

    async def _permitted(self, request: Request, origin: str) -> Response:
        """Check the token before the body is read, then do what is asked."""
        if request.scope["path"] == SCRIPT:
            key = request.query_params.get(KEY, "")
            headers = {"Cache-Control": f"public, max-age={_SCRIPT_LIFE}"}
            return Response(self._intake.script(key), 200, headers, "text/javascript")
        bearer, in_url = _bearer(request), request.query_params.get(KEY, "")
        address = request.client.host if request.client else ""
        sender = self._intake.sender(
            bearer or in_url, address, origin=origin, in_url=bool(in_url and not bearer)
        )
        body = await read_body(request) if request.method == "POST" else b""
        if request.scope["path"] == ASSIGNMENT:
            return await self._run(lambda: self._assigned(request, sender, body))
        if origin and "1" in (request.headers.get("dnt"), request.headers.get("sec-gpc")):
            return JSONResponse({"stored": 0, "repeated": 0, "note": _NO_TRACKING})
        return await self._run(lambda: self._intake.take(sender, json_of(body)).as_json())

    def _assigned(self, request: Request, sender: Sender, body: bytes) -> dict[str, Any]:
        given = json_of(body) if body else _from_query(request)
        if not isinstance(given, Mapping):
            raise EventsRefused('Send {"experiment": …, "unit": …, "attributes": {…}}.', 400)
        units = given["units"] if isinstance(given.get("units"), list) else [given.get("unit")]
        attributes, experiment = given.get("attributes") or {}, given.get("experiment") or ""
        if not isinstance(attributes, Mapping) or not isinstance(experiment, str):
            raise EventsRefused("“attributes” is an object of texts, “experiment” a text.", 400)
        answers = self._intake.assigned(sender, units, experiment, attributes)
        return {"assignments": [answer.as_json() for answer in answers]}

    async def _run(self, work: Callable[[], dict[str, Any]]) -> Response:
        """Work in a thread of the API's own, so that shops and pages don't wait for each other."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(_THREADS)
        return JSONResponse(await anyio.to_thread.run_sync(work, limiter=self._limiter))

    def _cors(self, request: Request) -> dict[str, str]:
        origin = request.headers.get("origin", "")
        if not origin or not self._intake.allows_origin(origin):
            return {"Vary": "Origin"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": ", ".join(_METHODS[request.scope["path"]]),
            "Access-Control-Allow-Headers": "authorization, content-type",
            "Access-Control-Max-Age": "600",
            "Vary": "Origin",
        }

    @property
    def _intake(self) -> EventIntake:
        return self._studio.intake


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _from_query(request: Request) -> dict[str, Any]:
    """Return what an address asks: all other parameters are attributes of the unit."""
    query = request.query_params
    own = {"experiment", "unit", KEY}
    attributes = {name: value for name, value in query.items() if name not in own}
    return {**{name: query.get(name) for name in own}, "attributes": attributes}


def _problem(sentence: str, status: int, wait: int = 0) -> Response:
    headers = {"Retry-After": str(wait)} if wait else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"error": sentence}, status, headers)
