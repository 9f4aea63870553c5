"""“Help us choose” on Explore: the notice, and the mixed lists of visitors who agreed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr
from gradio.context import LocalContext

from core.app.helping import UNIT, MixedList
from core.app.studio import Studio
from core.domain import Query, Sort
from core.errors import StudioError
from core.experiments.model import Experiment
from ui.components.query import SearchForm, form_from_request
from ui.error_sentences import sentences
from ui.render import render

#: The cookie: the visitor's random number after they agreed, or that they don't want to.
COOKIE, DECLINED = "vlclip-help", "no"


def help_notice(studio: Studio, page: gr.Blocks) -> None:
    """Lay out the notice; it is empty where no experiment asks."""
    notice = gr.HTML(elem_id="explore-help", js_on_load="vs.helpChoice(element)")

    @sentences
    def open_notice(request: gr.Request) -> str:
        form = form_from_request(request)
        try:
            catalog = studio.catalog(form.catalog or None).name
        except StudioError:
            return ""
        return notice_html(studio.helping.offered(catalog), request.headers, request.cookies)

    page.load(open_notice, None, notice, show_progress="hidden", api_visibility="private")


def notice_html(
    experiment: Experiment | None, headers: Mapping[str, str], cookies: Mapping[str, str]
) -> str:
    """Return the notice: the question, or after it that one can stop; else nothing."""
    chosen = cookies.get(COOKIE, "")
    if experiment is None or not_recorded(headers) or chosen == DECLINED:
        return ""
    return render("help_choose.html", helps=bool(UNIT.fullmatch(chosen)))


def not_recorded(headers: Mapping[str, str]) -> bool:
    """Tell whether a browser says that its visitor is not to be recorded."""
    return "1" in (headers.get("dnt"), headers.get("sec-gpc"))


def device(headers: Mapping[str, str]) -> str:
    """Return the kind of device that a browser names."""
    return "mobile" if "Mobi" in headers.get("user-agent", "") else "desktop"


def mixed_list(studio: Studio, form: SearchForm, query: Query, catalog: str) -> MixedList | None:
    """Return the mixed list for a visitor who helps; ``None`` for everybody else.

    A visitor who chose an engine or an order gets what they chose.
    """
    request: Any = LocalContext.request.get(None)
    unit = request.cookies.get(COOKIE, "") if request is not None else ""
    chose = form.engines or form.sort is not Sort.MATCH
    if chose or not UNIT.fullmatch(unit) or not_recorded(request.headers):
        return None
    experiment = studio.helping.offered(catalog)
    if experiment is None:
        return None
    return studio.helping.mixed(experiment, unit, query, device(request.headers))
