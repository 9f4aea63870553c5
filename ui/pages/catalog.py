"""Catalog: what is indexed, what was left out, adding more, and fine-tuning an engine on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from core.app.studio import Studio
from core.base.tables import TABLE_ENDINGS
from core.domain import CatalogInfo, Job
from core.errors import CatalogError
from core.people import Action
from ui.components.adapt_panel import adapt_panel
from ui.components.agent_panel import agent_panel
from ui.components.file_preview import (
    AS_GUESSED,
    chosen_columns,
    field_updates,
    mapping_fields,
    preview_html,
)
from ui.components.notice import Notice
from ui.messages import sentences
from ui.people import allowed, owners_alone, person, require_owner
from ui.render import render
from ui.security.kept_upload import KeptUpload

#: Seconds between two looks at a running job.
TICK = 2.0
_PRIVATE: dict[str, Any] = {"api_visibility": "private"}

#: Gives the values of the page's outputs for a catalogue.
View = Callable[[str | None], tuple[Any, ...]]


def build(studio: Studio, page: gr.Blocks) -> None:
    """Lay out the page inside its route."""
    gr.HTML(
        '<h1 class="vs-title">Catalog</h1><p class="vs-lead">What is indexed, what was left out '
        "and why, and how to add your own products.</p>"
    )
    overview = gr.HTML(elem_id="catalog-overview")
    timer = gr.Timer(TICK, active=False)
    with gr.Row():
        chosen = gr.Dropdown(label="Catalogue", choices=[], elem_id="catalog-choice", scale=2)
        demo = gr.Button("Index the demo catalogue", elem_id="catalog-demo", scale=1)
        stop = gr.Button("Stop indexing", elem_id="catalog-stop", visible=False, scale=1)
        dismiss = gr.Button("Dismiss", elem_id="catalog-dismiss", visible=False, scale=1)
    notice = Notice("catalog-notice")
    quarantine = gr.HTML(elem_id="catalog-quarantine")
    outputs = [overview, chosen, quarantine, timer, stop, dismiss]

    def view(name: str | None) -> tuple[Any, ...]:
        catalogs = studio.catalogs()
        names = [entry.name for entry in catalogs]
        current = name if name in names else (studio.catalog().name if names else None)
        jobs = {entry.name: studio.indexing(entry.name) for entry in catalogs}
        job = jobs[current] if current else None
        return (
            overview_html(catalogs, jobs),
            gr.update(choices=names, value=current),
            quarantine_html(studio, current) if current else "",
            gr.update(active=any(other is not None and other.running for other in jobs.values())),
            gr.update(
                value=f"Stop indexing {current}",
                visible=job is not None and job.running and not job.stopping,
            ),
            gr.update(
                value=f"Dismiss the message on {current}",
                visible=job is not None and job.unfinished,
            ),
        )

    with gr.Accordion("Add a catalogue", open=False, elem_id="catalog-add"):
        if owners_alone(studio):
            _add_form(studio, view, outputs)
        else:
            gr.HTML(
                '<div class="vs-empty">This studio is open to other machines and nobody signs in, '
                "so catalogues are added by its owner: "
                "<code>python app.py index items.csv --images DIR</code>.</div>"
            )

    agent_panel(studio, chosen)
    adapt_panel(studio, chosen)

    @sentences
    def load(request: gr.Request) -> tuple[Any, ...]:
        return view(str(request.query_params.get("catalog", "")) or None)

    @sentences
    def refresh(name: str | None) -> tuple[Any, ...]:
        return view(name)

    @sentences
    @notice.keeps(len(outputs))
    @allowed(studio, Action.INDEX)
    def index_demo(request: gr.Request) -> tuple[Any, ...]:
        return view(studio.start_demo(person(request)))

    @sentences
    @allowed(studio, Action.INDEX)
    def halt(name: str | None) -> tuple[Any, ...]:
        if name and studio.stop_indexing(name):
            gr.Info(f"Indexing {escape(name)} stops after its current chunk; what is done is kept.")
        else:
            gr.Info("No indexing job is running on this catalogue.")
        return view(name)

    @sentences
    @allowed(studio, Action.INDEX)
    def forget(name: str | None) -> tuple[Any, ...]:
        if name:
            studio.dismiss_indexing(name)
        return view(name)

    page.load(load, None, outputs, **_PRIVATE)
    chosen.input(refresh, chosen, outputs, **_PRIVATE)
    timer.tick(refresh, chosen, outputs, show_progress="hidden", **_PRIVATE)
    demo.click(index_demo, None, [*outputs, *notice.outputs], **_PRIVATE)
    stop.click(halt, chosen, outputs, **_PRIVATE)
    dismiss.click(forget, chosen, outputs, **_PRIVATE)


def _add_form(studio: Studio, view: View, outputs: list[gr.Component]) -> None:
    gr.Markdown(
        "A **CSV, JSONL or Parquet** file with one product per row: a title, a photo (a file name, "
        "a public link, or the picture itself in Parquet), and whatever else you have. Columns are "
        "recognised by their names; rows that can't be used are listed above with the reason."
    )
    with gr.Row():
        table = gr.File(label="Catalogue file", file_types=[*TABLE_ENDINGS])
        photos = gr.File(label="Photos (optional)", file_count="multiple", file_types=["image"])
    with gr.Row():
        name = gr.Textbox(label="Name", placeholder="autumn-range", max_length=60)
        folder = gr.Textbox(label="… or a folder of photos on this machine", max_length=1000)
    look = gr.Button("Look at the file first", elem_id="catalog-look")
    shown = gr.HTML(elem_id="catalog-preview")
    with (
        gr.Accordion(
            "Which column is what", open=False, visible=False, elem_id="catalog-mapping"
        ) as mapping,
        gr.Row(),
    ):
        fields = mapping_fields()
    go = gr.Button("Index", variant="primary", elem_id="catalog-index")
    notice = Notice("catalog-add-notice")

    def taken(file: str | None, pictures: list[str] | None, path: str) -> tuple[KeptUpload, Path]:
        """The upload in a folder of its own, and the folder of its photos."""
        if not file:
            raise CatalogError("Choose a catalogue file first.")
        uploads = studio.settings.data_dir / "uploads"
        kept = KeptUpload(uploads, Path(file), [Path(picture) for picture in pictures or ()])
        return kept, Path(path).expanduser() if path.strip() else kept.folder

    @sentences
    @notice.keeps(2 + len(fields))
    @allowed(studio, Action.INDEX)
    def preview(
        file: str | None, pictures: list[str] | None, path: str, request: gr.Request, *chosen: str
    ) -> tuple[Any, ...]:
        require_owner(studio, request)
        kept, images = taken(file, pictures, path)
        try:
            result = studio.preview_file(kept.table, images=images, columns=chosen_columns(chosen))
        finally:
            kept.remove()
        return preview_html(result), gr.update(visible=True), *field_updates(result, chosen)

    @sentences
    @notice.keeps(len(outputs))
    @allowed(studio, Action.INDEX)
    def add(
        file: str | None, pictures: list[str] | None, path: str, label: str, request: gr.Request,
        *chosen: str,
    ) -> tuple[Any, ...]:  # fmt: skip
        require_owner(studio, request)
        kept, images = taken(file, pictures, path)
        try:
            started = studio.start_index(
                kept.table,
                name=label.strip() or None,
                images=images,
                columns=chosen_columns(chosen),
                author=person(request),
                around=kept.during,
            )
        except BaseException:
            kept.remove()
            raise
        gr.Info("Indexing has started; items become searchable as they are embedded.")
        return view(started)

    def another_file() -> tuple[Any, ...]:
        """Columns of the file before say nothing of this one."""
        return "", gr.update(visible=False), *[gr.update(value=AS_GUESSED)] * len(fields)

    table.change(another_file, None, [shown, mapping, *fields], show_progress="hidden", **_PRIVATE)
    given = [table, photos, folder]
    seen = [shown, mapping, *fields, *notice.outputs]
    look.click(preview, [*given, *fields], seen, **_PRIVATE)
    for field in fields:
        field.input(preview, [*given, *fields], seen, **_PRIVATE)
    go.click(add, [*given, name, *fields], [*outputs, *notice.outputs], **_PRIVATE)


def overview_html(catalogs: tuple[CatalogInfo, ...], jobs: Mapping[str, Job | None]) -> str:
    """Cards, one per catalogue, with the running or last job where there is one."""
    return render("catalog_overview.html", catalogs=catalogs, jobs=jobs)


def quarantine_html(studio: Studio, catalog: str) -> str:
    """The first rows that were left out, with their reasons."""
    try:
        rows = studio.quarantine(catalog)[:500]
    except CatalogError:
        return ""  # the catalogue's card says that it is damaged
    return render("catalog_quarantine.html", rows=rows, catalog=catalog)
