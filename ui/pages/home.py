"""Home: explain the studio on one screen, with a real example."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.app.studio import Studio
from core.domain import Job
from core.errors import StudioError
from ui.components.query import SearchForm, form_from_request, form_from_search
from ui.components.results import problem_html, progress_html
from ui.components.story import story_html
from ui.components.ways_on import ways_on
from ui.error_sentences import sentences
from ui.render import render
from ui.rights import sign_in_button

_PICK_JS = "vs.actions(element, (detail) => trigger('pick', detail), watch)"
_PRIVATE: dict[str, Any] = {"api_visibility": "private"}


def build(studio: Studio, page: gr.Blocks) -> None:
    """Lay out the page and wire its events."""
    gr.HTML(render("home_head.html"))
    sign_in_button(studio)
    progress = gr.HTML(elem_id="home-progress")
    story = gr.HTML(render("home_wait.html"), elem_id="home", js_on_load=_PICK_JS)
    shown = gr.State(SearchForm())
    timer = gr.Timer(3, active=False)

    def tell(form: SearchForm) -> list[Any]:
        job = _job(studio, form)
        try:
            html, complete = story_html(studio, form), not (job and job.running)
        except StudioError as problem:
            html, complete = problem_html(str(problem), form, ways_on(studio, form.catalog)), False
        return [_line(studio, form, job), html, form, gr.Timer(active=not complete)]

    @sentences
    def open_page(request: gr.Request) -> list[Any]:
        return tell(form_from_request(request))

    @sentences
    def follow(event: gr.EventData) -> list[Any]:
        return tell(form_from_search(str(event.value)))

    @sentences
    def tick(form: SearchForm) -> list[Any]:
        """Update the progress line while indexing runs, and the story when it has ended."""
        job = _job(studio, form)
        if job and job.running:
            return [_line(studio, form, job), *[gr.skip()] * 3]
        return tell(form)

    outputs = [progress, story, shown, timer]
    page.load(open_page, None, outputs, show_progress="hidden", **_PRIVATE)
    story.pick(follow, None, outputs, show_progress="minimal", show_progress_on=story, **_PRIVATE)
    timer.tick(tick, shown, outputs, show_progress="hidden", **_PRIVATE)


def _line(studio: Studio, form: SearchForm, job: Job | None) -> str:
    """Return the progress line; nothing is read for it where no job runs."""
    if job is None or not job.running:
        return ""
    try:
        return progress_html(job, studio.catalog(form.catalog or None), studio.engines())
    except StudioError:  # the story tells it
        return ""


def _job(studio: Studio, form: SearchForm) -> Job | None:
    try:
        return studio.indexing.job(form.catalog or None).read()
    except StudioError:
        return None
