"""Counts and times of one served studio, in the text format of Prometheus.

Labels are of fixed sets: no address, person, query, catalogue or engine of one's own is in them.
The library is optional (``pip install prometheus-client``) and imported here alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from importlib.util import find_spec

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.app.studio import Studio
from core.domain import SearchResult

#: Groups of addresses by their beginning.
_GROUPS = {
    "/media/": "picture",
    "/gradio_api/queue/data": "stream",
    "/gradio_api/heartbeat/": "stream",
    "/gradio_api/": "event",
    "/api/": "shop",
    "/assets/": "file",
    "/static/": "file",
    "/svelte/": "file",
}
#: Upper ends of the bars of times, seconds.
_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
#: Label of engines that do not ship: their names are their makers'.
OWN = "own"


def metrics_of(
    studio: Studio, pages: Collection[str], waiting: Callable[[], Mapping[str, int]]
) -> Metrics | None:
    """Return the counts of a studio; ``None`` where the library is not installed.

    Args:
        studio: The façade.
        pages: Addresses of the pages.
        waiting: Returns the number of waiting events by queue.
    """
    if find_spec("prometheus_client") is None:
        return None
    return Metrics(studio, pages, waiting)


class Metrics:
    """Counts requests and searches, and reads the rest when it is asked; see ``metrics_of``.

    Attributes:
        media_type: Type of the text.
    """

    def __init__(
        self, studio: Studio, pages: Collection[str], waiting: Callable[[], Mapping[str, int]]
    ) -> None:
        import prometheus_client as prometheus

        self._studio, self._pages, self._waiting = studio, frozenset(pages), waiting
        self._shipped = frozenset(
            path.stem for path in studio.settings.shipped.glob("engines/*.toml")
        )
        self._generate = prometheus.generate_latest
        self.media_type: str = prometheus.CONTENT_TYPE_LATEST
        self._registry = registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=registry)
        prometheus.PlatformCollector(registry=registry)
        prometheus.GCCollector(registry=registry)
        self._requests = prometheus.Counter(
            "vlclip_http_requests", "Answered requests by kind of address and status.",
            ["group", "status"], registry=registry,
        )  # fmt: skip
        self._seconds = prometheus.Histogram(
            "vlclip_http_request_seconds", "Time until an answer was sent, without streams.",
            ["group"], buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._open = prometheus.Gauge(
            "vlclip_http_open_requests", "Requests under way; streams are open pages.",
            ["group"], registry=registry,
        )  # fmt: skip
        self._searches = prometheus.Histogram(
            "vlclip_search_seconds", "Time of a search by engine and step: encode, search.",
            ["engine", "step"], buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._queued = prometheus.Gauge(
            "vlclip_queue_waiting", "Waiting events of pages by queue.", ["queue"],
            registry=registry,
        )  # fmt: skip
        self._jobs = prometheus.Gauge(
            "vlclip_jobs_running", "Long jobs of this process.", registry=registry
        )
        self._ready = prometheus.Gauge(
            "vlclip_ready", "1 where /readyz answers 200, else 0.", registry=registry
        )
        studio.on_search = self._searched

    async def counted(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and count it."""
        group, status = self.group_of(scope["path"]), 500
        started = time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._open.labels(group).inc()
        try:
            await app(scope, receive, noted)
        finally:
            self._open.labels(group).dec()
            self._requests.labels(group, f"{status // 100}xx").inc()
            if group != "stream":
                self._seconds.labels(group).observe(time.perf_counter() - started)

    def group_of(self, path: str) -> str:
        """Return the kind of an address."""
        if path in self._pages:
            return "page"
        beginnings = (group for start, group in _GROUPS.items() if path.startswith(start))
        return next(beginnings, "other")

    def text(self) -> bytes:
        """Return all metrics as text."""
        for queue, number in self._waiting().items():
            self._queued.labels(queue).set(number)
        self._jobs.set(self._studio.jobs.running)
        self._ready.set(not self._studio.readiness.problem())
        text: bytes = self._generate(self._registry)
        return text

    def _searched(self, result: SearchResult) -> None:
        engine = result.engine if result.engine in self._shipped else OWN
        self._searches.labels(engine, "encode").observe(result.encode_ms / 1000)
        self._searches.labels(engine, "search").observe(result.search_ms / 1000)
