"""Blind vote on Compare: two engines left and right, on sides drawn by chance; which is better?"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.app.studio import Studio
from core.base.counts import counted
from core.domain import Ballot, BallotStep, Duel, PreferenceReport, SearchResult, Side
from core.errors import JudgmentError, StudioError
from core.people import Action
from ui.blindness import engines_hidden, require_engines_shown
from ui.components.cards import Card, hit_card
from ui.error_sentences import sentences
from ui.render import render
from ui.rights import LOCAL, allowed, may, own_name, person

#: A p-value below this is called a difference.
_ALPHA = 0.05
#: A faster vote may be a slip, seconds.
_QUICK = 0.5

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}

#: Arrow keys press the buttons while the vote is on screen and nobody is typing.
_KEYS = """
const keys = { ArrowLeft: 'vote-left', ArrowDown: 'vote-same', ArrowRight: 'vote-right',
  Backspace: 'vote-undo' };
document.addEventListener('keydown', (event) => {
  const typing = event.target.closest('input, textarea, select, [contenteditable]');
  const voting = element.querySelector('[data-vote]');
  if (typing || event.repeat || !keys[event.key] || !voting || !element.offsetParent) return;
  event.preventDefault();
  document.getElementById(keys[event.key])?.click();
});
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """The lists that a person looks at; they stay on the server, so the page can't tell the sides.

    Attributes:
        ballot: The person's ballot.
        duel: The two lists; ``None`` at the end.
        since: When they were shown, seconds since the epoch.
    """

    ballot: Ballot
    duel: Duel | None
    since: float


def preference_panel(studio: Studio, page: gr.Blocks) -> None:
    """Lay out the vote inside the current page and wire its events."""
    names = [(s.engine.title, s.engine.name) for s in studio.engines() if s.available]
    first = [name for _, name in names][:2]
    title = "Blind vote: which list is better?"
    with gr.Accordion(title, open=False, elem_id="compare-vote") as panel:
        with gr.Row():
            lines = gr.Textbox(
                label="Queries, one per line", lines=3, scale=3, elem_id="vote-queries"
            )
            with gr.Column(scale=1, min_width=200):
                engines = gr.Dropdown(
                    names, value=first, multiselect=True, max_choices=2, label="Two engines"
                )
                name = gr.Textbox(
                    label="Your name",
                    value=LOCAL,
                    max_length=60,
                    elem_classes="vs-your-name",
                    interactive=True,
                )
        with gr.Row():
            start = gr.Button("Start the vote", variant="primary", elem_id="vote-start")
            resume = gr.Button("Go on", visible=False, elem_id="vote-resume")
            result = gr.Button("Result", visible=False, elem_id="vote-result")
        pane = gr.HTML(elem_id="vote-pane", js_on_load=_KEYS)
        with gr.Row(visible=False) as choices:
            left = gr.Button("← Left is better", elem_id="vote-left")
            same = gr.Button("↓ No difference", elem_id="vote-same")
            right = gr.Button("Right is better →", elem_id="vote-right")
        undo = gr.Button(
            "Take the last vote back", visible=False, size="sm", elem_id="vote-undo"
        )  # fmt: skip
    now, catalog = gr.State(None), gr.State("")

    @sentences
    def load(request: gr.Request) -> tuple[Any, ...]:
        asked = str(request.query_params.get("catalog", "")) or None
        catalog = studio.catalog(asked).name if studio.catalogs() else ""
        shows = not (catalog and engines_hidden(studio, request, catalog))
        leads = may(studio, request, Action.DECIDE)
        return catalog, own_name(request), gr.update(visible=leads), gr.update(visible=shows)

    @sentences
    def to_resume(typed: str, catalog: str, request: gr.Request) -> Any:
        step = open_ballot(studio, typed, catalog, request)
        if step is None or not may(studio, request, Action.JUDGE):
            return gr.update(visible=False)
        total = len(step.ballot.queries)
        return gr.update(visible=True, value=f"Go on with your vote ({step.done} of {total} done)")

    @sentences
    @allowed(studio, Action.JUDGE)
    def begin(
        text: str, chosen: list[str], typed: str, catalog: str, request: gr.Request
    ) -> tuple[Any, ...]:
        ballot = studio.preferences.begin(
            text.splitlines(), two(chosen), person(request, typed), catalog
        )
        return shown(studio, ballot, catalog)

    @sentences
    @allowed(studio, Action.JUDGE)
    def go_on(typed: str, catalog: str, request: gr.Request) -> tuple[Any, ...]:
        step = open_ballot(studio, typed, catalog, request)
        if step is None:
            raise JudgmentError("You have no vote that is not finished. Start a new one.")
        return shown(studio, step.ballot, catalog)

    def choose(side: Side) -> Any:
        @sentences
        @allowed(studio, Action.JUDGE)
        def vote(at: Shown | None, catalog: str) -> tuple[Any, ...]:
            if at is None or at.duel is None:
                raise JudgmentError("Start the vote first.")
            seconds = time.time() - at.since
            studio.preferences.vote(at.ballot, at.duel, side, seconds, catalog)
            if seconds < _QUICK:
                gr.Warning(f"That was quick: {seconds:.1f} s. Take it back if it was a slip.")
            return shown(studio, at.ballot, catalog)

        return vote

    @sentences
    @allowed(studio, Action.JUDGE)
    def take_back(at: Shown | None, catalog: str) -> tuple[Any, ...]:
        if at is None or not studio.preferences.undo(at.ballot, catalog):
            raise JudgmentError("There is no vote to take back.")
        return shown(studio, at.ballot, catalog)

    @sentences
    @allowed(studio, Action.DECIDE)
    def tell(chosen: list[str], typed: str, catalog: str, request: gr.Request) -> Any:
        try:
            return report_html(studio, two(chosen), catalog, person(request, typed))
        except JudgmentError as problem:  # the lists that are voted on stay in sight
            gr.Warning(str(problem))
            return gr.skip()

    outputs = [now, pane, choices, undo, resume]
    quiet: dict[str, Any] = {"show_progress": "hidden", **_PRIVATE}
    page.load(load, None, [catalog, name, result, panel], **_PRIVATE).then(
        to_resume, [name, catalog], resume, **quiet
    )
    name.change(to_resume, [name, catalog], resume, **quiet)
    start.click(begin, [lines, engines, name, catalog], outputs, **_PRIVATE)
    resume.click(go_on, [name, catalog], outputs, **_PRIVATE)
    result.click(tell, [engines, name, catalog], pane, **_PRIVATE)
    undo.click(take_back, [now, catalog], outputs, **quiet)
    for button, side in ((left, Side.LEFT), (same, Side.SAME), (right, Side.RIGHT)):
        button.click(choose(side), [now, catalog], outputs, **quiet)


