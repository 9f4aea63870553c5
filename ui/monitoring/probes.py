"""``/healthz``, ``/readyz`` and ``/metrics``: for load balancers, orchestrators and Prometheus.

They ask by address and without cookies, so these stand beside the pages' checks of names and people
and tell nothing private. Metrics are for programs on this machine, or with a token.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import logging
from collections.abc import Callable
from typing import TypeVar

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.app.studio import Studio
from core.settings import LOOPBACK
from ui.monitoring.prometheus_metrics import Metrics

T = TypeVar("T")

HEALTH, READY, METRICS = "/healthz", "/readyz", "/metrics"
#: How long a check of the data directory may take, seconds; a disk in the network may hang.
PATIENCE = 2.0
_THREADS = 4
_PATHS = (HEALTH, READY, METRICS)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_SLOW = "The data directory does not answer."
_LOCAL_ONLY = (
    "Metrics are read on this machine only, and not through a proxy. Whoever runs the studio sets "
    "VLCLIP_METRICS_TOKEN for others."
)
_WRONG = "Send Authorization: Bearer TOKEN with the token of VLCLIP_METRICS_TOKEN."
_MISSING = "There are no metrics here: pip install prometheus-client, then start the studio again."
_log = logging.getLogger(__name__)


class Probes:
    """ASGI middleware that answers the three addresses, passes on all others and counts them.

    Args:
        app: The application behind it.
        studio: The façade.
        metrics: The counts; ``None`` where the library is missing.
    """

    def __init__(self, app: ASGIApp, studio: Studio, metrics: Metrics | None) -> None:
        self._app, self._studio, self._metrics = app, studio, metrics
        self._check: asyncio.Task[str] | None = None
        self._limiter: anyio.CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a probe, or count a request and pass it on."""
        if scope["type"] == "http" and scope["path"] in _PATHS:
            response = await self._answer(Request(scope))
            response.headers.update(_HEADERS)
            await response(scope, receive, send)
        elif scope["type"] == "http" and self._metrics is not None:
            await self._metrics.counted(self._app, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return _problem("Use GET here.", 405, {"Allow": "GET, HEAD"})
        if request.scope["path"] == HEALTH:
            return JSONResponse({"status": "ok"})
        if request.scope["path"] == READY:
            if problem := await self._problem():
                return _problem(problem, 503, {"Retry-After": "5"})
            return JSONResponse({"status": "ready"})
        return await self._measured(request)

    async def _problem(self) -> str:
        """Return why this server can't answer; all who ask at once share one check."""
        if self._check is None or self._check.done():
            self._check = asyncio.create_task(self._checked())
        done, _ = await asyncio.wait({self._check}, timeout=PATIENCE)
        return self._check.result() if done else _SLOW

    async def _checked(self) -> str:
        try:
            return await self._in_thread(self._studio.readiness.problem)
        except Exception:
            _log.exception("The readiness could not be checked")
            return "The check itself failed; the log says why."

    async def _measured(self, request: Request) -> Response:
        """Return the metrics to whoever may read them."""
        expected = self._studio.settings.metrics_token
        if expected is None and not _is_local(request):
            return _problem(_LOCAL_ONLY, 403)
        if expected is not None and not _same(_bearer(request), expected.get_secret_value()):
            return _problem(_WRONG, 401, {"WWW-Authenticate": "Bearer"})
        if self._metrics is None:
            return _problem(_MISSING, 501)
        text = await self._in_thread(self._metrics.text)
        return PlainTextResponse(text, media_type=self._metrics.media_type)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Work in threads of the probes' own, which busy pages can't take."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(_THREADS)
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)


def _is_local(request: Request) -> bool:
    """Tell whether a program on this machine asks, and neither a proxy nor a rebound name."""
    client = request.client.host if request.client else ""
    if request.scope.get("state", {}).get("proxied") or request.url.hostname not in LOOPBACK:
        return False
    try:
        return ipaddress.ip_address(client).is_loopback
    except ValueError:
        return False


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _same(shown: str, expected: str) -> bool:
    hashes = [hashlib.sha256(text.encode()).digest() for text in (shown, expected)]
    return hmac.compare_digest(*hashes)


def _problem(sentence: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": sentence}, status, headers)
