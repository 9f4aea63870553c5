"""The stored reports that a visitor may see on Evaluate: which, their names, how each looks."""

from __future__ import annotations

import re
from functools import partial

import gradio as gr
from gradio.context import LocalContext

from core.app.studio import Studio
from core.domain import Item, QueryRow, Ranking, Report
from core.errors import StudioError
from core.people import Action
from ui.blindness import engines_hidden
from ui.components.query import SearchForm
from ui.media import photo_url, picture_url, report_url
from ui.render import render
from ui.rights import may

#: The engines that are measured unless somebody chooses; the first is the baseline.
DEFAULT_ENGINES = ("clip", "vl-clip")
_STAMP = re.compile(r"(.+)-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)\d\d-\d+")


class VisibleReports:
    """The stored reports, without those that are hidden from whoever may still judge."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._labels: dict[str, str] = {}

    def ids(self) -> tuple[str, ...]:
        """Return the ids of the reports that this visitor may see, the newest first."""
        request = LocalContext.request.get(None)
        stored = self._studio.evaluation.reports.ids()
        if may(self._studio, request, Action.DECIDE):
            return stored
        hidden: dict[str, bool] = {}
        return tuple(name for name in stored if not self._is_hidden(request, name, hidden))

    def newest(self, catalog: str | None) -> str | None:
        """Return the id of a catalogue's newest report."""
        for report_id in self.ids():
            try:
                if self._studio.evaluation.reports.get(report_id).catalog == catalog:
                    return report_id
            except StudioError:
                continue  # a damaged file
        return None

    def label(self, report_id: str) -> str:
        """Return a report's title, catalogue and time; reports never change."""
        if report_id not in self._labels:
            try:
                self._labels[report_id] = report_label(
                    self._studio.evaluation.reports.get(report_id)
                )
            except StudioError:
                self._labels[report_id] = entry_label(report_id)
        return self._labels[report_id]

    def _is_hidden(
        self, request: gr.Request | None, report_id: str, hidden: dict[str, bool]
    ) -> bool:
        """Tell whether a report is hidden; ``hidden`` has the catalogues that were looked at."""
        try:
            catalog = self._studio.evaluation.reports.get(report_id).catalog
        except StudioError:
            return False  # a damaged file is shown as a problem
        if catalog not in hidden:
            hidden[catalog] = engines_hidden(self._studio, request, catalog)
        return hidden[catalog]


def report_html(studio: Studio, report: Report) -> str:
    """Return a report with pictures, its files, and a link to Compare per query in words."""
    recipes = {status.engine.name for status in studio.engines()}

    def picture(item: Item) -> str:
        return photo_url(item.photo, report.catalog, thumbnail=True) if item.has_photo else ""

    def link(row: QueryRow) -> str:
        measured = [e.engine for e in report.engines if e.fingerprint]
        # The parts of an ablation are not engines; their engines are linked instead.
        engines = tuple(name for name in measured if name in recipes) or (
            DEFAULT_ENGINES if measured else ()
        )
        if row.has_image or not engines or not (row.text or row.item_id):
            return ""
        form = SearchForm(
            text="" if row.item_id else row.text,
            item=row.item_id,
            engines=engines,
            words=report.ranking is Ranking.WORDS,
            cutoff=False,
            catalog=report.catalog,
        )
        return form.link("/compare")

    save = render("evaluate_save.html", url=report_url(report.report_id))
    asked = partial(picture_url, catalog=report.catalog)
    return studio.evaluation.fragment(report, picture, link, asked) + save


def report_label(report: Report) -> str:
    """Return a report for the list of all: its title, its catalogue and its time."""
    return f"{report.title} · {report.catalog} · {report.created[:16].replace('T', ' ')} UTC"


def entry_label(report_id: str) -> str:
    """Return a stored report's id for people: ``demo-title, 24 11 2026`` …"""
    match = _STAMP.fullmatch(report_id)
    if match is None:
        return report_id
    name, year, month, day, hour, minute = match.groups()
    return f"{name}, {year}-{month}-{day} {hour}:{minute} UTC"
