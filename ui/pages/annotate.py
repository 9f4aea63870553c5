"""Annotate: blind pooled pairs, graded with the keyboard, one key press a pair."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.app.studio import Studio
from core.base.counts import counted
from core.domain import CatalogInfo, JudgmentSet
from core.errors import no_set
from core.people import Action
from ui.components.judging_about import about_line, opens_new_set
from ui.components.judging_desk import desk_html, desk_pane
from ui.components.judging_files import files_tab
from ui.components.judging_report import decide_tab, report_tab
from ui.components.judging_setup import rules_form, setup_form
from ui.components.link_problems import said_html
from ui.components.open_tab import open_tab
from ui.error_sentences import sentences
from ui.render import render
from ui.rights import LOCAL, allowed, may, own_name, sign_in_button

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
#: Hides the tabs that annotators may not use (their handlers check the rights, too): Gradio 6.31
#: ignores a change of a tab's visibility before the tab was opened.
_JUDGE_ONLY = (
    '<style>#annotate-tabs [role="tab"]:not([aria-selected="true"]), #annotate-own, '
    "#annotate-tabs .overflow-menu, .vs-about-set:not(:has(p)) { display: none !important; }"
    "</style>"
)


def build(studio: Studio, page: gr.Blocks) -> None:
    """Lay out the page inside its route."""
    gr.HTML(render("annotate_head.html"))
    sign_in_button(studio)
    with gr.Row(equal_height=True):
        sets = gr.Dropdown(label="Judgment set", choices=[], elem_id="annotate-set", scale=3)
        name = gr.Textbox(
            label="Your name",
            value=LOCAL,
            max_length=60,
            elem_id="annotate-name",
            elem_classes="vs-your-name",
            interactive=True,
            scale=1,
        )
    opened = gr.State("judge")  # id of the open tab
    catalog, rights = gr.State(""), gr.HTML(elem_id="annotate-rights")
    own = about_line(studio, sets, catalog)

    def shown(catalog: str, wanted: str | None, first: str = "") -> tuple[Any, ...]:
        """Return the choice of sets and the desk, for a set or the newest one.

        ``first`` names a query whose pairs come before all others.
        """
        return laid_out(sets_of(catalog), catalog, wanted, first)

    def sets_of(catalog: str) -> tuple[JudgmentSet, ...]:
        return studio.judging.queue(catalog).sets.all() if catalog else ()

    def laid_out(
        made: tuple[JudgmentSet, ...], catalog: str, wanted: str | None, first: str
    ) -> tuple[Any, ...]:
        chosen = next(
            (judgment_set for judgment_set in made if judgment_set.set_id == wanted),
            next(iter(made), None),
        )
        return (
            gr.update(choices=choices(made), value=chosen.set_id if chosen else None),
            desk_html(studio, chosen, catalog, first),
            gr.Tabs(selected="judge"),
        )

    with gr.Tabs(selected="judge", elem_id="annotate-tabs") as tabs:
        with gr.Tab("Judge", id="judge") as judge:
            pane = desk_pane(studio)
        outputs = [sets, pane, tabs]
        with gr.Tab("New set", id="new") as new:
            engines = setup_form(studio, catalog, shown, outputs)
        with gr.Tab("Agreement", id="agreement") as agreement:
            report_tab(studio, sets, catalog, agreement, opened)
        with gr.Tab("Decide", id="decide") as decide:
            decide_tab(studio, sets, catalog, decide, opened)
        with gr.Tab("Rules", id="rules") as rules:
            rules_form(studio, sets, catalog, shown, outputs, rules, opened)
        with gr.Tab("Files", id="files") as files:
            files_tab(studio, sets, catalog, shown, outputs)
    opens_new_set(own, tabs)
    for tab in (judge, new, agreement, decide, rules, files):
        tab.select(open_tab(str(tab.id)), None, opened, show_progress="hidden", **_PRIVATE)

    @sentences
    @allowed(studio, Action.JUDGE)
    def load(request: gr.Request) -> tuple[Any, ...]:
        def asked_for(name: str) -> str:
            return str(request.query_params.get(name, ""))

        info = studio.catalog(asked_for("catalog") or None) if studio.catalogs() else None
        catalog = info.name if info else ""
        engines = [status.engine for status in studio.engines() if status.available]
        available = [engine.name for engine in engines]
        leads = may(studio, request, Action.LEAD)
        wanted = asked_for("set")
        made = sets_of(catalog)
        is_gone = wanted and wanted not in {entry.set_id for entry in made}
        gone = [str(no_set(wanted[:100]))] if is_gone else []
        return (
            catalog,
            own_name(request),
            gr.update(choices=[(e.title, e.name) for e in engines], value=available),
            ("" if leads else _JUDGE_ONLY) + damage_html(info) + said_html(gone),
            # Not the tabs: a tab that was opened meanwhile stays open.
            *laid_out(made, catalog, wanted or None, asked_for("first"))[:2],
        )

    @sentences
    @allowed(studio, Action.JUDGE)
    def choose(set_id: str | None, catalog: str) -> str:
        # The open tab stays open; it fills itself, others when they are opened.
        desk: str = shown(catalog, set_id)[1]
        return desk

    page.load(load, None, [catalog, name, engines, rights, sets, pane], **_PRIVATE)
    sets.input(choose, [sets, catalog], pane, **_PRIVATE)


def damage_html(info: CatalogInfo | None) -> str:
    """Return the damaged parts of a catalogue; empty if there are none."""
    if info is None or not info.problem:
        return ""
    return render("notice.html", heading="A part is damaged.", sentence=info.problem)


def choices(sets: tuple[JudgmentSet, ...]) -> list[tuple[str, str]]:
    """Return labels and ids for the choice of sets."""
    return [
        (f"{judgment_set.name} ({counted(len(judgment_set.pairs), 'pair')})", judgment_set.set_id)
        for judgment_set in sets
    ]
