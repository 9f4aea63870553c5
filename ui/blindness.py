"""Hide engines' lists, ranks and scores of what somebody may still judge."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr
from fastapi import Request
from gradio.context import LocalContext

from core.app.judging_by_model import judged_set_of
from core.app.studio import Studio
from core.domain import JudgeRecord, Query, Report, SearchResult
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
_LISTS = (
    "This list is nearly that of a query which you may judge in a judgment set, so it stays hidden "
    "from you until its pairs are judged. Search for something else."
)
_SEARCHES = (
    "A set of this catalogue is being judged. In this studio only those who lead may search until "
    "all of its pairs are judged."
)


def is_hidden(studio: Studio, request: gr.Request | Request | None, report: Report) -> bool:
    """Tell whether a report is hidden from the sender of this request.

    Viewers see it neither: a visitor may be an annotator who has signed out.
    """
    leads = studio.people.may(signed_in(request), Action.DECIDE)
    return not leads and studio.judging.is_open_report(report)


def shown_records(
    studio: Studio, records: Sequence[JudgeRecord], catalog: str
) -> tuple[JudgeRecord, ...]:
    """Return a model's figures without those of sets that the visitor may still judge."""
    who = signed_in(LocalContext.request.get(None))
    if studio.people.may(who, Action.DECIDE):
        return tuple(records)
    return tuple(
        record
        for record in records
        if not (set_id := judged_set_of(record)) or not studio.judging.is_open_set(set_id, catalog)
    )


def require_shown(studio: Studio, request: gr.Request | Request | None, report: Report) -> None:
    """Raise ``AccessDenied`` if a report is hidden from the sender of this request."""
    if is_hidden(studio, request, report):
        raise AccessDenied(_REPORT)


def hides_queries(
    studio: Studio, request: gr.Request | Request | None, texts: Sequence[str], catalog: str
) -> bool:
    """Tell whether figures on single queries are hidden: the sender may still judge one of them."""
    if studio.people.may(signed_in(request), Action.DECIDE):
        return False
    return studio.judging.is_any_open(texts, catalog or None)


def require_blind(studio: Studio, query: Query, catalog: str) -> None:
    """Raise ``AccessDenied`` if the visitor judges blind what this search would show."""
    _require_search(studio, catalog)
    if _judges_blind(studio) and studio.judging.is_open_search(query, catalog):
        raise AccessDenied(_SEARCH)


def require_blind_lists(studio: Studio, results: Sequence[SearchResult], catalog: str) -> None:
    """Raise ``AccessDenied`` if the visitor judges blind what one of these lists mostly shows."""
    if _judges_blind(studio) and studio.judging.shows_open(results, catalog):
        raise AccessDenied(_LISTS)


def require_blind_words(studio: Studio, texts: Sequence[str], catalog: str) -> None:
    """Raise ``AccessDenied`` if the visitor judges blind what a search for one of these shows."""
    _require_search(studio, catalog)
    if _judges_blind(studio) and studio.judging.is_any_open(texts, catalog):
        raise AccessDenied(_SEARCH)


def _require_search(studio: Studio, catalog: str) -> None:
    """Raise ``AccessDenied`` if the settings forbid all searches while something is judged.

    Viewers may not search either: a visitor may be an annotator who has signed out.
    """
    if studio.settings.search_while_judging:
        return
    who = signed_in(LocalContext.request.get(None))
    leads = studio.people.may(who, Action.DECIDE)
    if not leads and studio.judging.is_any_set_open(catalog or None):
        raise AccessDenied(_SEARCHES)


def _judges_blind(studio: Studio) -> bool:
    who = signed_in(LocalContext.request.get(None))
    people = studio.people
    if not people.sign_in:
        return False
    return people.may(who, Action.JUDGE) and not people.may(who, Action.DECIDE)
