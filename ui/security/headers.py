"""Set the security headers of every answer and the attributes of its cookies."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.settings import Settings


def is_framed(settings: Settings) -> bool:
    """Tell whether another site may show the studio in a frame."""
    return _ancestors(settings) not in ("'self'", "'none'")


def _ancestors(settings: Settings) -> str:
    on_space = "'self' https://huggingface.co" if settings.space_host else "'self'"
    return settings.frame_ancestors.strip() or on_space


class ResponseHeaders:
    """Set the security headers of every answer, and the attributes of every cookie."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        ancestors = _ancestors(settings)
        self._framed = is_framed(settings)
        self._fixed = {
            "Content-Security-Policy": f"frame-ancestors {ancestors}; base-uri 'self'; "
            "object-src 'none'",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }
        if not self._framed:
            self._fixed["X-Frame-Options"] = "DENY" if ancestors == "'none'" else "SAMEORIGIN"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers to the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def harden(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._harden(message, scope)
            await send(message)

        await self._app(scope, receive, harden)

    def _harden(self, message: Message, scope: Scope) -> None:
        secure = scope["scheme"] == "https"
        message["headers"] = [
            (name, cookie(value, secure=secure, framed=self._framed))
            if name.lower() == b"set-cookie"
            else (name, value)
            for name, value in message.get("headers", ())
            # Gradio's CORS headers are dropped: other origins are refused before.
            if not name.lower().startswith(b"access-control-")
        ]
        headers = MutableHeaders(scope=message)
        for name, value in self._fixed.items():
            headers[name] = value
        if "/gradio_api/" in scope["path"]:
            headers.setdefault("Cache-Control", "private, no-store")


def cookie(value: bytes, *, secure: bool, framed: bool) -> bytes:
    """Return a ``Set-Cookie`` value that other sites and scripts can't use.

    Args:
        value: The header's value.
        secure: The answer travels over TLS.
        framed: Another site may show the studio in a frame; a browser sends it no cookie there
            unless the cookie is marked ``SameSite=None``, which it accepts over TLS only.
            ``SameOrigin`` keeps other sites out then.
    """
    parts = [part.strip() for part in value.decode("latin-1").split(";")]
    kept = [
        part for part in parts
        if part.partition("=")[0].strip().lower() not in ("samesite", "secure", "httponly")
    ]  # fmt: skip
    kept += ["HttpOnly", f"SameSite={'None' if framed and secure else 'Lax'}"]
    if secure:
        kept.append("Secure")
    return "; ".join(kept).encode("latin-1")
