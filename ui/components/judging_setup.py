"""Lay out the forms that make a judgment set and change its rules."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from core.app.query_sources import QuerySource
from core.app.studio import Studio
from core.base.counts import counted, verb
from core.base.tables import FileReport
from core.domain import DEFAULT_SCALE, ExamplePair, Grade, JudgmentSet, Rules
from core.errors import JudgmentError
from core.people import Action
from ui.components.open_tab import while_open
from ui.error_sentences import sentences
from ui.rights import allowed

GUIDELINES = """**Judge the product, not the photo's style.** Ask: would someone who typed this \
query be happy to see this item?

- Colour, material and kind count when the query names them.
- When in doubt between two grades, take the lower one.
"""
_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
_TABLE: dict[str, Any] = {
    "type": "array", "interactive": True, "row_count": 4, "wrap": True,
    "column_widths": ["21%", "32%", "47%"], "elem_classes": "vs-scale-table",
}  # fmt: skip
_EXAMPLES: dict[str, Any] = {
    "headers": ["query", "item id", "grade", "why"], "type": "array", "interactive": True,
    "row_count": 1, "wrap": True, "elem_classes": "vs-scale-table",
}  # fmt: skip


def setup_form(
    studio: Studio,
    catalog: gr.State,
    shown: Callable[[str, str | None], tuple[Any, ...]],
    outputs: list[Any],
) -> gr.CheckboxGroup:
    """Lay out the form for a new set inside the current tab; returns the field of engines.

    Args:
        studio: The façade.
        catalog: Name of the catalogue.
        shown: Values for ``outputs``, given the catalogue and the id of the set to show.
        outputs: Components to update once the set is made.
    """
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=300):
            title = gr.Textbox(label="Name", placeholder="Autumn chairs, round 1", max_length=120)
            queries = gr.Textbox(
                label="Queries, one per line",
                info="A line that starts with item: asks what is similar to that item, for example "
                "item:leather-sofa",
                placeholder="wooden chair\noranges in a crate",
                lines=5,
                max_lines=20,
                elem_id="annotate-queries",
            )
            with gr.Accordion("More sources: file, log, similar items, pictures", open=False):
                file = gr.File(
                    label="CSV with a query column, or a query log (one query per line)",
                    file_types=[".csv", ".tsv", ".txt", ".log"],
                    height=110,
                )
                with gr.Row():
                    limit = gr.Number(
                        50, label="Most frequent queries of the file", precision=0, minimum=0
                    )
                    sampled = gr.Number(
                        0, label="Similar-item queries, sampled", precision=0, minimum=0,
                        maximum=2000,
                    )  # fmt: skip
                pictures = gr.File(
                    label="Query pictures", file_types=["image"], file_count="multiple", height=110
                )
            engines = gr.CheckboxGroup(label="Engines whose results are judged", choices=[])
            with gr.Row():
                depth = gr.Slider(1, 50, value=10, step=1, label="Results of each engine")
                overlap = gr.Slider(
                    0, 10, value=2, step=1, label="People per pair", info="0: everybody"
                )
            with gr.Row():
                calibration = gr.Slider(
                    0,
                    50,
                    value=5,
                    step=1,
                    label="Pairs that everybody judges",
                    info="To compare people",
                )
                repeats = gr.Slider(
                    0, 20, value=5, step=1, label="Shown twice without notice, %",
                    info="Does a person judge alike twice?",
                )  # fmt: skip
        with gr.Column(scale=3, min_width=300):
            guidelines = gr.Textbox(
                GUIDELINES, label="Guidelines (Markdown)", lines=6, max_lines=20,
                elem_id="annotate-guidelines",
            )  # fmt: skip
            scale = gr.Dataframe(
                [[grade.value, grade.name, grade.help] for grade in DEFAULT_SCALE],
                headers=["grade", "name", "what it means"],
                datatype=["number", "str", "str"],
                label="Grade scale (lowest first; the grade is the key to press)",
                **_TABLE,
            )
            examples = gr.Dataframe(
                [[""] * 4], label="Example pairs for the guidelines", **_EXAMPLES
            )
    create = gr.Button("Create the set", variant="primary", elem_id="annotate-create")

    @sentences
    @allowed(studio, Action.LEAD)
    def make(
        label: str, lines: str, table: str | None, most: float, similar: float,
        photos: list[str] | None, engine_names: list[str], k: float, people: float, common: float,
        again: float, text: str, steps: list[list[Any]], pairs: list[list[Any]], catalog: str,
    ) -> tuple[Any, ...]:  # fmt: skip
        if not catalog and not studio.catalogs():
            raise JudgmentError("Index a catalogue first: see the Catalog page.")
        # If the form is sent before the page's load event, the default catalogue is meant.
        catalog = catalog or studio.catalog().name
        source = QuerySource(
            lines=lines,
            file=Path(table) if table else None,
            file_limit=int(most or 0),
            sampled_items=min(int(similar or 0), 2000),
            pictures=tuple(Path(photo) for photo in photos or ()),
        )
        rules = Rules(
            scale=parse_scale(steps),
            guidelines=text.strip(),
            examples=parse_examples(pairs),
            overlap=int(people),
            repeats=again / 100,
        )
        read = FileReport()
        made = studio.judging.create(
            label.strip() or "Untitled set",
            studio.judging.queries(source, catalog, read),
            engines=engine_names,
            depth=int(k),
            rules=rules,
            calibration=int(common),
            catalog=catalog,
        )
        gr.Info(
            f"{counted(len(made.pairs), 'pair')} to judge, of "
            f"{counted(len(made.queries), 'query')}."
        )
        for note in read.notes:
            gr.Warning(escape(note, quote=False), duration=None)
        return shown(catalog, made.set_id)

    create.click(
        make,
        [title, queries, file, limit, sampled, pictures, engines, depth, overlap, calibration,
         repeats, guidelines, scale, examples, catalog],
        outputs,
        **_PRIVATE,
    )  # fmt: skip
    return engines


def rules_form(
    studio: Studio,
    sets: gr.Dropdown,
    catalog: gr.State,
    shown: Callable[[str, str | None], tuple[Any, ...]],
    outputs: list[Any],
    tab: gr.Tab,
    opened: gr.State,
) -> None:
    """Lay out the form that changes how the chosen set is judged; filled when ``tab`` is opened."""
    with gr.Row(equal_height=False):
        guidelines = gr.Textbox(label="Guidelines (Markdown)", lines=6, max_lines=20)
        with gr.Column():
            scale = gr.Dataframe(
                [], headers=["grade", "name", "what it means"], label="Grade scale", **_TABLE
            )
            overlap = gr.Slider(0, 10, step=1, label="People per pair", info="0: everybody")
            repeats = gr.Slider(0, 20, step=1, label="Shown twice without notice, %")
    examples = gr.Dataframe([], label="Example pairs for the guidelines", **_EXAMPLES)
    save = gr.Button("Save the rules", variant="primary")
    with gr.Row():
        depth = gr.Slider(1, 50, value=10, step=1, label="Results per engine")
        missing = gr.Button("Judge what is missing: add today's results")

    @sentences
    @allowed(studio, Action.LEAD)
    def read(set_id: str | None, catalog: str) -> tuple[Any, ...]:
        rules = _chosen(studio, set_id, catalog).rules
        steps = [[grade.value, grade.name, grade.help] for grade in rules.scale]
        pairs = [
            [example.query, example.item_id, example.grade, example.why]
            for example in rules.examples
        ]
        again = round(100 * rules.repeats)
        return rules.guidelines, steps, rules.overlap, again, pairs or [[""] * 4]

    @sentences
    @allowed(studio, Action.LEAD)
    def write(
        set_id: str | None, catalog: str, text: str, steps: list[list[Any]], people: float,
        again: float, pairs: list[list[Any]],
    ) -> tuple[Any, ...]:  # fmt: skip
        chosen = _chosen(studio, set_id, catalog)
        scale, shown_pairs = parse_scale(steps), parse_examples(pairs)

        def change(old: Rules) -> Rules:
            return Rules(
                scale, text.strip(), shown_pairs, int(people), old.calibration, again / 100
            )

        studio.judging.revise(chosen.set_id, change, catalog)
        gr.Info("Saved. Pages that are open show the new rules when they are loaded again.")
        return shown(catalog, chosen.set_id)

    @sentences
    @allowed(studio, Action.LEAD)
    def pool_again(set_id: str | None, catalog: str, k: float) -> tuple[Any, ...]:
        chosen = _chosen(studio, set_id, catalog)
        names = [s.engine.name for s in studio.engines() if s.available]
        added = studio.judging.judge_missing(chosen.set_id, names, int(k), catalog)
        gr.Info(
            f"{counted(added, 'more pair')} to judge; the set asks for labels of "
            f"{verb(added, 'it', 'them')} now."
        )
        return shown(catalog, chosen.set_id)

    fields = [guidelines, scale, overlap, repeats, examples]
    tab.select(read, [sets, catalog], fields, **_PRIVATE)
    while_open(studio, sets, opened, "rules", read, [sets, catalog], list(fields))
    save.click(write, [sets, catalog, *fields], outputs, **_PRIVATE)
    missing.click(pool_again, [sets, catalog, depth], outputs, **_PRIVATE)


def parse_scale(rows: list[list[Any]]) -> tuple[Grade, ...]:
    """Read grades from the table's rows, lowest first; empty rows are skipped.

    Raises:
        JudgmentError: A grade is no whole number.
    """
    grades = []
    for row in rows:
        value, name, text = ([*row, "", "", ""])[:3]
        if not str(name or "").strip():
            continue
        try:
            grades.append(Grade(int(value), str(name).strip()[:40], str(text or "").strip()[:300]))
        except (TypeError, ValueError):
            raise JudgmentError(f"The grade of “{name}” is no whole number.") from None
    return tuple(sorted(grades, key=lambda grade: grade.value))


def parse_examples(rows: list[list[Any]]) -> tuple[ExamplePair, ...]:
    """Read example pairs from the table's rows; rows without query and item are skipped.

    Raises:
        JudgmentError: A grade is no whole number.
    """
    examples = []
    for row in rows:
        query, item_id, grade, why = (
            str(cell or "").strip() for cell in [*row, "", "", "", ""][:4]
        )
        if not query or not item_id:
            continue
        try:
            examples.append(ExamplePair(query, item_id, int(float(grade)), why[:300]))
        except ValueError:
            raise JudgmentError(f"The grade of the example “{query}” is no number.") from None
    return tuple(examples)


def _chosen(studio: Studio, set_id: str | None, catalog: str) -> JudgmentSet:
    if not set_id:
        raise JudgmentError("Choose a judgment set first.")
    return studio.judging.queue(catalog).sets.get(set_id)
