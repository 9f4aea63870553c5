"""“Export”: write the results of Explore or Compare to a file that only its visitor can read."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from urllib.parse import quote

import gradio as gr
from gradio.components import Component
from gradio.context import LocalContext

from core.app.exporting import Links
from core.app.studio import Studio
from core.base.counts import counted
from core.domain import Item, Query
from core.domain.result_list import ResultList
from core.errors import QueryError
from core.search.result_files import FORMATS
from ui.blindness import require_engines_shown
from ui.components.cards import inspect_link
from ui.components.judge_list import Shown
from ui.components.query import SearchForm
from ui.error_sentences import sentences
from ui.media import photo_url
from ui.queues import PICTURES
from ui.security.visitors import file_for_answer

_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
#: Save the file at the address from the previous handler.
SAVE_JS = "(address) => { vs.save(address); }"


def wire_export(
    studio: Studio, results: gr.HTML, fields: list[Component], shown: Shown, path: str
) -> None:
    """Wire the buttons that save the shown results.

    Args:
        studio: The façade.
        results: Component that raises ``take`` with the format.
        fields: The page's fields.
        shown: Returns the shown search.
        path: Path of the page.
    """
    address = gr.Textbox(visible=False)

    @sentences
    def export(event: gr.EventData, *values: Any) -> str:
        format = str(event.value)
        if format not in FORMATS:
            raise QueryError("A list of results is exported as CSV, Excel or JSON.")
        form, engines, image = shown(values)
        results = _listed(studio, form, engines, form.query(image), path)
        content = studio.exporting.content(results, format)
        file = file_for_answer(f"{file_stem(results)}.{format}", content)
        gr.Info(f"{counted(len(results.rows), 'result')} exported as {FORMATS[format]}.")
        return f"/gradio_api/file={quote(str(file))}"

    results.take(
        export, fields, address, show_progress="minimal", show_progress_on=results,
        **_PRIVATE, **PICTURES,
    ).success(None, address, None, js=SAVE_JS, **_PRIVATE)  # fmt: skip


def file_stem(results: ResultList) -> str:
    """Return a file's name without its ending: the catalogue and the query."""
    text = unicodedata.normalize("NFKD", f"{results.catalog} {results.sentence}")
    plain = text.encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80].strip("-") or "results"


def _listed(
    studio: Studio, form: SearchForm, engines: tuple[str, ...], query: Query, path: str
) -> ResultList:
    """Repeat the page's search or browsing."""
    catalog = studio.catalog(form.catalog or None).name
    links = _links(form, catalog, path)
    if not form.asks(picture=query.image is not None):
        items = studio.items(catalog, filters=form.filters, limit=form.k, sort=form.sort)
        return studio.exporting.of_items(items, form.filters, catalog, sort=form.sort, links=links)
    require_engines_shown(studio, catalog)
    answers = [studio.search(query, engine, catalog) for engine in engines]
    picture = "an uploaded picture" if form.example is None else f"example photo {form.example}"
    return studio.exporting.of_search(
        answers, query, catalog, sort=form.sort, picture=picture, links=links
    )


def _links(form: SearchForm, catalog: str, path: str) -> Links:
    """Return the addresses in the form that the visitor uses."""
    request: Any = LocalContext.request.get(None)
    site = str(getattr(request, "request", request).base_url).rstrip("/") if request else ""

    def page(item: Item) -> str:
        return site + inspect_link(item.item_id, catalog)

    def photo(item: Item) -> str:
        return site + photo_url(item.photo, catalog, thumbnail=False)

    return Links(site + form.link(path), page, photo)
