"""Identify the person who sends a request, and check their rights.

Gradio's handlers can be called by a raw request, so each handler that changes something, or shows
restricted data, checks the right itself: ``allowed``. ``ui/signin/gate.py`` ensures that only
viewers reach a handler.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import gradio as gr
from fastapi import Request
from gradio.context import LocalContext
from starlette.requests import HTTPConnection

from core.app.studio import Studio
from core.errors import CatalogError, StudioError
from core.people import NAME, Action

#: Name of the single user of a studio without sign-in.
LOCAL = "local"
#: What a proxy adds to the requests that it hands on.
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_P = ParamSpec("_P")
_R = TypeVar("_R")


def person(request: gr.Request | Request | None, typed: str = LOCAL) -> str:
    """Return the signed-in user if there is one, else the name typed on the page.

    Raises:
        StudioError: It is no name.
    """
    name = (signed_in(request) or typed).strip()
    if not NAME.fullmatch(name):
        raise StudioError("A name has 1 to 60 letters, digits, spaces or . @ + - _ characters.")
    return name


def signed_in(request: gr.Request | Request | None) -> str | None:
    """Return the signed-in user, from a page event or from a server function of ``gr.HTML``."""
    name = getattr(request, "username", None)
    if name is None and isinstance(request, Request):
        # Gradio hands server functions the bare request; the gate noted the user there.
        name = getattr(request.state, "user", None) or space_user(request)
    return name if isinstance(name, str) else None


def space_user(request: HTTPConnection) -> str:
    """Return the person who signed in through a Hugging Face Space; empty for a visitor.

    Gradio keeps it in a session that the Space's own secret signs, which is there only where
    ``sign_in_button`` has asked for it.
    """
    session: dict[str, Any] = request.scope.get("session") or {}
    account: dict[str, Any] = session.get("oauth_info") or {}
    if float(account.get("expires_at") or "inf") < time.time():
        return ""
    name = str((account.get("userinfo") or {}).get("preferred_username", ""))
    return name if NAME.fullmatch(name) else ""


def own_name(request: gr.Request) -> Any:
    """Return the update of a field for one's name: that of the sign-in, else it stays as it is.

    The header fills it from what the browser keeps.
    """
    name = signed_in(request)
    return gr.update(value=name, interactive=False) if name else gr.skip()


def require(studio: Studio, request: gr.Request | Request | None, action: Action) -> None:
    """Raise ``AccessDenied`` if the sender of this request may not do the action."""
    studio.people.require(signed_in(request), action)


def allowed(studio: Studio, action: Action) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Let a handler run only for people with a right (put it under ``@sentences``).

    Raises:
        AccessDenied: When called by anybody else.
    """

    def decorate(handler: Callable[_P, _R]) -> Callable[_P, _R]:
        @wraps(handler)
        def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            require(studio, LocalContext.request.get(None), action)
            return handler(*args, **kwargs)

        guarded.action = action  # type: ignore[attr-defined]  # for whoever checks that none lacks it
        return guarded

    return decorate


def may(studio: Studio, request: gr.Request | Request | None, action: Action) -> bool:
    """Tell whether to show a control to a person (this is no check: see ``allowed``)."""
    return studio.people.may(signed_in(request), action)


def owners_alone(studio: Studio) -> bool:
    """Tell whether the studio is one person's, on their own machine, as far as its settings say."""
    return studio.settings.is_local and not studio.people.sign_in


def require_owner(studio: Studio, request: gr.Request) -> None:
    """Raise ``CatalogError`` where a request does not come from the owner's own machine.

    Who adds a catalogue may name any folder of the server, so this takes more than a role: a studio
    without sign-in, on an address of this machine only, asked by this machine without a proxy.
    """
    host = (request.client.host if request.client else "").partition("%")[0]
    asked = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    direct = host in _LOOPBACK and asked.strip("[]").lower() in _LOOPBACK
    if owners_alone(studio) and direct and not any(n in request.headers for n in _FORWARDED):
        return
    raise CatalogError(
        "Catalogues are added in the browser by those who sign in, or where the studio is its "
        "owner's alone: on this machine and without a proxy. Anywhere else its owner runs "
        "python app.py index FILE."
    )


def sign_in_button(studio: Studio) -> None:
    """Show the Space's sign-in on pages with actions."""
    if studio.people.space:
        gr.LoginButton(size="sm", elem_id="sign-in")
