"""Serve an experiment's result as one HTML file, and its events as CSV, below ``/media``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from core.app.experiment_results import shows_lifts
from core.app.library import DEMO
from core.app.studio import Studio
from core.errors import AccessDenied, StudioError
from core.experiments.experiment_report import page
from core.people import Action
from ui.blindness import require_figures_shown
from ui.components.experiment_view import example_of
from ui.media import saved
from ui.rights import require

_NOT_YET = (
    "It runs, so its lifts are not read yet: looking again and again finds differences that are "
    "chance. End it first."
)


def experiment_router(studio: Studio) -> APIRouter:
    """Return the route of experiments' files."""
    router = APIRouter(prefix="/media")

    @router.get("/experiment", include_in_schema=False)
    def experiment(
        request: Request,
        experiment: str = "",
        example: str = "",
        kind: Annotated[str, Query(alias="as")] = "html",
    ) -> Response:
        try:
            if kind == "csv":
                require(studio, request, Action.EXPERIMENT)
                return _events(studio, experiment)
            if kind == "html":
                if example:
                    return _example(studio, request, example)
                return _report(studio, request, experiment)
        except AccessDenied as error:
            raise HTTPException(403, str(error)) from None
        except StudioError as error:
            raise HTTPException(404, str(error)) from None
        raise HTTPException(404, "There are html and csv.")

    return router


def _report(studio: Studio, request: Request, experiment_id: str) -> Response:
    experiment = studio.experiments.get(experiment_id)
    if not shows_lifts(experiment):
        raise HTTPException(409, _NOT_YET)
    require_figures_shown(studio, request, experiment.catalog)
    read = studio.experiment_results.of(experiment.id)
    return saved(page(experiment, read.result, read.queries), "text/html", f"{experiment.id}.html")


def _example(studio: Studio, request: Request, name: str) -> Response:
    require_figures_shown(studio, request, DEMO)
    made = example_of(studio, name)
    content = page(made.experiment, made.result, made.queries)
    return saved(content, "text/html", f"{made.experiment.id}.html")


def _events(studio: Studio, experiment_id: str) -> Response:
    """Write the events to a file, which is sent in pieces and removed: there may be millions."""
    experiment = studio.experiments.get(experiment_id)
    folder = tempfile.TemporaryDirectory(prefix="vlclip-events-")
    path = Path(folder.name) / f"{experiment.id}.csv"
    try:
        studio.experiments.export(experiment.id, path)
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        path, media_type="text/csv", filename=path.name, background=BackgroundTask(folder.cleanup)
    )
