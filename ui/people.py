"""Who is at the screen."""

from __future__ import annotations

import re

import gradio as gr

from core.errors import StudioError

#: Name of the single user of a studio without sign-in.
LOCAL = "local"
_NAME = re.compile(r"[\w .@+-]{1,60}")


def person(request: gr.Request | None, typed: str = LOCAL) -> str:
    """The signed-in user where there is one, else the name typed on the page.

    Raises:
        StudioError: It is no name.
    """
    name = (getattr(request, "username", None) or typed).strip()
    if not _NAME.fullmatch(name):
        raise StudioError("A name has 1 to 60 letters, digits, spaces or . @ + - _ characters.")
    return name
