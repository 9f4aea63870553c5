"""Catalog: what is indexed, what was left out, adding more, and fine-tuning an engine on it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import gradio as gr

from core.domain import CatalogInfo, Progress
from core.errors import CatalogError
from core.people import Role
from core.studio import Studio
from ui.components.adapt_panel import adapt_panel
from ui.components.agent_panel import agent_panel
from ui.messages import sentences
from ui.people import allowed
from ui.render import render

#: Seconds between two looks at a running job.
TICK = 2.0


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
    quarantine = gr.HTML(elem_id="catalog-quarantine")
    with gr.Accordion("Add a catalogue", open=False, elem_id="catalog-add"):
        if studio.settings.is_local:
            _add_form(studio, overview, timer, chosen)
        else:
            gr.HTML(
                '<div class="vs-empty">This studio is open to other machines, so catalogues are '
                "added by its owner: <code>python app.py index items.csv --images DIR</code>.</div>"
            )

    agent_panel(studio, chosen)
    adapt_panel(studio, chosen)

    def view(name: str | None) -> tuple[Any, ...]:
        catalogs = studio.catalogs()
        names = [entry.name for entry in catalogs]
        current = name if name in names else (names[0] if names else None)
        running = {entry.name: studio.progress(entry.name) for entry in catalogs}
        busy = any(job is not None and job.running for job in running.values())
        return (
            overview_html(catalogs, running),
            gr.update(choices=names, value=current),
            render(
                "catalog_quarantine.html",
                rows=studio.quarantine(current)[:500] if current else (),
                catalog=current or "",
            ),
            gr.update(active=busy),
            gr.update(visible=busy),
        )

    view = sentences(view)
    outputs = [overview, chosen, quarantine, timer, stop]

    @sentences
    def load(request: gr.Request) -> tuple[Any, ...]:
        return view(str(request.query_params.get("catalog", "")) or None)

    @sentences
    @allowed(studio, Role.MERCHANDISER)
    def index_demo() -> Any:
        studio.start(studio.index_demo)
        return gr.update(active=True)

    @sentences
    @allowed(studio, Role.MERCHANDISER)
    def halt() -> None:
        for entry in studio.catalogs():
            studio.stop_indexing(entry.name)
        gr.Info("The job stops after its current chunk; what is done is kept.")

    page.load(load, None, outputs, api_visibility="private")
    chosen.input(view, chosen, outputs, api_visibility="private")
    timer.tick(view, chosen, outputs, api_visibility="private", show_progress="hidden")
    demo.click(index_demo, None, timer, api_visibility="private")
    stop.click(halt, None, None, api_visibility="private")


def _add_form(studio: Studio, overview: gr.HTML, timer: gr.Timer, chosen: gr.Dropdown) -> None:
    gr.Markdown(
        "A **CSV, JSONL or Parquet** file with one product per row: a title, a photo (a file name, "
        "a public link, or the picture itself in Parquet), and whatever else you have. Columns are "
        "recognised by their names; rows that can't be used are listed above with the reason."
    )
    with gr.Row():
        table = gr.File(
            label="Catalogue file", file_types=[".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"]
        )
        photos = gr.File(label="Photos (optional)", file_count="multiple", file_types=["image"])
    with gr.Row():
        name = gr.Textbox(label="Name", placeholder="autumn-range", max_length=60)
        folder = gr.Textbox(label="… or a folder of photos on this machine", max_length=1000)
    columns = gr.Textbox(
        label="Column mapping (only if the guesses are wrong)",
        placeholder="title=product_name, image=main_picture",
        max_length=2000,
    )
    go = gr.Button("Index", variant="primary", elem_id="catalog-index")

    @sentences
    @allowed(studio, Role.MERCHANDISER)
    def add(
        file: str | None, pictures: list[str] | None, label: str, path: str, mapping: str
    ) -> Any:
        if not file:
            raise CatalogError("Choose a catalogue file first.")
        if not studio.settings.is_local:
            raise CatalogError("Catalogues can only be added on the machine that serves this page.")
        source = keep_upload(studio.settings.data_dir / "uploads", Path(file), pictures or [])
        images = Path(path).expanduser() if path.strip() else source.parent
        wanted = parse_mapping(mapping)
        studio.check_source(source, images=images, columns=wanted)
        studio.start(
            lambda: studio.index(source, name=label.strip() or None, images=images, columns=wanted)
        )
        gr.Info("Indexing has started; items become searchable as they are embedded.")
        return gr.update(active=True)

    go.click(add, [table, photos, name, folder, columns], timer, api_visibility="private")


def overview_html(catalogs: tuple[CatalogInfo, ...], progress: dict[str, Progress | None]) -> str:
    """Cards, one per catalogue, with the running job where there is one."""
    return render("catalog_overview.html", catalogs=catalogs, progress=progress)


def keep_upload(uploads: Path, table: Path, photos: list[str]) -> Path:
    """Copy an uploaded catalogue and its photos to where a re-run finds them; returns the file."""
    folder = uploads / table.stem[:80]
    folder.mkdir(parents=True, exist_ok=True)
    for source in [table, *map(Path, photos)]:
        shutil.copyfile(source, folder / source.name)
    return folder / table.name


def parse_mapping(text: str) -> dict[str, str]:
    """``title=name, image=photo`` as a dictionary; raises ``CatalogError`` for anything else."""
    pairs = [part for part in (piece.strip() for piece in text.split(",")) if part]
    mapping: dict[str, str] = {}
    for pair in pairs:
        field, equals, column = (part.strip() for part in pair.partition("="))
        if not (field and equals and column):
            raise CatalogError(f"The mapping takes FIELD=COLUMN pairs with commas; got {pair!r}.")
        mapping[field] = column
    return mapping
