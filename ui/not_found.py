"""The page for an address that leads nowhere."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount

from ui.render import render


def install(app: FastAPI, pages: Sequence[tuple[str, str]]) -> None:
    """Answer a browser that asks for a page that is not there with links to those that are.

    Args:
        app: The application with Gradio's mounted below it.
        pages: Title and path of each page.
    """

    async def not_found(request: Request, error: HTTPException) -> Response:
        is_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
        if not is_page:
            return JSONResponse({"detail": error.detail}, error.status_code)
        path = request.url.path[:100]
        return HTMLResponse(render("not_found.html", path=path, pages=pages), error.status_code)

    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, gr.routes.App):
            route.app.add_exception_handler(404, not_found)  # type: ignore[arg-type]
