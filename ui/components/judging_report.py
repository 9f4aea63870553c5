"""Show the agreement of a set's labels, each annotator, and disagreements to decide."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr

from core.app.studio import Studio
from core.base.counts import counted, verb
from core.domain import JudgmentQuery
from core.errors import JudgmentError
from core.people import Action
from ui.components.open_tab import while_open
from ui.error_sentences import sentences
from ui.media import photo_url, picture_url
from ui.render import render
from ui.rights import allowed, person
from ui.server_functions import answered
from ui.theme import script

#: Number of cases on one page.
_CASES = 25
#: What a tab says until it is filled, in place of Gradio's spinner.
_READING = '<p class="vs-status" role="status">Reading the grades …</p>'
_PRIVATE: dict[str, Any] = {"api_visibility": "private"}


def report_tab(
    studio: Studio, sets: gr.Dropdown, catalog: gr.State, tab: gr.Tab, opened: gr.State
) -> None:
    """Lay out agreement and annotators inside the current tab; filled when it is opened."""
    pane = gr.HTML(_READING, elem_id="annotate-agreement")
    with gr.Accordion("Take an annotator's labels out of this set", open=False), gr.Row():
        who = gr.Textbox(label="Annotator", max_lines=1, scale=3)
        remove = gr.Button("Delete their labels (the log keeps them)", variant="stop", scale=1)

    @sentences
    @allowed(studio, Action.DECIDE)
    def show(set_id: str | None, catalog: str) -> str:
        return report_html(studio, set_id, catalog)

    @sentences
    @allowed(studio, Action.DELETE)
    def delete(name: str, set_id: str | None, catalog: str, request: gr.Request) -> str:
        if not set_id:
            raise JudgmentError("Choose a judgment set first.")
        gone = studio.labels.delete_labels(set_id, name.strip(), person(request), catalog)
        gr.Info(
            f"{counted(gone, 'label')} of {escape(name.strip())} no longer "
            f"{verb(gone, 'counts', 'count')}."
        )
        return report_html(studio, set_id, catalog)

    tab.select(show, [sets, catalog], pane, show_progress="hidden", **_PRIVATE)
    while_open(studio, sets, opened, "agreement", show, [sets, catalog], [pane])
    remove.click(delete, [who, sets, catalog], pane, **_PRIVATE)


def decide_tab(
    studio: Studio, sets: gr.Dropdown, catalog: gr.State, tab: gr.Tab, opened: gr.State
) -> None:
    """Lay out the queue of disagreements inside the current tab; filled when it is opened."""
    pane = gr.HTML(
        _READING,
        elem_id="annotate-decide",
        js_on_load=script("annotate", "decide"),
        server_functions=[_decide_function(studio), _cases_function(studio)],
    )

    @sentences
    @allowed(studio, Action.DECIDE)
    def show(set_id: str | None, catalog: str) -> str:
        return cases_html(studio, set_id, catalog)

    tab.select(show, [sets, catalog], pane, show_progress="hidden", **_PRIVATE)
    while_open(studio, sets, opened, "decide", show, [sets, catalog], [pane])


def _decide_function(studio: Studio) -> Callable[..., dict[str, Any]]:
    def decide(ask: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        def work() -> dict[str, Any]:
            studio.labels.adjudicate(
                str(ask["set"]),
                (str(ask["query_id"]), str(ask["item_id"])),
                int(ask["grade"]),
                str(ask["why"]),
                person(request, str(ask["name"])),
                event_id=str(ask["event_id"]),
                catalog=str(ask["catalog"]),
            )
            return {}

        return answered(studio, request, Action.DECIDE, work)

    return decide


def _cases_function(studio: Studio) -> Callable[..., dict[str, Any]]:
    def cases(ask: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        def work() -> dict[str, Any]:
            first = int(ask["first"])
            return {"html": cases_html(studio, str(ask["set"]), str(ask["catalog"]), first)}

        return answered(studio, request, Action.DECIDE, work)

    return cases


def report_html(studio: Studio, set_id: str | None, catalog: str) -> str:
    """Return the agreement of a set as HTML."""
    if not set_id:
        return render("annotate_empty.html")
    made = studio.judging.queue(catalog).sets.get(set_id)
    report = studio.labels.report(set_id, catalog)
    queries = {query.query_id: query for query in made.queries}
    items = studio.items_by_id({flag.item_id for flag in report.flags}, catalog)
    return render(
        "annotate_agreement.html",
        set=made,
        report=report,
        agreement=report.agreement,
        queries={query_id: asked(studio, query, catalog) for query_id, query in queries.items()},
        pictures={
            query_id: picture_url(query.picture, catalog)
            for query_id, query in queries.items()
            if query.picture
        },
        items=items,
    )


def cases_html(studio: Studio, set_id: str | None, catalog: str, first: int = 0) -> str:
    """Return a page of a set's cases to decide as HTML, open ones first; it names nobody.

    Args:
        studio: The façade.
        set_id: The set; without one, a hint what to do.
        catalog: Its catalogue.
        first: Number of cases before this page.
    """
    if not set_id:
        return render("annotate_empty.html")
    made = studio.judging.queue(catalog).sets.get(set_id)
    disagreements = studio.labels.disagreements(set_id, catalog)
    first = max(first, 0)
    if first >= len(disagreements):
        first = max(len(disagreements) - 1, 0) // _CASES * _CASES
    queries = {query.query_id: query for query in made.queries}
    shown = disagreements[first : first + _CASES]
    items = studio.items_by_id({case.item_id for case in shown}, catalog)
    cases = []
    for case in shown:
        item, query = items.get(case.item_id), queries[case.query_id]
        photo = picture_url(query.picture, catalog) if query.picture else ""
        cases.append(
            {
                "case": case,
                # By grade, so that the order does not tell who gave which.
                "labels": sorted(case.labels, key=lambda e: -1 if e.grade is None else e.grade),
                "query": asked(studio, query, catalog),
                "query_photo": photo,
                "title": item.title if item else case.item_id,
                "description": item.description if item else "",
                "photo": photo_url(item.photo, catalog, thumbnail=False) if item else "",
            }
        )
    still_open = sum(case.decision is None for case in disagreements)
    return render(
        "annotate_decide.html", set=made, catalog=catalog, cases=cases, open=still_open,
        total=len(disagreements), first=first, most=_CASES,
    )  # fmt: skip


def asked(studio: Studio, query: JudgmentQuery, catalog: str) -> str:
    """Return a query in words."""
    if query.text:
        return query.text
    if query.item_id:
        item = studio.items_by_id([query.item_id], catalog).get(query.item_id)
        return f"similar to {item.title if item else query.item_id}"
    return "a picture"
