"""Serve the pages; work that can wait begins when they are served, and open tabs delay no end."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import time
from collections.abc import Callable
from typing import Any

import uvicorn

#: Errors of a machine, or a process, that can't open one more connection.
_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
#: Seconds between two lines of the log about that.
_QUIET = 60.0
_log = logging.getLogger(__name__)


class PageServer(uvicorn.Server):
    """A server that calls a function as soon as it answers requests, and does not wait for tabs.

    Args:
        config: The app, and where to serve it.
        on_start: Called once, in the server's thread, as soon as requests are answered.
    """

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start
        self._logged = float("-inf")

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then call ``on_start``."""
        asyncio.get_running_loop().set_exception_handler(self._failed)
        await super().startup(sockets)
        if self.started:
            self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams of open tabs, then end as soon as no request is answered any more."""
        end_heartbeats(self.config.app)
        await super().shutdown(sockets)

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log an error of the loop; of connections without room, a line from time to time.

        ``asyncio`` reports those up to 2,048 times a second, with a traceback each.
        """
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in _NO_ROOM and "socket" in context):
            loop.default_exception_handler(context)
        elif time.monotonic() - self._logged > _QUIET:
            self._logged = time.monotonic()
            _log.error("No further connections are taken at the moment: %s", error.strerror)


def end_heartbeats(app: Any) -> None:
    """End the stream that each open tab holds to say that it is still there.

    Gradio ends them where it serves its pages itself, not where they are mounted in another app.
    """
    for route in getattr(app, "routes", ()):
        event = getattr(getattr(route, "app", None), "stop_event", None)
        if isinstance(event, asyncio.Event):
            event.set()