def two(chosen: list[str] | None) -> tuple[str, str]:
    """Return the two engines that a person chose.

    Raises:
        JudgmentError: There are not two.
    """
    if len(chosen or ()) != 2 or not chosen:
        raise JudgmentError("Choose two engines.")
    return chosen[0], chosen[1]


def open_ballot(
    studio: Studio, typed: str, catalog: str, request: gr.Request | None
) -> BallotStep | None:
    """Return the person's unfinished vote; none while the name is not one yet."""
    try:
        return studio.preferences.open_ballot(person(request, typed), catalog or None)
    except StudioError:
        return None


def shown(studio: Studio, ballot: Ballot, catalog: str) -> tuple[Any, ...]:
    """Return the next lists, their HTML, and which buttons are shown."""
    require_engines_shown(studio, catalog)
    step = studio.preferences.step(ballot, catalog or None)
    html = duel_html(step, catalog) if step.duel else render("preference_end.html", step=step)
    return (
        Shown(ballot, step.duel, time.time()),
        html,
        gr.update(visible=step.duel is not None),
        gr.update(visible=step.voted > 0),
        gr.update(visible=False),
    )


def duel_html(step: BallotStep, catalog: str) -> str:
    """Return two lists without anything that reveals the engine: times, scores, descriptions."""

    def cards(result: SearchResult) -> list[Card]:
        return [hit_card(hit, catalog) for hit in result.hits]

    assert step.duel is not None  # noqa: S101
    duel = step.duel
    return render(
        "preference.html", query=duel.query, step=step,
        sides=(("Left", cards(duel.left)), ("Right", cards(duel.right))),
    )  # fmt: skip


def report_html(studio: Studio, engines: tuple[str, str], catalog: str, reader: str) -> str:
    """Return the sign test in words; raises ``JudgmentError`` while the reader still votes."""
    titles = {status.engine.name: status.engine.title for status in studio.engines()}
    first, second = (titles.get(name, name) for name in engines)
    report = studio.preferences.report(*engines, catalog or None, reader)
    return render(
        "preference_report.html",
        report=report, first=first, second=second,
        verdict=verdict(report, first, second),
        people=counted(report.people, "person"),
    )  # fmt: skip


def verdict(report: PreferenceReport, first: str, second: str) -> str:
    """Return the result of the votes, in a sentence."""
    if report.p is None:
        return "Nobody has decided for a side yet."
    if report.p >= _ALPHA:
        return "The votes do not tell the two apart."
    return f"{first if report.wins > report.losses else second} is preferred."
