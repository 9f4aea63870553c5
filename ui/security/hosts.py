"""Check the ``Host`` header; an unknown name means DNS rebinding or a wrong setting."""

from __future__ import annotations

import ipaddress
import logging
import re
import socket

from starlette.types import ASGIApp, Receive, Scope, Send

from core.settings import LOOPBACK, Settings
from ui.security.asgi import header, refuse

_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::\d{1,5})?", re.ASCII)
_log = logging.getLogger(__name__)


class AllowedHosts:
    """Answer 400 to requests for names that are not the studio's.

    The machine's own loopback names always work: no web page elsewhere can have them. On another
    address than the loopback one, IP addresses and the machine's name work, too, unless
    ``VLCLIP_ALLOWED_HOSTS`` says which names do: a web page that rebinds its name to this machine
    still has that name. (Starlette's middleware knows lists of names only.)
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._names = {settings.host.lower(), *settings.host_names}
        self._names |= {name.strip().lower() for name in settings.space_host.split(",")} - {""}
        self._any = "*" in settings.host_names
        self._addresses = not settings.host_names and settings.host.lower() not in LOOPBACK
        if self._addresses:
            own = socket.gethostname().lower()
            self._names |= {own, f"{own}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on requests for the studio's names; refuse others."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        host = header(scope, "host")
        if self.allows(host):
            await self._app(scope, receive, send)
            return
        _log.warning("A request asked for the host %.100r, which is refused.", host)
        await refuse(
            scope, receive, send, 400,
            f"This studio does not answer to the name “{host[:100]}”. If it should, whoever runs "
            "it sets VLCLIP_ALLOWED_HOSTS to that name.",
        )  # fmt: skip

    def allows(self, value: str) -> bool:
        """Tell whether a ``Host`` header names this studio."""
        parts = _HOST.fullmatch(value)
        if parts is None:
            return False
        if self._any:
            return True
        name = (parts[1] or parts[2]).lower().removesuffix(".")
        if name in self._names or name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            wild = (pattern[1:] for pattern in self._names if pattern.startswith("*."))
            return any(name.endswith(ending) for ending in wild)
        return address.is_loopback or self._addresses
