"""Limit the time for a request to arrive, and the number of connections."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.auto import AutoHTTPProtocol

#: Longest time for the head of a request to arrive, seconds.
HEAD = 30.0
#: Bytes of a body that have to come in three times as long, again and again until it is whole.
LEAST = 8_192
#: Requested limit of open files; many systems begin with 1,024.
_FILES = 16_384
#: By server: its connections that wait for a request or a body, those that wait longest first.
_WAITING: WeakKeyDictionary[Any, dict[RequestTimeoutProtocol, None]] = WeakKeyDictionary()


class RequestTimeoutProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's protocol; closes a connection whose request does not arrive in time.

    The head has ``HEAD`` seconds. A body may take as long as it goes on coming; one that is looked
    at on its way has an end of its own before (``ui.security.events``). Where there are very many
    connections, a new one takes the place of the one that has waited longest for a request.

    Attributes:
        most: Most connections of one server, fewer than this process may open files.
    """

    most: ClassVar[int] = 10_000
    _timer: asyncio.TimerHandle | None = None
    _body_of: Any = None
    _received = 0

    def connection_made(self, transport: Any) -> None:
        """Start the timer for the first request."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            self._make_room()
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

    def _make_room(self) -> None:
        """Close the idle connection that has waited longest; this one, if there is none."""
        oldest = next((other for other in self._waiting if other._is_idle()), self)
        oldest._stop()
        oldest.transport.abort()

    @property
    def _waiting(self) -> dict[RequestTimeoutProtocol, None]:
        return _WAITING.setdefault(self.server_state, {})

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _wait(self, seconds: float | None = None) -> None:
        if self._timer is None and not self.transport.is_closing():
            self._waiting[self] = None
            self._timer = self.loop.call_later(seconds or HEAD, self._hang_up)

    def _stop(self) -> None:
        self._waiting.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hang_up(self) -> None:
        self._stop()
        mine = self.transport.get_protocol() is self  # a websocket takes the connection over
        if not mine or self.transport.is_closing():
            return
        if self._is_idle() or (self._received < LEAST and not self.flow.read_paused):
            self.transport.close()
        else:
            self._received = 0
            self._wait(3 * HEAD)


def allow_many_connections() -> int:
    """Raise this process's limit of open files; each connection takes one.

    Returns:
        Number of connections that leave a third of the files for everything else.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return RequestTimeoutProtocol.most
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _FILES if soft == resource.RLIM_INFINITY else min(_FILES, 2 * soft // 3)
