"""``/help/events``: what visitors who help to choose saw and opened on Explore."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from core.app.studio import Studio
from core.errors import EventsRefused, ExperimentError, NotSaved, StudioError
from ui.components.help_choose import COOKIE, device, not_recorded
from ui.for_shops.shop_bodies import json_of, read_body


def help_router(studio: Studio) -> APIRouter:
    """Return the route; the checks of all pages (same origin, sign-in) are in front of it."""
    router = APIRouter(include_in_schema=False)

    @router.post("/help/events")
    async def events(request: Request) -> Response:
        try:
            report = json_of(await read_body(request))
            if not_recorded(request.headers):
                return JSONResponse({"stored": 0})
            stored = await run_in_threadpool(_record, studio, request, report)
        except ClientDisconnect:
            return Response(status_code=400)
        except EventsRefused as error:
            return JSONResponse({"error": str(error)}, error.status)
        except NotSaved as error:
            return JSONResponse({"error": str(error)}, 503)
        except StudioError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"stored": stored})

    return router


def _record(studio: Studio, request: Request, report: Any) -> int:
    list_id = report.get("list") if isinstance(report, dict) else None
    actions = report.get("actions") if isinstance(report, dict) else None
    if not isinstance(list_id, str) or not isinstance(actions, list):
        raise ExperimentError('Send {"list": …, "actions": [ … ]}.')
    address = request.client.host if request.client else ""
    unit = request.cookies.get(COOKIE, "")
    return studio.helping.record(list_id, unit, actions, address, device(request.headers))
