"""Read the body of a shop's request within limits, and as strict JSON."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import ClientDisconnect, Request

from core.errors import EventsRefused

#: Longest body, bytes; 1,000 events have about 300,000.
MOST_BYTES = 2**20
#: Longest time for a body to arrive, seconds.
PATIENCE = 20.0
#: What pages send without a question beforehand (`sendBeacon`), and what programs send.
_KINDS = ("application/json", "text/plain")
_TOO_LONG = f"A body has {MOST_BYTES // 2**20} MB at most. Send the events in several batches."


async def read_body(request: Request) -> bytes:
    """Return the body.

    Raises:
        EventsRefused: It is too long, too slow, or of another kind than JSON.
        ClientDisconnect: The sender has gone.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _KINDS:
        raise EventsRefused("Send JSON (Content-Type: application/json).", 415)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise EventsRefused("Send the JSON without compression.", 415)
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise EventsRefused("The Content-Length is no number.", 400)
    if len(length) > 12 or int(length) > MOST_BYTES:
        raise EventsRefused(_TOO_LONG, 413)
    try:
        async with asyncio.timeout(PATIENCE):
            return await _read(request)
    except TimeoutError:
        raise EventsRefused("The body took too long to arrive. Send it again.", 408) from None


async def _read(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise EventsRefused(_TOO_LONG, 413)
        parts.append(part)
    return b"".join(parts)


def json_of(body: bytes) -> Any:
    """Return what a body says.

    Raises:
        EventsRefused: It is no JSON.
    """
    try:
        return json.loads(body)
    except RecursionError:
        raise EventsRefused("The JSON is nested too deeply.", 400) from None
    except ValueError as error:
        reason = str(error)[:100]
        raise EventsRefused(f"The body is no JSON: {reason}. Nothing was stored.", 400) from None


__all__ = ["ClientDisconnect", "json_of", "read_body"]
