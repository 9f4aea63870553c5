"""What chats and mails show for a link to the studio: a picture of the demo, a title, a sentence.

The addresses in it are absolute, made from the request's host, which ``AllowedHosts`` has checked
by then. Nothing here is open to people who have to sign in first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from gradio import routes
from jinja2 import BaseLoader, Environment

from core.settings import SHIPPED

#: Address of the picture, and its file, which ``scripts/screenshots.py`` writes.
PICTURE = "/media/preview.jpg"
FILE = SHIPPED / "demo" / "preview.jpg"
_OWN = Path(__file__).parent / "templates" / "link_preview.html"
TITLE = "VL-CLIP Studio: search that sees the product, not the room"
DESCRIPTION = (
    "It finds the product in each catalogue photo and says in a sentence what can be seen. See on "
    "real photos what that brings over CLIP, and try it on your own catalogue."
)
_ALT = "A product in a photo of a room, and what CLIP and VL-CLIP show first when it is looked for"
#: An element of Gradio's own previews, which name another site and its picture.
_GRADIO = re.compile(r'<meta\s+(?:property="og|name="twitter):[^>]*>\s*')
#: The element of Gradio's template that the studio's preview stands behind.
_FIRST = '<meta charset="utf-8" />'


def preview_router() -> APIRouter:
    """Return the route of the picture."""
    router = APIRouter(include_in_schema=False)

    @router.get(PICTURE)
    def picture() -> FileResponse:
        return FileResponse(FILE, media_type="image/jpeg")

    return router


def use_link_preview() -> None:
    """Let Gradio's page template have the studio's preview in place of Gradio's; once a process."""
    templates = routes.templates
    if isinstance(templates.env.loader, _WithPreview) or templates.env.loader is None:
        return
    templates.env.loader = _WithPreview(templates.env.loader)
    templates.context_processors.append(lambda request: {"preview": preview(request)})


def preview(request: Request) -> dict[str, str]:
    """Return the texts and absolute addresses of the preview of a requested page."""
    address = request.url.replace(query="", fragment="")
    return {
        "title": TITLE,
        "description": DESCRIPTION,
        "alt": _ALT,
        "address": str(address),
        "picture": str(address.replace(path=PICTURE)),
    }


class _WithPreview(BaseLoader):
    """Loads Gradio's templates with the studio's preview in them."""

    def __init__(self, inner: BaseLoader) -> None:
        self._inner = inner
        self._own = _OWN.read_text("utf-8")

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        """Return a template's text."""
        source, path, is_current = self._inner.get_source(environment, template)
        rest = _GRADIO.sub("", source)
        # Before the page's scripts, which are long: programs read the beginning only.
        return rest.replace(_FIRST, f"{_FIRST}\n{self._own}", 1), path, is_current
