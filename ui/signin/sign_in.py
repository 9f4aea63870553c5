"""Identify the sender of a request: by session cookie, a proxy's header, or a Space's session."""

from __future__ import annotations

import hashlib

from fastapi import Response
from starlette.requests import HTTPConnection

from core.access.sessions import LASTS, Sessions
from core.app.studio import Studio
from core.people import NAME, Action
from ui.rights import owners_alone, space_user


class SignIn:
    """Identifies the senders of requests, and stores the sessions of people with a password.

    With a users file people sign in with a password; with a header a proxy or hosting platform has
    done it already; on a Hugging Face Space a button leads to its sign-in, and visitors look around
    without; with none of these, everybody is the local user.
    """

    def __init__(self, studio: Studio) -> None:
        self.people = studio.people
        self._studio = studio
        folder = studio.settings.data_dir
        self.sessions = Sessions(folder / "sessions.json", self.people.stamp)
        # Studios on other ports of this host share its cookies.
        self._cookie = f"vlclip-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"

    @property
    def by_page(self) -> bool:
        """Whether people sign in and out on the studio's own pages, once there are users."""
        return not (self.people.header or self.people.space)

    @property
    def by_password(self) -> bool:
        """Whether people have to sign in on the studio's own page."""
        return self.by_page and self.people.sign_in

    def user(self, request: HTTPConnection) -> str:
        """Return the signed-in user of a request; empty for nobody."""
        if self.people.space:
            return space_user(request)
        if self.people.header:
            # Two headers: the proxy has passed on the visitor's own one.
            names = request.headers.getlist(self.people.header)
            name = names[0].strip() if len(names) == 1 else ""
            return name if NAME.fullmatch(name) else ""
        token = request.cookies.get(self._cookie_for(request), "")
        return (self.sessions.name(token) or "") if token else ""

    def stranger(self, request: HTTPConnection) -> bool:
        """Whether a request came through a proxy to a studio that is for its own machine alone.

        Without users whoever gets in is the owner, and behind a proxy anybody would be.
        """
        return bool(getattr(request.state, "proxied", False)) and owners_alone(self._studio)

    def gradio_user(self, request: HTTPConnection) -> str | None:
        """Return the user for Gradio's own check behind the gate: ``None`` is refused."""
        name = self.user(request)
        return name if self.people.may(name, Action.LOOK) else None

    def remember(self, request: HTTPConnection, response: Response, token: str) -> None:
        """Set the cookie with a session's token."""
        response.set_cookie(
            self._cookie_for(request), token, max_age=LASTS, path="/", httponly=True,
            samesite="lax", secure=_is_secure(request),
        )  # fmt: skip

    def forget(self, request: HTTPConnection, response: Response) -> None:
        """Delete the cookie with the token."""
        response.delete_cookie(
            self._cookie_for(request), path="/", httponly=True, samesite="lax",
            secure=_is_secure(request),
        )  # fmt: skip

    def _cookie_for(self, request: HTTPConnection) -> str:
        """Return the cookie's name; behind TLS, browsers take it from this very host only."""
        return f"__Host-{self._cookie}" if _is_secure(request) else self._cookie


def _is_secure(request: HTTPConnection) -> bool:
    return request.scope["scheme"] in {"https", "wss"}
