"""Catalog: show and add catalogues, show left-out rows, fine-tune an engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext

from core.app.library import DEMO, name_and_title
from core.app.studio import Studio
from core.base.tables import TABLE_ENDINGS
from core.domain import CatalogInfo, Job
from core.errors import CatalogError
from core.people import Action
from ui.components.adapt_panel import adapt_panel
from ui.components.add_hints import add_hints, size_and_time
from ui.components.agent_panel import agent_panel
from ui.components.catalog_cards import CatalogCards, View, left_out_html, overview_html, owned_by
from ui.components.catalog_of_link import warn_if_gone
from ui.components.file_preview_panel import (
    AS_GUESSED,
    chosen_columns,
    field_updates,
    mapping_fields,
    preview_html,
    sample_photos,
)
from ui.components.notice import Notice
from ui.error_sentences import sentences
from ui.render import render
from ui.rights import allowed, may, owners_alone, person, require_owner, signed_in
from ui.security.kept_upload import KeptUpload

#: Scroll to the cards, which show the progress, and use the added catalogue on this person's pages;
#: an error that prevents the start is shown below.
UP_JS = """(name) => setTimeout(() => {
  if (document.querySelector('#catalog-add [role=alert]')) return;
  vs.useCatalog(name);
  document.querySelector('#catalog-overview').scrollIntoView({ block: 'center' });
}, 400)"""
#: A link such as Home's "Add your own" leads to the form.
BRING_JS = """() => {
  if (!new URLSearchParams(window.location.search).has('add')) return;
  setTimeout(() => {
    const form = document.querySelector('#catalog-add');
    if (form.getBoundingClientRect().top > window.innerHeight / 2) form.scrollIntoView();
  }, 400);
}"""
#: Seconds between two updates of a running job.
TICK = 2.0
_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
CLOSED = (
    '<div class="vs-empty">Here catalogues are added by those who sign in as merchandiser or '
    "admin, and by the owner with <code>python app.py index items.csv --images DIR</code>.</div>"
)


def build(studio: Studio, page: gr.Blocks) -> None:
    """Lay out the page inside its route."""
    gr.HTML(render("catalog_head.html", size=size_and_time(studio.costs())))
    with gr.Accordion("Add or update a catalogue", open=False, elem_id="catalog-add") as adding:
        form = gr.Column(visible=owners_alone(studio))
        closed = gr.HTML(CLOSED, visible=not owners_alone(studio))
    cards = CatalogCards(studio)
    timer = gr.Timer(TICK, active=False)
    notice = Notice("catalog-notice")
    with gr.Row():
        chosen = gr.Dropdown(label="Details of", choices=[], elem_id="catalog-choice", scale=2)
        demo = gr.Button("Index the demo catalogue", elem_id="catalog-demo", visible=False, scale=1)
    left_out = gr.HTML(elem_id="catalog-quarantine")
    outputs = [cards.html, chosen, left_out, timer, demo]

    def view(name: str | None, read: tuple[CatalogInfo, ...] | None = None) -> tuple[Any, ...]:
        catalogs = studio.catalogs() if read is None else read
        names = [entry.name for entry in catalogs]
        default = studio.catalog().name if names else None
        current = name if name in names else default
        jobs = {entry.name: studio.indexing.job(entry.name).read() for entry in catalogs}
        building = {
            entry.name: studio.indexing.search_indices.latest(entry.name) for entry in catalogs
        }
        running = [job for job in (*jobs.values(), *building.values()) if job and job.running]
        request = LocalContext.request.get(None)
        return (
            overview_html(
                catalogs,
                jobs,
                building=building,
                chosen=current,
                default=default or "",
                removed=studio.managing.removed(),
                may_manage=may(studio, request, Action.MANAGE),
                may_index=may(studio, request, Action.INDEX),
                mine=owned_by(catalogs, signed_in(request)),
                can_continue=[n for n in names if studio.indexing.source_to_continue(n)],
                may_add=_may_add(studio, request),
                titles={s.engine.name: s.engine.title for s in studio.engines()},
            ),
            gr.update(choices=[(entry.title, entry.name) for entry in catalogs], value=current),
            left_out_html(studio, current) if current else "",
            gr.update(active=bool(running)),
            gr.update(visible=_demo_waits(jobs) and may(studio, request, Action.INDEX)),
        )

    with form:
        folder, name = _add_form(studio, view, outputs, chosen)

    agent_panel(studio, chosen)
    adapt_panel(studio, chosen)

    @sentences
    def load(request: gr.Request) -> tuple[Any, ...]:
        catalogs = studio.catalogs()
        wanted = str(request.query_params.get("catalog", ""))
        warn_if_gone(wanted, [entry.name for entry in catalogs])
        return view(wanted, catalogs)

    @sentences
    def refresh(name: str | None) -> tuple[Any, ...]:
        return view(name)

    @sentences
    def tick(name: str | None) -> tuple[Any, ...]:
        """Show the jobs' progress; choices made meanwhile are kept."""
        shown, _, *others = view(name)
        return shown, gr.skip(), *others

    @sentences
    @notice.keeps(len(outputs))
    @allowed(studio, Action.INDEX)
    def index_demo(request: gr.Request) -> tuple[Any, ...]:
        return view(studio.indexing.start_demo(person(request)))

    @sentences
    def open_form(request: gr.Request) -> tuple[Any, ...]:
        adds = _may_add(studio, request)
        return (
            gr.update(visible=adds),
            gr.update(visible=not adds),
            gr.update(visible=owners_alone(studio)),
            gr.update(open=True) if "add" in request.query_params else gr.skip(),
        )

    page.load(load, None, outputs, **_PRIVATE)
    page.load(
        open_form, None, [form, closed, folder, adding], show_progress="hidden", **_PRIVATE
    ).then(None, None, None, js=BRING_JS, **_PRIVATE)
    chosen.input(refresh, chosen, outputs, **_PRIVATE)
    chosen.input(None, chosen, None, js="(name) => { vs.useCatalog(name); }", **_PRIVATE)
    timer.tick(tick, chosen, outputs, show_progress="hidden", **_PRIVATE)
    demo.click(index_demo, None, [*outputs, *notice.outputs], **_PRIVATE)
    cards.wire(view, outputs, adding, name)


