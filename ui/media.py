"""Pictures over HTTP, addressed by content: a path tells neither item nor engine nor folder."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

from core.domain import Photo
from core.errors import StudioError
from core.studio import Studio

_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def photo_url(photo: Photo, catalog: str, *, thumbnail: bool = True) -> str:
    """URL of a stored picture in this studio."""
    size = "thumb" if thumbnail else "full"
    return f"/media/{quote(catalog, safe='')}/{size}/{photo.sha256}.jpg"


def media_router(studio: Studio) -> APIRouter:
    """Routes ``/media/<catalog>/<thumb|full>/<sha256>.jpg`` and ``/media/example/<n>.jpg``."""
    router = APIRouter(prefix="/media")

    @router.get("/example/{number}.jpg", include_in_schema=False)
    def example(number: int) -> FileResponse:
        photos = studio.example_photos()
        if not 0 <= number < len(photos):
            raise HTTPException(404, "There is no such example.")
        return FileResponse(photos[number][0], media_type="image/jpeg")

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
