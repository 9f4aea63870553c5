"""Answer HTTP requests in processes of Ray Serve; this module alone imports ``ray.serve``.

``pip install 'ray[client,serve]'`` installs it; nothing else needs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Protocol

from core.base.http_messages import Answer, Request, json_answer
from core.errors import SettingsError

#: Name of the application in Ray Serve.
NAME = "models"
#: Requests that one process has in hand at once; more wait in Ray.
_AT_ONCE = 8
_MISSING = "Ray Serve is not installed here. Install it: pip install 'ray[client,serve]'."


class Service(Protocol):
    """What answers requests; from several threads at once."""

    @property
    def most_bytes(self) -> int:
        """Longest request that is read."""
        ...

    def __call__(self, request: Request) -> Answer:
        """Answer a request."""
        ...


def check_installed() -> None:
    """Check that Ray Serve is there; raises ``SettingsError``."""
    if find_spec("ray") is None or find_spec("aiohttp") is None or find_spec("starlette") is None:
        raise SettingsError(_MISSING)


def start(make: Callable[[], Service], host: str, port: int, processes: int) -> None:
    """Start to answer requests in processes of the Ray that this process is connected with.

    Args:
        make: Makes the service, once in each process.
        host: Address to listen on.
        port: Port.
        processes: How many; each takes a processor core.

    Raises:
        SettingsError: Ray Serve is not installed, or did not start.
    """
    check_installed()
    try:
        from ray import serve
        from ray.exceptions import RayError
    except ImportError as error:
        raise SettingsError(_MISSING) from error
    try:
        serve.start(proxy_location="HeadOnly", http_options={"host": host, "port": port})
        process: Any = serve.deployment(_Process)
        deployment = process.options(
            num_replicas=processes, max_ongoing_requests=_AT_ONCE,
            ray_actor_options={"num_cpus": 1},
        )  # fmt: skip
        serve.run(deployment.bind(make), name=NAME, route_prefix="/")
    except (OSError, RuntimeError, ValueError, RayError) as error:
        reason = " ".join(str(error).split())[:300].rstrip(".")
        raise SettingsError(f"Ray Serve did not start: {reason}.") from error


class _Process:
    """What one process runs: the service, with its models."""

    def __init__(self, make: Callable[[], Service]) -> None:
        self._service = make()

    async def __call__(self, asked: Any) -> Any:
        """Answer a request of Starlette's."""
        from starlette.responses import Response

        body = bytearray()
        async for part in asked.stream():
            body += part
            if len(body) > self._service.most_bytes:
                answer = json_answer({"error": "The request is too long.", "kind": ""}, 413)
                return Response(answer.body, answer.status, media_type=answer.media_type)
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        request = Request(
            asked.url.path, bytes(body), token.strip() if scheme.lower() == "bearer" else "",
            tuple(asked.query_params.items()),
        )  # fmt: skip
        answer = await asyncio.to_thread(self._service, request)
        return Response(answer.body, answer.status, media_type=answer.media_type)
