"""``/login`` and ``/logout``: the sign-in page, which works without scripts, and its answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.requests import ClientDisconnect

from core.access.tries import Tries
from core.errors import TooManyTries
from core.people import CLOSED
from ui.render import render
from ui.signin.gate import SIGN_IN, SIGN_OUT, problem, wants_page
from ui.signin.hashing import HashingThreads
from ui.signin.sign_in import SignIn

#: Longest form, bytes; enough for a name, a password and an address.
_LONGEST_FORM = 16_384
_WRONG = "This name and password do not fit together."
_BUSY = "Many people are signing in at this moment. Try again in some seconds."
_NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class _Form:
    """The sign-in form; ``next`` is the page to open afterwards."""

    name: str = ""
    password: str = ""
    next: str = "/"


def sign_in_router(sign_in: SignIn) -> APIRouter:
    """Return the routes; a Hugging Face Space has its own ones."""
    router = APIRouter(include_in_schema=False)
    desk = _SignInDesk(sign_in)
    router.get(SIGN_IN)(desk.page)
    router.post(SIGN_IN)(desk.sign_in)
    router.post(SIGN_OUT)(desk.sign_out)
    router.get(SIGN_OUT)(desk.no_link)
    return router


class _SignInDesk:
    """Signs people in and out."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in
        self._tries = Tries()
        self._hashing = HashingThreads()

    async def page(self, request: Request) -> Response:
        """Return the sign-in page; redirect people who are already signed in."""
        to = local_path(request.query_params.get("next", "/"))
        if self._sign_in.people.closed:
            return problem(request, CLOSED, 503)
        if not self._sign_in.by_password or request.state.user:
            return RedirectResponse(to, 303, _NO_STORE)
        return _page(_Form(next=to))

    async def sign_in(self, request: Request) -> Response:
        """Check a name and a password; after many wrong ones, delay and then refuse."""
        people = self._sign_in.people
        if people.closed:
            return problem(request, CLOSED, 503)
        form = await _read(request)
        if form is None:
            return _refused(request, _Form(), "This form can't be read. Load the page again.", 400)
        if not self._sign_in.by_password:
            return _welcome(request, form)
        if self._hashing.full:
            return _refused(request, form, _BUSY, 503, 5)
        address = request.client.host if request.client else ""
        try:
            delay = self._tries.begin(form.name, address)
        except TooManyTries as error:
            return _refused(request, form, str(error), 429, error.seconds)
        token = await self._hashing.run(lambda: self._checked(form))
        if token is None:
            await asyncio.sleep(delay)
            return _refused(request, form, _WRONG, 401)
        self._tries.succeeded(form.name, address)
        response = _welcome(request, form)
        self._sign_in.remember(request, response, token)
        return response

    async def sign_out(self, request: Request) -> Response:
        """End a person's sessions, in all browsers."""
        name = request.state.user
        if name and self._sign_in.by_password:
            await self._hashing.run(lambda: self._sign_in.sessions.end(name))
        to = SIGN_IN if self._sign_in.by_password else "/"
        response = _onward(request, to)
        self._sign_in.forget(request, response)
        return response

    async def no_link(self, request: Request) -> Response:
        """Return the page without signing out, because another site may have made the link."""
        response = problem(request, "Sign out with the button on the pages.", 405)
        response.headers["Allow"] = "POST"
        return response

    def _checked(self, form: _Form) -> str | None:
        """Return the token of a new session, or ``None`` where name and password do not fit."""
        if not self._sign_in.people.check(form.name, form.password):
            return None
        return self._sign_in.sessions.start(form.name)


def local_path(wanted: str) -> str:
    """Return a page of this studio to redirect to, also for links to other sites."""
    odd = not wanted.isprintable() or "\\" in wanted or not wanted.startswith("/")
    if odd or "//" in (path := wanted.partition("?")[0]) or path.rstrip("/") in (SIGN_IN, SIGN_OUT):
        return "/"
    return wanted


async def _read(request: Request) -> _Form | None:
    """Return the form, or ``None`` if it is not valid."""
    raw = b""
    try:
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > _LONGEST_FORM:
                return None
    except ClientDisconnect:  # half a form, and nobody to answer
        return None
    try:
        fields = parse_qs(
            raw.decode("utf-8"), keep_blank_values=True, max_num_fields=10, errors="strict"
        )
    except ValueError:
        return None
    name, password, to = (fields.get(f, [""])[0] for f in ("username", "password", "next"))
    return _Form(name.strip()[:61], password, local_path(to or "/"))


def _page(form: _Form, problem: str = "", status: int = 200, wait: int = 0) -> Response:
    theme = parse_qs(urlsplit(form.next).query).get("__theme", [""])[0]
    html = render(
        "sign_in.html",
        name=form.name, next=form.next, problem=problem, action=SIGN_IN,
        theme=theme if theme in {"dark", "light"} else "",
    )  # fmt: skip
    headers = _NO_STORE | ({"Retry-After": str(wait)} if wait else {})
    return Response(html, status, headers, "text/html")


def _refused(request: Request, form: _Form, why: str, status: int, wait: int = 0) -> Response:
    if wants_page(request):
        return _page(form, why, status, wait)
    headers = _NO_STORE | ({"Retry-After": str(wait)} if wait else {})
    return JSONResponse({"error": why, "sign_in": SIGN_IN}, status, headers)


def _welcome(request: Request, form: _Form) -> Response:
    return _onward(request, form.next)


def _onward(request: Request, to: str) -> Response:
    if wants_page(request):
        return RedirectResponse(to, 303, _NO_STORE)
    return JSONResponse({"success": True}, headers=_NO_STORE)
