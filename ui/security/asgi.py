"""Helpers of the middlewares: read a request's headers, answer with one sentence."""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send


def header(scope: Scope, name: str) -> str:
    """Return the value of a request header, empty where it is missing or sent more than once."""
    wanted = name.lower().encode("latin-1")
    values = [value for key, value in scope["headers"] if key == wanted]
    return values[0].decode("latin-1").strip() if len(values) == 1 else ""


async def refuse(
    scope: Scope, receive: Receive, send: Send, status: int, sentence: str
) -> None:  # fmt: skip
    """Answer with a status and a sentence, in the form in which Gradio's pages show it."""
    answer = JSONResponse({"detail": sentence, "error": sentence}, status)
    await answer(scope, receive, send)
