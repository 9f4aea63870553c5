"""Identify the visitor of a request: the browser, by a random cookie, and the signed-in person."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from gradio.context import LocalContext
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.security.visitor_files import VisitorFiles

#: The second one can't be set by another host of the same domain; browsers keep it over TLS only.
_COOKIE, _SECURE_COOKIE = "vlclip-visitor", "__Host-vlclip-visitor"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
#: Answers to these set no cookie: caches may share them, or they are about another one.
_SHARED = (
    "/login",
    "/logout",
    "/assets/",
    "/static/",
    "/svelte/",
    "/media/",
    "/theme.css",
    "/favicon.ico",
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser with its signed-in person; the owner of its uploaded files."""

    owner: str
    name: str | None
    address: str
    has_cookie: bool
    files: VisitorFiles

    @property
    def sender(self) -> str:
        """The sender: the signed-in person, else the address."""
        return f"person {self.name}" if self.name else f"address {self.address}"

    def folder(self) -> Path:
        """Make a new empty folder for files that only this visitor may read."""
        return self.files.new_folder(self.owner)

    def owns(self, path: str) -> bool:
        """Tell whether this visitor uploaded this file, or it was made for them."""
        return self.files.owns(self.owner, path)


def visitor_of(request: Any) -> Visitor | None:
    """Return the visitor of a request or a page event; ``None`` without a server."""
    state = getattr(getattr(request, "request", request), "state", None)
    visitor = getattr(state, "visitor", None)
    return visitor if isinstance(visitor, Visitor) else None


def folder_for_answer() -> Path:
    """Make a folder for files that only the visitor of the present event may read."""
    visitor = visitor_of(LocalContext.request.get(None))
    return visitor.folder() if visitor else Path(mkdtemp(prefix="vlclip-"))


def file_for_answer(name: str, content: bytes) -> Path:
    """Write a file for the answer to the present event; only its visitor may read it.

    Its size counts as an upload of the visitor's would.

    Raises:
        UploadRefused: There is no room for it.
    """
    visitor = visitor_of(LocalContext.request.get(None))
    if visitor:
        visitor.files.reserve(visitor.name or visitor.address, len(content))
    path = folder_for_answer() / name
    path.write_bytes(content)
    return path


class Visitors:
    """Note the signed-in user and the visitor in ``request.state``; a new browser gets a cookie.

    Args:
        app: The app behind it.
        user: Returns the signed-in user of a request.
        files: Files of the visitors.
        framed: Another site may show the studio in a frame.
    """

    def __init__(
        self,
        app: ASGIApp,
        user: Callable[[HTTPConnection], str | None],
        files: VisitorFiles,
        *,
        framed: bool,
    ) -> None:
        self._app, self._user, self._files, self._framed = app, user, files, framed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Identify the visitor, pass the request on, and give a new browser its cookie."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        secure = scope["scheme"] == "https"
        name = _SECURE_COOKIE if secure else _COOKIE
        request = HTTPConnection(scope)
        sent = request.cookies.get(name, "")
        token = sent if _TOKEN.fullmatch(sent) else ""
        fresh = token or secrets.token_urlsafe(24)
        state = scope.setdefault("state", {})
        state["user"] = self._user(request) or None
        client = scope.get("client")
        state["visitor"] = Visitor(
            owner=_owner(fresh, state["user"]),
            name=state["user"],
            address=client[0] if client else "",
            has_cookie=bool(token),
            files=self._files,
        )
        shared = scope["path"].startswith(_SHARED)

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and not token and not shared:
                value = f"{name}={fresh}; Path=/"
                value += "; Secure; Partitioned" if secure and self._framed else ""
                message["headers"] = [
                    *message.get("headers", ()), (b"set-cookie", value.encode("latin-1"))
                ]  # fmt: skip
            await send(message)

        # Not for a link, which another site may lead to with this visitor's cookies.
        if scope["method"] == "POST" and scope["path"].rstrip("/") == "/logout":
            self._files.forget(state["visitor"].owner)
        await self._app(scope, receive, with_cookie)


def _owner(token: str, user: str | None) -> str:
    return hashlib.sha256(f"{token}\n{user or ''}".encode()).hexdigest()[:40]
