"""Serve pictures by content hash: a path reveals neither item nor engine nor folder."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import FileResponse, Response

from core.app.studio import Studio
from core.catalog.left_out import left_out_csv
from core.domain import Photo
from core.errors import StudioError
from core.evaluation.query_files import per_query
from ui.blindness import absence_sentence, require_shown
from ui.theme import ASSETS

#: A sign that is shown in place of a photo, so that no page has a broken picture.
NO_PHOTO_URL = "/media/no-photo.svg"
_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}


def photo_url(photo: Photo, catalog: str, *, thumbnail: bool = True) -> str:
    """Return the URL of an item's photo in this studio."""
    return picture_url(photo.sha256, catalog, thumbnail=thumbnail)


def picture_url(sha256: str, catalog: str, *, thumbnail: bool = True) -> str:
    """Return the URL of a stored picture, or of a sign that there is none."""
    if not sha256:
        return NO_PHOTO_URL
    size = "thumb" if thumbnail else "full"
    return f"/media/{quote(catalog, safe='')}/{size}/{sha256}.jpg"


def export_url(item_id: str, catalog: str) -> str:
    """Return the URL of an item's grounding; ``&as=coco``, ``mask`` or ``cutout`` is added."""
    return "/media/grounding?" + urlencode({"item": item_id, "catalog": catalog})


def report_url(report_id: str) -> str:
    """Return the URL of a stored report as a file; ``&as=html`` or ``csv`` is added."""
    return "/media/report?" + urlencode({"report": report_id})


def experiment_url(experiment_id: str = "", kind: str = "html", *, example: str = "") -> str:
    """Return the URL of an experiment's result as a file, or of its events (``kind`` csv)."""
    named = {"example": example} if example else {"experiment": experiment_id}
    return "/media/experiment?" + urlencode({**named, "as": kind})


def media_router(studio: Studio) -> APIRouter:
    """Return the routes of pictures, files to save and the list of catalogues, below ``/media``."""
    router = APIRouter(prefix="/media")

    @router.get("/example/{number}.jpg", include_in_schema=False)
    def example(number: int) -> FileResponse:
        photos = studio.example_photos()
        if not 0 <= number < len(photos):
            raise HTTPException(404, "There is no such example.")
        return FileResponse(photos[number][0], media_type="image/jpeg")

    @router.get("/no-photo.svg", include_in_schema=False)
    def no_photo() -> FileResponse:
        return FileResponse(ASSETS / "no-photo.svg", media_type="image/svg+xml", headers=_FOREVER)

    @router.get("/catalogs.json", include_in_schema=False)
    def catalogs() -> dict[str, Any]:
        infos = studio.catalogs()
        return {
            "default": studio.catalog().name if infos else "",
            "catalogs": [{"name": info.name, "title": info.title} for info in infos],
        }

    @router.get("/left-out.csv", include_in_schema=False)
    def left_out(catalog: str) -> Response:
        try:
            content = left_out_csv(studio.quarantine(catalog))
        except StudioError as error:
            raise HTTPException(404, str(error)) from None
        return saved(content, "text/csv", f"{catalog}-left-out.csv")

    @router.get("/grounding", include_in_schema=False)
    def grounding(item: str, catalog: str, kind: Annotated[str, Query(alias="as")]) -> Response:
        try:
            return _grounding(studio, item, catalog, kind)
        except StudioError as error:
            raise HTTPException(404, str(error)) from None

    @router.get("/report", include_in_schema=False)
    def report(report: str, kind: Annotated[str, Query(alias="as")], request: Request) -> Response:
        try:
            return _report(studio, report, kind, request)
        except StudioError as error:
            raise HTTPException(404, absence_sentence(studio, request, error)) from None

    @router.get("/{catalog}/{size}/{sha256}.jpg", include_in_schema=False)
    def picture(catalog: str, size: str, sha256: str) -> FileResponse:
        try:
            path = studio.photo_path(sha256, catalog, thumbnail=size == "thumb")
        except StudioError as error:
            raise HTTPException(404, str(error)) from None
        if not path.is_file():
            raise HTTPException(404, "This picture is not stored.")
        return FileResponse(path, media_type="image/jpeg", headers=_FOREVER)

    return router


def _grounding(studio: Studio, item_id: str, catalog: str, kind: str) -> Response:
    item = studio.item(item_id, catalog)
    match kind:
        case "coco":
            content, ending = studio.grounding.coco(item, catalog), "json"
        case "mask":
            content, ending = studio.grounding.mask_png(item, catalog), "png"
        case "cutout":
            content, ending = studio.grounding.cutout_png(item, catalog), "png"
        case _:
            raise HTTPException(404, "There are coco, mask and cutout.")
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", item_id)[:80] or "item"
    media = "application/json" if ending == "json" else "image/png"
    return saved(content, media, f"{stem}-{kind}.{ending}")


def _report(studio: Studio, report_id: str, kind: str, request: Request) -> Response:
    report = studio.evaluation.reports.get(report_id)
    require_shown(studio, request, report)
    match kind:
        case "html":
            content = studio.evaluation.html(report)
        case "csv":
            content = per_query(report)
        case _:
            raise HTTPException(404, "There are html and csv.")
    return saved(content, f"text/{kind}", f"{report.report_id}.{kind}")


def saved(content: bytes | str, media: str, name: str) -> Response:
    """Return a response that a browser saves under this name and never shows as a page."""
    saved = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media, headers=saved)