def _may_add(studio: Studio, request: gr.Request | None) -> bool:
    """Tell whether the form is shown to this person."""
    return owners_alone(studio) or (studio.people.sign_in and may(studio, request, Action.ADD))


def _demo_waits(jobs: Mapping[str, Job | None]) -> bool:
    """Tell whether the demo is not, or not wholly, indexed."""
    job = jobs.get(DEMO)
    return DEMO not in jobs or (job is not None and (job.running or job.unfinished))


def _add_form(
    studio: Studio, view: View, outputs: list[gr.Component], target: gr.Dropdown
) -> tuple[gr.Textbox, gr.Textbox]:
    """Lay out the form; ``target`` is the list that shows the added catalogue afterwards.

    Returns the field for a folder of the server, which only an owner has, and that for the name.
    """
    gr.HTML(add_hints())
    with gr.Row():
        table = gr.File(label="Catalogue file", file_types=[*TABLE_ENDINGS], height=180)
        photos = gr.File(
            label="Photos (optional), also in a zip file",
            file_count="multiple",
            file_types=["image", ".zip"],
            height=180,
        )
    with gr.Row():
        name = gr.Textbox(
            label="Name", placeholder="Autumn range", max_length=60, elem_id="catalog-name",
            info="That of a catalogue you have updates it: its other items stay.",
        )  # fmt: skip
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

    def check(path: str | None, request: gr.Request) -> None:
        """Raise if the person may not add catalogues, or may not name a folder of this machine."""
        if not studio.people.sign_in:
            require_owner(studio, request)
        elif path and path.strip():
            raise CatalogError("Where people sign in, photos are uploaded with the file.")

    def taken(
        file: str | None, pictures: list[str] | None, path: str | None
    ) -> tuple[KeptUpload, Path]:
        """Return the upload in a folder of its own, and the folder of its photos."""
        if not file:
            raise CatalogError("Choose a catalogue file first.")
        uploads = studio.settings.data_dir / "uploads"
        most = studio.settings.upload_quota_mb * 2**20
        kept = KeptUpload.take(uploads, Path(file), [Path(photo) for photo in pictures or ()], most)
        # A browser sends nothing for a field that it does not show.
        named = path and path.strip()
        return kept, Path(named).expanduser() if named else kept.folder

    @sentences
    @notice.keeps(2 + len(fields))
    @allowed(studio, Action.ADD)
    def preview(
        file: str | None, pictures: list[str] | None, path: str | None, label: str,
        request: gr.Request, *chosen: str,
    ) -> tuple[Any, ...]:  # fmt: skip
        check(path, request)
        name, _ = name_and_title(label, studio.catalogs())
        kept, images = taken(file, pictures, path)
        try:
            result = studio.indexing.preview(
                kept.table,
                name=name,
                images=images,
                columns=chosen_columns(chosen),
            )
            thumbnails = sample_photos(result, studio.settings.max_upload_mb * 2**20)
        finally:
            kept.remove()
        return (
            preview_html(result, thumbnails),
            gr.update(visible=True),
            *field_updates(result, chosen),
        )

    @sentences
    @notice.keeps(len(outputs))
    @allowed(studio, Action.ADD)
    def add(
        file: str | None, pictures: list[str] | None, path: str | None, label: str,
        request: gr.Request, *chosen: str,
    ) -> tuple[Any, ...]:  # fmt: skip
        check(path, request)
        name, title = name_and_title(label, studio.catalogs())
        kept, images = taken(file, pictures, path)
        columns = chosen_columns(chosen)
        try:
            studio.indexing.check_gives_items(kept.table, images=images, columns=columns, name=name)
            started = studio.indexing.start(
                kept.table,
                name=name,
                title=title,
                images=images,
                columns=columns,
                author=person(request),
                owner=signed_in(request) or "",
                any_catalog=may(studio, request, Action.INDEX),
                around=kept.during,
            )
        except BaseException:
            kept.remove()
            raise
        gr.Info("Indexing has started; items become searchable as they are embedded.")
        return view(started)

    def another_file() -> tuple[Any, ...]:
        """Reset the choice of columns, which belongs to the file before."""
        return "", gr.update(visible=False), *[gr.update(value=AS_GUESSED)] * len(fields)

    table.change(another_file, None, [shown, mapping, *fields], show_progress="hidden", **_PRIVATE)
    given = [table, photos, folder, name]
    seen = [shown, mapping, *fields, *notice.outputs]
    look.click(preview, [*given, *fields], seen, **_PRIVATE)
    for field in fields:
        field.input(preview, [*given, *fields], seen, **_PRIVATE)
    go.click(add, [*given, *fields], [*outputs, *notice.outputs], **_PRIVATE).success(
        None, target, None, js=UP_JS, **_PRIVATE
    )
    return folder, name
