"""Who is at the screen, and what they may do.

Gradio's handlers can be called by a raw request whatever the pages show, so every handler that
changes something, or shows what not everybody may see, checks the role itself: ``allowed``.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import gradio as gr
from fastapi import FastAPI, HTTPException, Request, Response
from gradio.context import LocalContext

from core.app.studio import Studio
from core.errors import StudioError
from core.people import NAME, Role

#: Name of the single user of a studio without sign-in.
LOCAL = "local"

_P = ParamSpec("_P")
_R = TypeVar("_R")


def person(request: gr.Request | Request | None, typed: str = LOCAL) -> str:
    """The signed-in user where there is one, else the name typed on the page.

    Raises:
        StudioError: It is no name.
    """
    name = (signed_in(request) or typed).strip()
    if not NAME.fullmatch(name):
        raise StudioError("A name has 1 to 60 letters, digits, spaces or . @ + - _ characters.")
    return name


def signed_in(request: gr.Request | Request | None) -> str | None:
    """The signed-in user, from a page event or from a server function of ``gr.HTML``."""
    name = getattr(request, "username", None)
    if name is None and isinstance(request, Request):
        # Gradio hands server functions the bare request; the middleware noted the user there.
        name = getattr(request.state, "user", None) or space_user(request)
    return name if isinstance(name, str) else None


def space_user(request: Request) -> str:
    """Who signed in through a Hugging Face Space; empty for a visitor.

    Gradio keeps it in a session that the Space's own secret signs, which is there only where
    ``SignIn`` has asked for it.
    """
    session: dict[str, Any] = request.scope.get("session") or {}
    found: dict[str, Any] = session.get("oauth_info") or {}
    if float(found.get("expires_at") or "inf") < time.time():
        return ""
    name = str((found.get("userinfo") or {}).get("preferred_username", ""))
    return name if NAME.fullmatch(name) else ""


def role(studio: Studio, request: gr.Request | Request | None) -> Role | None:
    """What whoever sent this request may do; a studio without users lets everybody do all."""
    return studio.people.role(signed_in(request))


def require(studio: Studio, request: gr.Request | Request | None, wanted: Role) -> None:
    """Raise ``AccessDenied`` where whoever sent this request may not do what a role may."""
    studio.people.require(signed_in(request), wanted)


def allowed(studio: Studio, wanted: Role) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Let a handler run only for people with a role (put it under ``@sentences``).

    Raises:
        AccessDenied: When called by anybody else.
    """

    def decorate(handler: Callable[_P, _R]) -> Callable[_P, _R]:
        @wraps(handler)
        def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            require(studio, LocalContext.request.get(None), wanted)
            return handler(*args, **kwargs)

        guarded.role = wanted  # type: ignore[attr-defined]  # for whoever checks that none lacks it
        return guarded

    return decorate


def may(studio: Studio, request: gr.Request | Request | None, wanted: Role) -> bool:
    """Whether to show what a role may use (showing is no check: see ``allowed``)."""
    mine = role(studio, request)
    return mine is not None and mine.includes(wanted)


def sign_in_button(studio: Studio) -> None:
    """The Space's sign-in, on pages that people act on; nothing elsewhere."""
    if studio.people.space:
        gr.LoginButton(size="sm", elem_id="sign-in")


class SignIn:
    """How people sign in to this server; decided once, when it starts.

    With a users file Gradio shows its own sign-in page; with a header a proxy or hosting platform
    has done it already; on a Hugging Face Space a button leads to its sign-in, and visitors look
    around without; with none of these, everybody is the local user.
    """

    def __init__(self, studio: Studio) -> None:
        self._people = studio.people
        self._pages: Any = None
        self.mode = "header" if studio.people.header else "space" if studio.people.space else ""
        if not self.mode and studio.people.sign_in:
            self.mode = "password"

    def options(self) -> dict[str, Any]:
        """Keyword arguments for ``gr.mount_gradio_app``."""
        if self.mode == "password":
            return {"auth": self._people.check, "auth_message": "Sign in to VL-CLIP Studio."}
        return {"auth_dependency": self.user} if self.mode else {}

    def attach(self, app: FastAPI) -> None:
        """Find Gradio's own application, which keeps who is signed in."""
        mounted = [getattr(route, "app", None) for route in app.routes]
        self._pages = next((one for one in mounted if hasattr(one, "tokens")), None)

    def user(self, request: Request) -> str | None:
        """The signed-in user of a request, or ``None``."""
        if self.mode == "space":
            return space_user(request)  # empty, not None: visitors see the pages
        if self.mode == "header":
            name = request.headers.get(self._people.header, "").strip()
            return name if NAME.fullmatch(name) else None
        if self.mode == "password" and self._pages is not None:
            for kind in ("access-token", "access-token-unsecure"):
                token = request.cookies.get(f"{kind}-{self._pages.cookie_id}")
                if token and self._pages.tokens.get(token):
                    return str(self._pages.tokens[token])
        return None

    async def note(
        self, request: Request, proceed: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """Middleware: note the user for handlers that get the bare request."""
        request.state.user = self.user(request)
        return await proceed(request)

    def check(self, request: Request) -> None:
        """Dependency of the picture routes: only for people who are signed in, where that is."""
        if self.mode and self._people.role(request.state.user) is None:
            raise HTTPException(401, "Sign in first.")
