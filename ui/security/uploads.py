"""The upload route in place of Gradio's: checks the right and the quota, and uses a folder per
upload."""

from __future__ import annotations

import mimetypes
import shutil
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from gradio.route_utils import upload_fn
from gradio.routes import file_upload_statuses
from starlette.concurrency import run_in_threadpool
from starlette.formparsers import MultiPartException
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from core.people import Role
from core.settings import Settings
from ui.security.visitor_files import SMALLEST, UploadRefused
from ui.security.visitors import Visitor
from ui.signin.sign_in import SignIn


class Uploads:
    """The route for uploads."""

    def __init__(self, settings: Settings, sign_in: SignIn) -> None:
        self._sign_in = sign_in
        self._most = settings.max_upload_mb * 2**20

    def install(self, app: FastAPI) -> None:
        """Insert the route before Gradio's own (inside its app, where a Space's sign-in is
        available)."""
        mounted = [getattr(route, "app", None) for route in app.routes]
        pages: Any = next(inner for inner in mounted if hasattr(inner, "get_blocks"))
        pages.router.routes.insert(0, Route("/gradio_api/upload", self.take, methods=["POST"]))

    async def take(self, request: Request) -> Response:
        """Store the files of one request; answer with their paths, as Gradio's route does."""
        visitor: Visitor = request.state.visitor
        user = self._sign_in.user(request)
        role = self._sign_in.people.role(user)
        if role is None:
            return _sentence(401, "Sign in first.")
        size = int(request.headers.get("content-length", "0"))
        try:
            person = user or visitor.address
            await run_in_threadpool(visitor.files.reserve, person, size)
            folder = await run_in_threadpool(visitor.folder)
        except UploadRefused as problem:
            return _sentence(413, str(problem))
        except OSError:
            return _sentence(507, "The disk of the studio is full, or can't be written to.")
        try:
            paths = await self._kept(request, folder)
            # The request counted already; many small files take more room than was sent.
            more = len(paths) * SMALLEST - size
            if more > 0:
                await run_in_threadpool(visitor.files.reserve, person, more)
        except UploadRefused as problem:
            shutil.rmtree(folder, ignore_errors=True)
            return _sentence(413, str(problem))
        except MultiPartException as problem:
            shutil.rmtree(folder, ignore_errors=True)
            large = "maximum allowed size" in problem.message
            return _sentence(413 if large else 400, self._too_large if large else problem.message)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if not role.includes(Role.MERCHANDISER) and not all(map(_is_picture, paths)):
            shutil.rmtree(folder, ignore_errors=True)
            return _sentence(403, f"As {role.value} you may upload pictures, no other files.")
        return JSONResponse(paths)

    @property
    def _too_large(self) -> str:
        return f"A file may have {self._most // 2**20} MB at most."

    async def _kept(self, request: Request, folder: Path) -> list[str]:
        upload_id = request.query_params.get("upload_id")
        progress: Any = file_upload_statuses if upload_id else None
        paths, _, _ = await upload_fn(
            request, str(folder), self._most, upload_id, upload_progress=progress
        )
        return [str(path) for path in paths]


def _is_picture(path: str) -> bool:
    kind = mimetypes.guess_type(path)[0] or ""
    return kind.startswith("image/") and "svg" not in kind


def _sentence(status: int, text: str) -> Response:
    return PlainTextResponse(text, status)
