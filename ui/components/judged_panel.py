"""Evaluate on a judgment set: choose set and rule, measure, show unjudged results, judge them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.app.studio import Studio
from core.base.counts import counted
from core.domain import JudgmentQuery, JudgmentSet, Ranking
from core.errors import EvaluationError
from core.judging.aggregation import DEFAULT_RULE, RULES
from core.people import Action
from ui.components.judge_list import OPEN_JS, annotate_link
from ui.error_sentences import sentences
from ui.media import photo_url, picture_url
from ui.render import render
from ui.rights import allowed

#: Results of a list, and queries on a page of lists.
DEPTH, QUERIES = 10, 10
_PRIVATE: dict[str, Any] = {"api_visibility": "private"}


@dataclass(frozen=True, slots=True)
class JudgedPanel:
    """Components that the page wires itself: choices, and the button that measures."""

    sets: gr.Dropdown
    rule: gr.Dropdown
    relevant_from: gr.Dropdown
    words: gr.Checkbox
    go: gr.Button


def judged_panel(studio: Studio, catalog: gr.Dropdown, engines: gr.CheckboxGroup) -> JudgedPanel:
    """Lay out the panel; only the measuring is wired by the page."""
    with gr.Accordion("A judgment set", open=False, elem_id="evaluate-judged"):
        with gr.Row():
            sets = gr.Dropdown(label="Set", choices=[], elem_id="evaluate-set", scale=3)
            rule = gr.Dropdown(list(RULES), value=DEFAULT_RULE, label="Combine grades by", scale=1)
            relevant_from = gr.Dropdown(
                label="Relevant from grade", choices=[], elem_id="evaluate-relevant-from", scale=1
            )
        words = words_choice(True)
        with gr.Row():
            go = gr.Button("Evaluate on the set", elem_id="evaluate-judged-go")
            look = gr.Button("Show lists and gaps", elem_id="evaluate-lists-go")
            missing = gr.Button("Judge what is missing", elem_id="evaluate-missing")
        lists = gr.HTML(elem_id="evaluate-lists")
        more = gr.Button("Next queries", size="sm", visible=False, elem_id="evaluate-lists-more")
    offset, link = gr.State(0), gr.Textbox(visible=False)

    @sentences
    def refresh(name: str | None) -> Any:
        made = studio.judging.queue(name).sets.all() if name else ()
        choices = [
            (f"{entry.name} ({counted(len(entry.pairs), 'pair')})", entry.set_id) for entry in made
        ]
        return gr.update(choices=choices, value=choices[0][1] if choices else None)

    @sentences
    def threshold(name: str | None, set_id: str | None) -> Any:
        if not (name and set_id):
            return gr.update(choices=[], value=None)
        chosen = studio.judging.queue(name).sets.get(set_id)
        choices = [(f"{value} {word}", value) for value, word in chosen.grades.items() if value > 0]
        return gr.update(choices=choices, value=chosen.relevant_from)

    @sentences
    @allowed(studio, Action.LEAD)
    def first_page(
        name: str | None, asked: list[str], set_id: str | None, by: str
    ) -> tuple[Any, ...]:
        return page_of_lists(studio, name, asked, set_id, by, 0)

    @sentences
    @allowed(studio, Action.LEAD)
    def next_page(
        name: str | None, asked: list[str], set_id: str | None, by: str, at: int
    ) -> tuple[Any, ...]:
        return page_of_lists(studio, name, asked, set_id, by, at + QUERIES)

    @sentences
    @allowed(studio, Action.LEAD)
    def judge_missing(name: str | None, asked: list[str], set_id: str | None) -> str:
        made = _chosen(studio, name, set_id)
        added = studio.judging.judge_missing(
            made.set_id, in_order(studio, asked), DEPTH, catalog=name
        )
        labels = studio.labels.labels(made.set_id, catalog=name)
        if not added and len(labels) == len(made.pairs):
            gr.Info("Nothing is missing: every result of these engines is judged.")
            return ""
        return annotate_link(name or "", made.set_id)

    fields = [catalog, engines, sets, rule]
    catalog.change(refresh, catalog, sets, show_progress="hidden", **_PRIVATE)
    sets.change(threshold, [catalog, sets], relevant_from, show_progress="hidden", **_PRIVATE)
    # Measuring takes longer than showing the lists, so the lists come first.
    gr.on([look.click, go.click], first_page, fields, [lists, more, offset], **_PRIVATE)
    more.click(next_page, [*fields, offset], [lists, more, offset], **_PRIVATE)
    missing.click(judge_missing, fields[:3], link, **_PRIVATE).success(
        None, link, None, js=OPEN_JS, **_PRIVATE
    )
    return JudgedPanel(sets, rule, relevant_from, words, go)


def words_choice(value: bool) -> gr.Checkbox:
    """Lay out the choice of how items are ranked."""
    return gr.Checkbox(
        value, label="Rank as the pages do: by meaning (vectors) and by the words themselves"
    )


def ranking_of(words: bool) -> Ranking:
    """Return what was chosen there."""
    return Ranking.WORDS if words else Ranking.VECTOR


def page_of_lists(
    studio: Studio, name: str | None, asked: list[str], set_id: str | None, rule: str, offset: int
) -> tuple[Any, ...]:
    """Return lists of some queries as HTML, the button for the next, and the first's position."""
    made = _chosen(studio, name, set_id)
    total = len(made.queries)
    offset = offset if offset < total else 0
    judged = studio.judging.lists(
        made.set_id, in_order(studio, asked), rule=rule, depth=DEPTH, offset=offset,
        count=QUERIES, catalog=name,
    )  # fmt: skip
    catalog = name or ""
    titles = {status.engine.name: status.engine.title for status in studio.engines()}
    asked_with = studio.items_by_id({q.query.item_id for q in judged} - {""}, name)

    def words(query: JudgmentQuery) -> str:
        item = asked_with.get(query.item_id)
        return query.text or (f"similar to {item.title}" if item else "a picture")

    html = render(
        "evaluate_lists.html",
        queries=[
            {
                "words": words(entry.query),
                "picture": picture_url(entry.query.picture, catalog) if entry.query.picture else "",
                "lists": [
                    {
                        "title": titles.get(ranked.engine, ranked.engine),
                        "unjudged": ranked.unjudged,
                        "hits": [
                            (hit.item.title, photo_url(hit.item.photo, catalog), hit.grade)
                            for hit in ranked.hits
                        ],
                    }
                    for ranked in entry.lists
                ],
            }
            for entry in judged
        ],
        grades=made.grades,
        first=offset + 1,
        last=offset + len(judged),
        total=total,
    )
    return html, gr.update(visible=total > QUERIES), offset


def in_order(studio: Studio, asked: list[str]) -> list[str]:
    """Return the chosen engines in display order, so that the baseline comes first."""
    if not asked:
        raise EvaluationError("Choose at least one engine.")
    return [s.engine.name for s in studio.engines() if s.engine.name in asked]


def _chosen(studio: Studio, name: str | None, set_id: str | None) -> JudgmentSet:
    if not (name and set_id):
        raise EvaluationError("Choose a judgment set; Annotate makes one.")
    return studio.judging.queue(name).sets.get(set_id)
