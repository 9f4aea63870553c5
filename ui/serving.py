"""Serve the pages; work that can wait begins when they are served."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn


class PageServer(uvicorn.Server):
    """A server that calls a function as soon as it answers requests.

    Args:
        config: The app, and where to serve it.
        on_start: Called once, in the server's thread, as soon as requests are answered.
    """

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then call ``on_start``."""
        await super().startup(sockets)
        if self.started:
            self._on_start()
