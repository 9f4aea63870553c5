"""Limit the time for a request to arrive, and set the number of connections."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

#: Longest time for the head of a request to arrive, seconds.
HEAD = 30.0
#: Bytes of a body that have to come in three times as long, again and again until it is whole.
LEAST = 8_192
#: Requested limit of open files; many systems begin with 1,024.
_FILES = 16_384


class RequestTimeoutProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's protocol; closes a connection whose request does not arrive in time.

    The head has ``HEAD`` seconds. A body may take as long as it goes on coming; one that is looked
    at on its way has an end of its own before (``ui.security.events``).
    """

    _timer: asyncio.TimerHandle | None = None
    _body_of: Any = None
    _received = 0

    def connection_made(self, transport: Any) -> None:
        """Start the timer for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what has come; wait on where it is no whole request yet."""
        super().data_received(data)
        self._received += len(data)
        if self._is_idle():
            self._wait()
        elif not self.cycle.more_body:
            self._stop()
        elif self._body_of is not self.cycle:
            self._body_of, self._received = self.cycle, 0
            self._stop()
            self._wait(3 * HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop()
        super().connection_lost(exc)

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _wait(self, seconds: float | None = None) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(seconds or HEAD, self._hang_up)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hang_up(self) -> None:
        self._timer = None
        mine = self.transport.get_protocol() is self  # a websocket takes the connection over
        if not mine or self.transport.is_closing():
            return
        if self._is_idle() or (self._received < LEAST and not self.flow.read_paused):
            self.transport.close()
        else:
            self._received = 0
            self._wait(3 * HEAD)


def allow_many_connections() -> None:
    """Raise this process's limit of open files; each connection takes one."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
