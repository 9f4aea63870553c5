"""Show a card per catalogue with its actions, and the panels that confirm changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from html import escape
from types import MappingProxyType
from typing import Any

import gradio as gr
from gradio.context import LocalContext

from core.app.managing import RemovedCatalog
from core.app.studio import Studio
from core.catalog.left_out import by_reason
from core.domain import CatalogInfo, Job
from core.errors import CatalogError
from core.people import Action
from ui.error_sentences import sentences
from ui.render import render
from ui.rights import allowed, person, require, signed_in
from ui.security.kept_upload import KeptUpload

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}

#: Raises ``pick`` with the action of a card's button; the header's list follows a change.
CARDS_JS = """vs.actions(element, (detail) => {
  trigger('pick', detail);
  if (detail.action === 'update') vs.bring('#catalog-add');
  if (['rename', 'remove'].includes(detail.action)) vs.bring(`#catalog-${detail.action}`);
}, watch);
const titles = () => vs.texts(element, '.vs-catalog h2').join();
let before = titles();
watch('value', () => {
  if (before !== titles()) vs.catalogsChanged();
  before = titles();
});"""

#: Rows that are shown for one reason; the file has all of them.
SHOWN_ROWS = 20

#: Gives the values of the page's outputs for a catalogue.
View = Callable[[str | None], tuple[Any, ...]]


class CatalogCards:
    """The cards and their actions; call ``wire`` once the page's outputs exist."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.html = gr.HTML(render("waiting.html"), elem_id="catalog-overview", js_on_load=CARDS_JS)
        self._name = gr.State("")
        with gr.Column(visible=False, elem_id="catalog-rename") as self._rename:
            self._title = gr.Textbox(label="New title", max_length=80, elem_id="catalog-title")
            with gr.Row():
                self._save = gr.Button("Save the title", variant="primary", size="sm")
                self._keep_title = gr.Button("Cancel", size="sm")
        with gr.Column(visible=False, elem_id="catalog-remove") as self._remove:
            self._warning = gr.HTML()
            with gr.Row():
                self._sure = gr.Button("Remove it", variant="stop", size="sm")
                self._keep_catalog = gr.Button("Cancel", size="sm")

    def wire(
        self, view: View, outputs: list[gr.Component], adding: gr.Accordion, target: gr.Textbox
    ) -> None:
        """Connect the buttons.

        Args:
            view: Gives the values of ``outputs`` for a catalogue.
            outputs: Components of the page that show catalogues.
            adding: Holds the form that adds or updates a catalogue.
            target: The name in that form.
        """
        studio = self._studio
        panels = [self._name, self._rename, self._title, self._remove, self._warning]

        form_as_it_is = (gr.skip(), gr.skip())

        def closed(name: str | None) -> tuple[Any, ...]:
            asks = ("", gr.update(visible=False), "", gr.update(visible=False), "")
            return (*view(name), *asks, *form_as_it_is)

        @sentences
        @allowed(studio, Action.ADD)  # each action asks for what it takes, too
        def card_action(event: gr.EventData) -> tuple[Any, ...]:
            action, name = str(event.action), str(event.value)
            match action:
                case "forget-columns":
                    _require_for(studio, name, Action.INDEX)
                    studio.indexing.chosen.forget(name)
                    gr.Info("Columns are guessed by their names at the next update.")
                    return closed(name)
                case "stop" | "dismiss" | "continue":
                    _require_for(studio, name, Action.INDEX)
                    return closed(_steer(studio, action, name))
                case "update":
                    _require_for(studio, name, Action.INDEX)
                    return (*[gr.skip()] * (len(outputs) + len(panels)), gr.update(open=True), name)
                case "default" | "restore" | "delete":
                    return closed(_manage(studio, action, name))
                case "rename":
                    title = studio.catalog(name).title
                    asks = (name, gr.update(visible=True), title, gr.update(visible=False), "")
                case "remove":
                    info = studio.catalog(name)
                    asks = (name, gr.update(visible=False), "", gr.update(visible=True),
                            render("catalog_remove.html", catalog=info))  # fmt: skip
                case _:
                    return closed(name or None)
            return (*[gr.skip()] * len(outputs), *asks, *form_as_it_is)

        @sentences
        @allowed(studio, Action.ADD)
        def rename_catalog(name: str, title: str) -> tuple[Any, ...]:
            _require_for(studio, name, Action.MANAGE)
            studio.managing.rename(name, title)
            return closed(name)

        @sentences
        @allowed(studio, Action.ADD)
        def remove_catalog(name: str) -> tuple[Any, ...]:
            _require_for(studio, name, Action.MANAGE)
            studio.managing.remove(name)
            gr.Info("It is removed. “Removed catalogues” below brings it back.")
            return closed(None)

        @sentences
        def cancel() -> tuple[Any, ...]:
            return ("", gr.update(visible=False), "", gr.update(visible=False), "")

        everything = [*outputs, *panels, adding, target]
        self.html.pick(card_action, None, everything, show_progress="hidden", **_PRIVATE)
        gr.on(
            [self._save.click, self._title.submit],
            rename_catalog, [self._name, self._title], everything, **_PRIVATE,
        )  # fmt: skip
        # The header and its links leave a removed catalogue, too; ``outputs[1]`` lists catalogues.
        self._sure.click(remove_catalog, self._name, everything, **_PRIVATE).success(
            None, outputs[1], None, js="(name) => { vs.useCatalog(name); }", **_PRIVATE
        )
        for button in (self._keep_title, self._keep_catalog):
            button.click(cancel, None, panels, show_progress="hidden", **_PRIVATE)


