"""Checks between the network and the pages: proxies, hosts, origins, visitors, files."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import FastAPI
from gradio import Blocks
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from core.settings import Settings
from ui.security.aliases import Aliases
from ui.security.events import EventGate
from ui.security.headers import ResponseHeaders, is_framed
from ui.security.hosts import AllowedHosts
from ui.security.kept_upload import sweep_kept
from ui.security.open_requests import OpenRequestLimit
from ui.security.origins import SameOrigin
from ui.security.proxies import TrustedProxies
from ui.security.visitor_files import VisitorFiles
from ui.security.visitors import Visitors
from ui.signin.gate import Gate
from ui.signin.sign_in import SignIn

#: Seconds between two removals of unused files.
_SWEEP = 600
_GRADIO = "GRADIO_TEMP_DIR"
_log = logging.getLogger(__name__)


def visitor_files(settings: Settings) -> VisitorFiles:
    """Return the folder of visitors' files: below Gradio's folder in the data directory.

    Gradio has one folder per process, named by an environment variable; if it is set, it is used.
    """
    if _GRADIO not in os.environ:
        folder = settings.data_dir.absolute() / "temporary"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:  # a read-only data directory
            folder = Path(tempfile.mkdtemp(prefix="vlclip-"))
        os.environ[_GRADIO] = str(folder)
    return VisitorFiles(
        Path(os.environ[_GRADIO]) / "visitors",
        quota=settings.upload_quota_mb * 2**20,
        total=settings.upload_total_mb * 2**20,
        life=settings.upload_hours * 3600,
    )


def secured(
    app: FastAPI,
    settings: Settings,
    sign_in: SignIn,
    files: VisitorFiles,
    pages: Blocks,
    beside: Callable[[ASGIApp], ASGIApp] = lambda pages: pages,
) -> None:
    """Wrap the app in all checks of requests.

    A request passes the lines from the bottom up. ``add_middleware`` is not used, so that answers
    to errors in the app pass these checks, too.

    Args:
        app: The app.
        settings: The settings.
        sign_in: Identifies the sender of a request.
        files: Files of the visitors.
        pages: The pages.
        beside: Puts in front of the pages what has checks of its own, and neither cookies nor
            sign-in that another site could use.
    """
    inner = app.build_middleware_stack

    def stack() -> ASGIApp:
        front: ASGIApp = EventGate(inner(), pages, Aliases(files.root.parent))
        front = OpenRequestLimit(front)
        front = Gate(front, sign_in)
        front = Visitors(front, sign_in.user, files, framed=is_framed(settings))
        front = SameOrigin(front, logout_by_link=settings.space_sign_in)
        front = AllowedHosts(front, settings)
        front = beside(ResponseHeaders(front, settings))
        return TrustedProxies(front, settings)

    app.build_middleware_stack = stack  # type: ignore[method-assign]


@asynccontextmanager
async def keep_clean(files: VisitorFiles, settings: Settings) -> AsyncIterator[None]:
    """Remove unused files, at the start and from time to time."""

    def sweep() -> None:
        files.sweep()
        sweep_kept(settings.data_dir / "uploads", settings.upload_hours * 3600)

    async def sweep_on() -> None:
        while True:
            try:
                await run_in_threadpool(sweep)
            except Exception:
                _log.exception("Old uploads could not be removed")
            await asyncio.sleep(_SWEEP)

    task = asyncio.create_task(sweep_on())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
