"""Refuse requests from pages of other web sites."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from ui.security.asgi import header, refuse

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": 80, "https": 443}


class SameOrigin:
    """Refuse requests from pages of other sites, and sign-outs that the person did not start.

    Browsers say where a request comes from: ``Sec-Fetch-Site`` on HTTPS and on this machine,
    ``Origin`` with everything that acts. Other programs send neither and have no sign-in cookie.
    Links from other sites may only open pages.
    """

    def __init__(self, app: ASGIApp, *, logout_by_link: bool = False) -> None:
        self._app = app
        self._logout_by_link = logout_by_link  # a Space signs out so; our own page by POST

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on requests of the studio's own pages, of programs, and links; refuse others."""
        problem = ""
        if scope["type"] in ("http", "websocket"):
            problem = _problem(scope) or (self._logout_by_link and _logout_problem(scope)) or ""
        if problem:
            await refuse(scope, receive, send, 403, problem)
        else:
            await self._app(scope, receive, send)


def _problem(scope: Scope) -> str:
    origins = [value for name, value in scope["headers"] if name == b"origin"]
    host, scheme = header(scope, "host"), scope.get("scheme", "http").replace("ws", "http")
    if origins and not _same(header(scope, "origin"), scheme, host):
        return (
            f"This request comes from {header(scope, 'origin')[:100] or 'several places'}, and "
            f"this studio is {host[:100]}. Other sites may not use it. (Behind a proxy? It has to "
            "pass on the host: see VLCLIP_ALLOWED_HOSTS and VLCLIP_TRUSTED_PROXIES.)"
        )
    path = re.sub("/+", "/", scope["path"])
    site, mode = header(scope, "sec-fetch-site"), header(scope, "sec-fetch-mode")
    method = scope.get("method", "GET")  # a websocket has none, and acts
    link = mode == "navigate" and method in _SAFE and "/gradio_api/" not in path
    if site not in ("", "same-origin", "none") and not link:
        return "Other sites may not use this studio; open it in a tab of its own."
    return ""


def _logout_problem(scope: Scope) -> str:
    host, scheme = header(scope, "host"), scope.get("scheme", "http")
    if re.sub("/+", "/", scope["path"]).rstrip("/").endswith("/logout") and not _asked(
        scope, scope.get("method", "GET"), header(scope, "sec-fetch-site"), scheme, host
    ):
        return "Sign out with the button on the studio's own pages."
    return ""


def _asked(scope: Scope, method: str, site: str, scheme: str, host: str) -> bool:
    """Tell whether the sign-out was started here: by POST, or by one of the studio's own links."""
    if method == "POST" or site in ("same-origin", "none"):
        return True
    return not site and _same(header(scope, "referer"), scheme, host)


def _same(origin: str, scheme: str, host: str) -> bool:
    """Tell whether an address belongs to this host.

    An ``https`` page counts where the request came in as ``http``: TLS may end at a proxy that
    does not say so. Never the other way round.
    """
    try:
        sent, own = urlsplit(origin), urlsplit(f"//{host}")
        ports = sent.port or _PORTS.get(sent.scheme), own.port or _PORTS[sent.scheme]
    except (ValueError, KeyError):  # "null", or no address at all
        return False
    if sent.scheme != scheme and (sent.scheme, scheme) != ("https", "http"):
        return False
    return bool(host) and sent.hostname == own.hostname and ports[0] == ports[1]