def owned_by(catalogs: Iterable[CatalogInfo], name: str | None) -> frozenset[str]:
    """Return the names of the catalogues that a signed-in person added."""
    return frozenset(catalog.name for catalog in catalogs if name and catalog.owner == name)


def _require_for(studio: Studio, name: str, action: Action) -> None:
    """Raise ``AccessDenied`` unless the person has the right, or added this catalogue."""
    request = LocalContext.request.get(None)
    if name not in owned_by([studio.catalog(name)], signed_in(request)):
        require(studio, request, action)


def _steer(studio: Studio, action: str, name: str) -> str:
    """Stop or continue a catalogue's indexing, or dismiss its message; return its name."""
    if action == "dismiss":
        studio.indexing.job(name).dismiss()
    elif action == "continue":
        _go_on(studio, name)
    elif studio.indexing.job(name).stop():
        gr.Info(f"Indexing {escape(name)} stops after its current chunk; what is done is kept.")
    else:
        gr.Info("No indexing job is running on this catalogue.")
    return name


def _go_on(studio: Studio, name: str) -> None:
    """Continue a catalogue's indexing; an upload that it reads is deleted at the end."""
    source = studio.indexing.source_to_continue(name)
    uploads = studio.settings.data_dir / "uploads"
    kept = KeptUpload.again(uploads, source.table) if source else None
    author = person(LocalContext.request.get(None))
    studio.indexing.go_on(name, author=author, around=kept.during if kept else lambda run: run)
    gr.Info(f"Indexing {escape(name)} goes on; what was done before is not done again.")


def _manage(studio: Studio, action: str, name: str) -> str | None:
    """Change the default, or restore or delete a catalogue; return the catalogue to show."""
    require(studio, LocalContext.request.get(None), Action.MANAGE)
    match action:
        case "default":
            studio.managing.choose_default(name)
            return name
        case "restore":
            return studio.managing.restore(name)
    studio.managing.delete(name)
    return None


def overview_html(
    catalogs: tuple[CatalogInfo, ...], jobs: Mapping[str, Job | None], *, chosen: str | None = "",
    default: str = "", removed: tuple[RemovedCatalog, ...] = (), may_manage: bool = True,
    may_index: bool = True, mine: Collection[str] = (), can_continue: Collection[str] = (),
    may_add: bool = False,
    building: Mapping[str, Job | None] | None = None,
    titles: Mapping[str, str] = MappingProxyType({}),
) -> str:  # fmt: skip
    """Return the cards, with the running or last job of each where there is one.

    Args:
        catalogs: All catalogues.
        jobs: The job by catalogue.
        chosen: The one whose details the page shows.
        default: The one that answers where none is named.
        removed: Those that can be restored.
        may_manage: Show the buttons that change catalogues as a whole.
        may_index: Show the buttons of indexing.
        building: The job of the search index by catalogue.
        mine: Catalogues whose buttons are shown because the person added them.
        can_continue: Catalogues whose last indexing was not done to its end and can be.
        may_add: Show the button that updates a catalogue from a file.
        titles: What people call the engines, by name.
    """
    return render(
        "catalog_overview.html", catalogs=catalogs, jobs=jobs, chosen=chosen, default=default,
        removed=removed, manages=may_manage, indexes=may_index, mine=mine,
        can_continue=can_continue, adds=may_add, building=building or {},
        titles=titles,
    )  # fmt: skip


def left_out_html(studio: Studio, catalog: str) -> str:
    """Return the rows that were left out, by reason."""
    try:
        reasons = by_reason(studio.quarantine(catalog))
    except CatalogError:
        return ""  # the catalogue's card says that it is damaged
    return render(
        "catalog_quarantine.html",
        reasons=reasons,
        rows=sum(len(reason.rows) for reason in reasons),
        shown=SHOWN_ROWS,
        catalog=catalog,
    )
