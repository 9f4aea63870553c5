"""Blind vote on Compare: two engines left and right, on sides drawn by chance; which is better?"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.app.studio import Studio
from core.base.counts import counted
from core.domain import Duel, PreferenceReport, SearchResult, Side
from core.errors import JudgmentError
from core.people import Action
from ui.components.cards import Card, hit_card
from ui.error_sentences import sentences
from ui.render import render
from ui.rights import LOCAL, allowed, own_name, person

#: Number of results per side.
DEPTH = 8
#: Most queries per vote.
MOST_QUERIES = 500
#: A p-value below this is called a difference.
_ALPHA = 0.05

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}

#: Arrow keys press the buttons while the vote is on screen and nobody is typing.
_KEYS = """
const keys = { ArrowLeft: 'vote-left', ArrowDown: 'vote-same', ArrowRight: 'vote-right' };
document.addEventListener('keydown', (event) => {
  const typing = event.target.closest('input, textarea, select, [contenteditable]');
  const voting = element.querySelector('[data-vote]');
  if (typing || event.repeat || !keys[event.key] || !voting || !element.offsetParent) return;
  event.preventDefault();
  document.getElementById(keys[event.key])?.click();
});
"""


@dataclass(frozen=True, slots=True)
class Ballot:
    """An open vote; it stays on the server, so that the page can't reveal the sides."""

    queries: tuple[str, ...]
    engines: tuple[str, str]
    at: int = 0
    duel: Duel | None = None
    shown: float = 0.0


def preference_panel(studio: Studio, page: gr.Blocks) -> None:
    """Lay out the vote inside the current page and wire its events."""
    names = [(s.engine.title, s.engine.name) for s in studio.engines() if s.available]
    first = [name for _, name in names][:2]
    with gr.Accordion("Blind vote: which list is better?", open=False, elem_id="compare-vote"):
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
            result = gr.Button("Result so far", elem_id="vote-result")
        pane = gr.HTML(elem_id="vote-pane", js_on_load=_KEYS)
        with gr.Row(visible=False) as choices:
            left = gr.Button("← Left is better", elem_id="vote-left")
            same = gr.Button("↓ No difference", elem_id="vote-same")
            right = gr.Button("Right is better →", elem_id="vote-right")
    ballot, catalog = gr.State(None), gr.State("")

    @sentences
    def load(request: gr.Request) -> tuple[Any, ...]:
        asked = str(request.query_params.get("catalog", "")) or None
        catalog = studio.catalog(asked).name if studio.catalogs() else ""
        return catalog, own_name(request)

    @sentences
    @allowed(studio, Action.JUDGE)
    def begin(text: str, chosen: list[str], catalog: str) -> tuple[Any, ...]:
        queries = tuple(dict.fromkeys(q for line in text.splitlines() if (q := line.strip())))
        if not queries or len(queries) > MOST_QUERIES:
            raise JudgmentError(f"Give 1 to {MOST_QUERIES} queries, one per line.")
        if len(chosen or ()) != 2:
            raise JudgmentError("Choose two engines.")
        return shown(studio, Ballot(queries, (chosen[0], chosen[1])), catalog)

    def choose(side: Side) -> Any:
        @sentences
        @allowed(studio, Action.JUDGE)
        def vote(
            now: Ballot | None, typed: str, catalog: str, request: gr.Request
        ) -> tuple[Any, ...]:
            if now is None or now.duel is None:
                raise JudgmentError("Start the vote first.")
            seconds = time.time() - now.shown
            studio.preferences.vote(now.duel, side, person(request, typed), seconds, catalog)
            return shown(studio, Ballot(now.queries, now.engines, now.at + 1), catalog)

        return vote

    @sentences
    @allowed(studio, Action.JUDGE)
    def tell(chosen: list[str], catalog: str) -> tuple[Any, ...]:
        if len(chosen or ()) != 2:
            raise JudgmentError("Choose two engines.")
        return None, report_html(studio, (chosen[0], chosen[1]), catalog), gr.update(visible=False)

    outputs = [ballot, pane, choices]
    page.load(load, None, [catalog, name], **_PRIVATE)
    start.click(begin, [lines, engines, catalog], outputs, **_PRIVATE)
    result.click(tell, [engines, catalog], outputs, **_PRIVATE)
    for button, side in ((left, Side.LEFT), (same, Side.SAME), (right, Side.RIGHT)):
        button.click(
            choose(side), [ballot, name, catalog], outputs, show_progress="hidden", **_PRIVATE
        )


def shown(studio: Studio, ballot: Ballot, catalog: str) -> tuple[Any, ...]:
    """Return the ballot with its next two lists, their HTML, and whether to show the buttons."""
    if ballot.at >= len(ballot.queries):
        html = report_html(studio, ballot.engines, catalog, "Thank you, that was the last query.")
        return None, html, gr.update(visible=False)
    duel = studio.preferences.duel(
        ballot.queries[ballot.at], ballot.engines, DEPTH, catalog or None
    )
    html = duel_html(duel, ballot.at + 1, len(ballot.queries), catalog)
    return (
        Ballot(ballot.queries, ballot.engines, ballot.at, duel, time.time()),
        html,
        gr.update(visible=True),
    )


def duel_html(duel: Duel, number: int, total: int, catalog: str) -> str:
    """Return two lists without anything that reveals the engine: times, scores, descriptions."""

    def cards(result: SearchResult) -> list[Card]:
        return [hit_card(hit, catalog) for hit in result.hits]

    sides = (("Left", cards(duel.left)), ("Right", cards(duel.right)))
    return render("preference.html", query=duel.query, number=number, total=total, sides=sides)


def report_html(studio: Studio, engines: tuple[str, str], catalog: str, lead: str = "") -> str:
    """Return the sign test in words."""
    titles = {status.engine.name: status.engine.title for status in studio.engines()}
    first, second = (titles.get(name, name) for name in engines)
    report = studio.preferences.report(*engines, catalog or None)
    return render(
        "preference_report.html",
        lead=lead, report=report, first=first, second=second,
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
