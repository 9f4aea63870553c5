"""Hide engines' lists, ranks and scores of what somebody may still judge."""

from __future__ import annotations

import gradio as gr
from fastapi import Request
from gradio.context import LocalContext

from core.app.studio import Studio
from core.domain import Query, Report
from core.errors import AccessDenied
from core.people import Action
from ui.rights import signed_in

_REPORT = (
    "This report shows what the engines found for queries that are still being judged. "
    "Annotators can read it when all of these pairs are judged; until then it needs the role "
    "merchandiser."
)
_SEARCH = (
    "You may judge this query in a judgment set, so an engine's list for it stays hidden from you "
    "until its pairs are judged. Search for something else."
)


def is_hidden(studio: Studio, request: gr.Request | Request | None, report: Report) -> bool:
    """Tell whether a report is hidden from the sender of this request.

    Viewers see it neither: a visitor may be an annotator who has signed out.
    """
    leads = studio.people.may(signed_in(request), Action.DECIDE)
    return not leads and studio.judging.is_open_report(report)


def require_shown(studio: Studio, request: gr.Request | Request | None, report: Report) -> None:
    """Raise ``AccessDenied`` if a report is hidden from the sender of this request."""
    if is_hidden(studio, request, report):
        raise AccessDenied(_REPORT)


def require_blind(studio: Studio, query: Query, catalog: str) -> None:
    """Raise ``AccessDenied`` if the visitor judges blind what this search would show."""
    who = signed_in(LocalContext.request.get(None))
    people = studio.people
    if not people.sign_in or people.may(who, Action.DECIDE) or not people.may(who, Action.JUDGE):
        return
    if studio.judging.is_open_search(query, catalog):
        raise AccessDenied(_SEARCH)
