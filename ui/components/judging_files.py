"""Lay out exports of judgments, and imports with a dry run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from core.app.studio import Studio
from core.base.tables import TABLE_ENDINGS
from core.errors import JudgmentError
from core.judging import importing
from core.judging.aggregation import DEFAULT_RULE, RULES
from core.judging.label_export import ENDINGS, FORMATS, facts_path, sentence_on
from core.people import Action
from ui.components.judging_set_form import set_form
from ui.error_sentences import sentences
from ui.render import render
from ui.rights import allowed
from ui.security.visitors import folder_for_answer

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}


def files_tab(
    studio: Studio,
    sets: gr.Dropdown,
    catalog: gr.State,
    shown: Callable[[str, str | None], tuple[Any, ...]],
    outputs: list[Any],
) -> None:
    """Lay out export and import inside the current tab."""
    with gr.Row(equal_height=False):
        with gr.Column():
            gr.HTML('<h2 class="vs-h2">Export</h2>')
            rule = gr.Dropdown(
                list(RULES), value=DEFAULT_RULE, label="How several grades become one",
                info="An adjudicator's grade stands before every rule.",
            )  # fmt: skip
            history = gr.Checkbox(False, label="Whole history: also undone and corrected labels")
            with gr.Row(elem_classes="vs-formats"):
                buttons = {
                    name: gr.Button(text, elem_id=f"annotate-{name}", min_width=96)
                    for name, text in zip(
                        FORMATS,
                        (
                            "TREC qrels",
                            "CSV",
                            "JSON lines",
                            "Parquet",
                            "OpenSearch",
                            "RRE",
                            "Learning to rank",
                        ),
                        strict=True,
                    )
                }
            file = gr.File(
                label="File", elem_id="annotate-file", interactive=False, file_count="multiple"
            )
            written = gr.HTML(elem_id="annotate-file-written")
            set_form(studio, sets, catalog, shown, outputs)
        with gr.Column():
            gr.HTML(
                '<h2 class="vs-h2">Import</h2><p class="vs-small vs-muted">TREC qrels, CSV, JSON, '
                "Excel or Parquet; also of Quepid, OpenSearch, RRE, learning to rank (RankLib), "
                "ESCI, WANDS, BEIR and MS MARCO</p>"
            )
            source = gr.File(
                label="File with labels",
                file_types=[*TABLE_ENDINGS, ".qrels", ".txt", ".dat", ".topics"],
                height=140,
                elem_id="annotate-import-file",
            )
            gr.HTML(
                '<p class="vs-small vs-muted">For qrels and CSV, also the .json that was exported '
                "with them, or the queries' words: lines of “query id, text”, JSON lines, TREC "
                "topics, Excel, Parquet. Words alone can also go into the chosen set.</p>"
            )
            beside = gr.File(
                label="Set or words of the queries",
                file_types=[
                    ".json",
                    ".jsonl",
                    ".csv",
                    ".tsv",
                    ".txt",
                    ".topics",
                    ".xml",
                    ".xlsx",
                    ".parquet",
                ],
                height=140,
                elem_id="annotate-import-beside",
            )
            into = gr.Checkbox(False, label="Into the chosen set (else the file's own, or new)")
            title = gr.Textbox(
                label="Name of a new set", placeholder="the name in the file, else the file's",
                info="Files of one name go into one set", max_length=60,
                elem_id="annotate-import-name",
            )  # fmt: skip
            name = gr.Textbox(
                "imported", label="Who gave the labels, where the file does not say", max_length=60
            )
            mapping = gr.Textbox(
                label="How labels become grades",
                placeholder="guessed; Dry run shows it",
                info="LABEL=GRADE or LOW..HIGH=GRADE, with commas: E=3, S=2, C=1, I=0",
                max_length=4_000, elem_id="annotate-import-map",
            )  # fmt: skip
            people = gr.Textbox(
                label="People's columns (only for a table with a column per person)",
                placeholder="guessed; with commas",
                max_length=2_000, elem_id="annotate-import-people",
            )  # fmt: skip
            with gr.Row():
                dry = gr.Button("Dry run", elem_id="annotate-import-dry")
                go = gr.Button("Import", variant="primary", elem_id="annotate-import-go")
            report = gr.HTML(elem_id="annotate-import")
            onward = gr.Button("Judge this set", elem_id="annotate-import-onward", visible=False)

    def export(format: str) -> Callable[..., tuple[list[str], str]]:
        @sentences
        @allowed(studio, Action.LEAD)
        def write(set_id: str | None, catalog: str, by: str, whole: bool) -> tuple[list[str], str]:
            if not set_id:
                raise JudgmentError("Choose a judgment set first.")
            target = folder_for_answer() / f"{set_id}.{ENDINGS.get(format, format)}"
            studio.labels.export(set_id, target, format, rule=by, history=whole, catalog=catalog)
            files = [str(path) for path in (target, facts_path(target)) if path.is_file()]
            return files, render("annotate_written.html", sentence=sentence_on(target, format, by))

        return write

    def plan(
        path: str | None, second: str | None, here: bool, who: str, grades: str, columns: str,
        title: str, set_id: str | None, catalog: str,
    ) -> importing.ImportPlan:  # fmt: skip
        if not path:
            raise JudgmentError("Choose a file first.")
        return studio.labels.plan_import(
            Path(path), set_id=set_id if here else None, name=title.strip(),
            annotator=who.strip() or "imported", beside=Path(second) if second else None,
            mapping=grades, people=[name.strip() for name in columns.split(",") if name.strip()],
            catalog=catalog,
        )  # fmt: skip

    @sentences
    @allowed(studio, Action.LEAD)
    def try_out(*given: Any) -> tuple[Any, ...]:
        planned = plan(*given)
        shown_map = str(planned.mapping) if planned.mapping else ""
        html = render("annotate_import.html", plan=planned, taken=None, catalog=given[-1])
        return html, shown_map, gr.update(visible=False)

    @sentences
    @allowed(studio, Action.LEAD)
    def take_in(*given: Any) -> tuple[Any, ...]:
        planned, catalog = plan(*given), str(given[-1])
        if needs_look(planned, written=str(given[4])):
            gr.Info("Look at how labels become grades, then press Import again.")
            html = render("annotate_import.html", plan=planned, taken=None, catalog=given[-1])
            skipped = (gr.skip() for _ in outputs)
            return html, str(planned.mapping), gr.update(visible=False), *skipped
        taken = importing.carry_out(studio.judging.queue(catalog), planned)
        html = render("annotate_import.html", plan=planned, taken=taken, catalog=given[-1])
        choice, desk, _ = shown(catalog, planned.judgment_set.set_id)
        # The summary stays on screen; the button goes on to the desk.
        return html, gr.skip(), gr.update(visible=True), choice, desk, gr.skip()

    @sentences
    @allowed(studio, Action.LEAD)
    def go_on() -> gr.Tabs:
        return gr.Tabs(selected="judge")

    def another_file() -> tuple[str, str, str]:
        """Forget mapping, people's columns and name: another file has others."""
        return "", "", ""

    for format, button in buttons.items():
        button.click(export(format), [sets, catalog, rule, history], [file, written], **_PRIVATE)
    fields = [source, beside, into, name, mapping, people, title, sets, catalog]
    answer = [report, mapping, onward]
    dry.click(try_out, fields, answer, **_PRIVATE)
    source.change(another_file, None, [mapping, people, title], show_progress="hidden", **_PRIVATE)
    go.click(take_in, fields, [*answer, *outputs], **_PRIVATE)
    onward.click(go_on, None, outputs[2], **_PRIVATE)


def needs_look(planned: importing.ImportPlan, written: str) -> bool:
    """Tell whether labels become other grades by a mapping that nobody has seen yet."""
    return planned.mapping is not None and not planned.mapping.is_identity and not written.strip()
