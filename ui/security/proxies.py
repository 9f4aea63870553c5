"""Use forwarded headers of trusted proxies only; drop all others."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from core.settings import Settings

#: Headers that are accepted from a trusted proxy only; Gradio itself accepts them from anybody.
_FORWARDED = frozenset(
    {b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-prefix",
     b"x-forwarded-proto", b"x-forwarded-server", b"x-gradio-server"}
)  # fmt: skip
#: What proxies add to a request that they hand on. (nginx adds nothing, but speaks HTTP/1.0.)
_SIGNS = frozenset({b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"})
_LOOPBACK = "127.0.0.1,::1"
#: A Space is reached only through the platform's proxies, which have private addresses.
_SPACE = f"{_LOOPBACK},10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"

_Headers = list[tuple[bytes, bytes]]


class TrustedProxies:
    """Middleware that sets a request's host, scheme and client from a trusted proxy's headers.

    ``request.state.proxied`` says whether a proxy has handed a request on. The header with the
    signed-in user is accepted from a trusted proxy only, and only if it is there once: of two, the
    first may be the client's.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        trusted = settings.trusted_proxies or (_SPACE if settings.space_host else _LOOPBACK)
        self._app = app
        self._proxied = ProxyHeadersMiddleware(app, trusted)  # type: ignore[arg-type]
        self._user_header = settings.user_header.lower().encode("latin-1")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Use or drop the headers, then pass the request on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        trusted = (client[0] if client else None) in self._proxied.trusted_hosts
        headers: _Headers = scope["headers"]
        scope = {**scope, "state": {**scope.get("state", {}), "proxied": is_proxied(scope)}}
        plain = [entry for entry in headers if entry[0] not in _FORWARDED]
        named = [entry for entry in plain if entry[0] == self._user_header]
        if self._user_header and (not trusted or len(named) > 1):
            plain = [entry for entry in plain if entry[0] != self._user_header]
        if trusted:
            scope = {**scope, "headers": _forwarded(headers, plain)}
            await self._proxied(scope, receive, send)  # type: ignore[arg-type]
        else:
            await self._app({**scope, "headers": plain}, receive, send)


def is_proxied(scope: Scope) -> bool:
    """Tell whether a request shows that it came through a proxy, trusted or not."""
    old = scope["type"] == "http" and scope.get("http_version") == "1.0"
    return old or any(name in _SIGNS for name, _ in scope["headers"])


def _forwarded(headers: _Headers, plain: _Headers) -> _Headers:
    """Return headers with the forwarded host, and what uvicorn reads scheme and client from."""
    kept = list(plain)
    first = {
        name: value.split(b",")[0].strip()
        for name, value in reversed(headers)
        if name in (b"x-forwarded-host", b"x-forwarded-proto")
    }
    if host := first.get(b"x-forwarded-host"):
        kept = [entry for entry in kept if entry[0] != b"host"] + [(b"host", host)]
    if scheme := first.get(b"x-forwarded-proto"):
        kept.append((b"x-forwarded-proto", scheme))
    return kept + [entry for entry in headers if entry[0] == b"x-forwarded-for"]
