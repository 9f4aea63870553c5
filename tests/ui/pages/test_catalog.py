from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from fastapi import Request

from core.app.studio import Studio
from core.domain import CatalogInfo, Job, JobState, Progress, QuarantinedRow
from core.domain.search_index import Breadth, SearchIndex
from core.errors import EngineUnavailable
from core.pipeline.indexing_job import indexing_job
from core.settings import load_settings
from tests.core.pipeline.small import bench, write_catalog
from ui.checked_blocks import CheckedBlocks
from ui.components.catalog_cards import overview_html
from ui.components.file_preview_panel import AS_GUESSED, MAPPED
from ui.pages.catalog import build

#: What the page sends where nobody chose a column.
GUESSED = [AS_GUESSED] * len(MAPPED)


def test_overview_escapes_and_shows_a_running_job() -> None:
    info = CatalogInfo("a", "<script>alert(1)</script>", 5, {"clip": 3}, 2, ("home",), ("chair",))
    progress = Progress("grounding", 3, 5, "Working.", 200.0)
    html = overview_html((info,), {"a": Job("1", "indexing", "a", progress=progress)})
    assert "<script>" not in html
    assert "width: 60%" in html
    assert "Grounding 3 of 5</strong>, about 3 minutes left." in html
    assert "Nothing is indexed" in overview_html((), {})


def test_the_card_shows_the_columns_that_were_chosen() -> None:
    chosen = {"title": "<b>Name</b>", "product_type": ""}
    info = CatalogInfo("a", "A", 5, {}, 0, (), (), columns=chosen)
    html = overview_html((info,), {"a": None}, may_index=True)
    assert "title = “&lt;b&gt;Name&lt;/b&gt;”, product type = none" in html
    assert 'data-action="forget-columns"' in html
    assert "forget-columns" not in overview_html((info,), {"a": None}, may_index=False)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (JobState.FAILED, "Indexing failed at reading 3 of 5.</strong> &lt;b&gt;No.&lt;/b&gt;"),
        (JobState.STOPPED, "Indexing was stopped at reading 3 of 5.</strong>"),
        (JobState.INTERRUPTED, "Indexing was interrupted at reading 3 of 5.</strong>"),
    ],
)
def test_overview_says_how_a_job_ended(state: JobState, said: str) -> None:
    info = CatalogInfo("a", "A", 5, {}, 0, (), ())
    job = Job("1", "indexing", "a", state, Progress("reading", 3, 5), "<b>No.</b>")
    assert said in overview_html((info,), {"a": job})


# ── with a studio of its own ─────────────────────────────────────────────────────────────────────
@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(load_settings(data_dir=tmp_path / "data", profile="compact"))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_catalog(tmp_path / "files", 5)


def handlers(studio: Studio) -> dict[str, Callable[..., Any]]:
    """Return the page's handlers by name."""
    with CheckedBlocks() as page:
        build(studio, page)
    return {fn.fn.__name__: fn.fn for fn in page.fns.values() if fn.fn is not None}


def request() -> Any:
    scope = {"type": "http", "client": ("127.0.0.1", 50_000), "headers": [(b"host", b"localhost")]}
    return gr.Request(Request(scope), username=None)


def text_of(values: tuple[Any, ...]) -> str:
    return " ".join(str(value) for value in values)


def test_a_bad_name_is_said_on_the_page_and_stays(studio: Studio, table: Path) -> None:
    add = handlers(studio)["add"]
    values = add(str(table), [], str(table.parent), "椅子", request(), *GUESSED)
    assert "It did not start.</strong> A name needs a letter from a to z" in values[-1]
    assert values[-2]["visible"] is True
    assert studio.catalogs() == ()


def test_a_catalogue_may_be_called_anything(
    studio: Studio, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio._models, "for_indexing", lambda engines=None: bench().models)
    add = handlers(studio)["add"]
    for label in ("Autumn  Range", "Autumn Range", "autumn-range"):  # new, then updated twice
        values = add(str(table), [], str(table.parent), label, request(), *GUESSED)
        assert values[-1].strip() == ""
        assert "<h2>Autumn Range" in values[0]  # from the first moment
        studio.jobs.wait()
        assert [(c.name, c.title) for c in studio.catalogs()] == [("autumn-range", "Autumn Range")]
    said = add(str(table), [], str(table.parent), "Autumn range!", request(), *GUESSED)[-1]
    assert "There is a catalogue “autumn-range” already, with the title “Autumn Range”" in said


def test_no_file_and_a_bad_mapping_are_said(studio: Studio, table: Path) -> None:
    add = handlers(studio)["add"]
    assert "Choose a catalogue file" in add(None, [], "", "", request(), *GUESSED)[-1]
    lost = ["no such column", *GUESSED[1:]]
    assert "no column" in add(str(table), [], "", "", request(), *lost)[-1]


def test_a_file_of_which_no_row_would_become_an_item_makes_no_empty_catalogue(
    studio: Studio, table: Path
) -> None:
    add = handlers(studio)["add"]
    said = add(str(table), [], "", "empty", request(), *GUESSED)[-1]  # without its photos
    assert "No row of the file would become an item. Row 1: " in said
    assert studio.catalogs() == ()


def test_a_file_is_shown_before_it_is_indexed(studio: Studio, table: Path) -> None:
    look = handlers(studio)["preview"]
    html, mapping, *fields = look(str(table), [], str(table.parent), "", request(), *GUESSED)[
        : 2 + len(MAPPED)
    ]
    assert "would become items" in html
    assert mapping["visible"]
    assert all(field["value"] == AS_GUESSED for field in fields)
    assert not list((studio.settings.data_dir / "uploads").glob("*"))


def test_a_busy_catalogue_is_said_and_the_notice_goes_when_it_begins(
    studio: Studio, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = handlers(studio)["add"]
    root = studio.settings.data_dir / "catalogs" / "shop"
    monkeypatch.setattr(studio._models, "for_indexing", lambda engines=None: bench().models)
    with indexing_job(root).begin():
        values = add(str(table), [], str(table.parent), "shop", request(), *GUESSED)
        assert "“shop” is being indexed already" in values[-1]
    values = add(str(table), [], str(table.parent), "shop", request(), *GUESSED)
    assert (values[-2]["visible"], values[-1].strip()) == (False, "")
    assert "5</strong>" in values[0]  # n of N from the first moment
    studio.jobs.wait()
    assert studio.catalog("shop").items == 5


def button(action: str, value: str) -> Any:
    """Return what a click on a card's button sends."""
    return SimpleNamespace(action=action, value=value)


def test_what_fails_in_the_background_is_on_the_page_until_it_is_dismissed(
    studio: Studio, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = handlers(studio)

    def fail(engines: object = None) -> None:
        raise EngineUnavailable("The recipe “mine” is broken.")

    monkeypatch.setattr(studio._models, "for_indexing", fail)
    page["add"](str(table), [], str(table.parent), "shop", request(), *GUESSED)
    studio.jobs.wait()
    again = handlers(Studio(studio.settings))  # after a restart
    values = again["refresh"]("shop")
    assert "Indexing failed" in values[0]
    assert "The recipe “mine” is broken." in values[0]
    assert 'data-action="dismiss" data-value="shop"' in values[0]
    values = again["card_action"](button("dismiss", "shop"))
    assert "broken" not in values[0]
    assert 'data-action="dismiss"' not in values[0]


def test_stop_is_for_the_chosen_catalogue_and_says_what_is_true(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(gr, "Info", said.append)
    click = handlers(studio)["card_action"]
    roots = [studio.settings.data_dir / "catalogs" / name for name in ("one", "two")]
    for root in roots:
        (root / "lance").mkdir(parents=True)
    with indexing_job(roots[0]).begin() as first, indexing_job(roots[1]).begin() as second:
        values = click(button("stop", "two"))
        assert (first.stopping(), second.stopping()) == (False, True)
        assert "asked to stop" in values[0]
        assert 'data-action="stop" data-value="one"' in values[0]
        assert 'data-action="stop" data-value="two"' not in values[0]
    assert "two stops after its current chunk" in said[0]
    click(button("stop", "two"))
    assert "No indexing job is running" in said[1]


def test_what_was_stopped_goes_on_from_the_card(
    studio: Studio, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = handlers(studio)
    stops = [True]

    def models(engines: object = None) -> Any:
        if stops.pop() if stops else False:
            studio.indexing.job("shop").stop()
        return bench().models

    monkeypatch.setattr(studio._models, "for_indexing", models)
    photos = [str(path) for path in table.parent.glob("*.png")]
    page["add"](str(table), photos, "", "shop", request(), *GUESSED)
    studio.jobs.wait()
    uploads = studio.settings.data_dir / "uploads"
    assert len(list(uploads.iterdir())) == 1
    again = handlers(Studio(studio.settings))  # after a restart
    assert 'data-action="continue" data-value="shop"' in again["refresh"]("shop")[0]
    page["card_action"](button("continue", "shop"))
    studio.jobs.wait()
    assert studio.catalog("shop").items == 5
    assert studio.catalog("shop").searchable == {"clip": 5, "vl-clip": 5}
    assert list(uploads.iterdir()) == []
    assert "continue" not in page["refresh"]("shop")[0]
    with pytest.raises(gr.Error, match="is not here any more"):
        page["card_action"](button("continue", "shop"))


def test_update_opens_the_form_with_the_catalogue_s_name(
    studio: Studio, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio._models, "for_indexing", lambda engines=None: bench().models)
    studio.indexing.index(table, name="shop")
    page = handlers(studio)
    assert 'data-action="update" data-value="shop"' in page["refresh"]("shop")[0]
    *_, form, name = page["card_action"](button("update", "shop"))
    assert (form["open"], name) == (True, "shop")


def test_a_damaged_catalogue_is_listed_with_its_reason() -> None:
    info = CatalogInfo(
        "a", "A", 0, {}, 0, (), (), problem="The table “items” <b>can't</b> be read."
    )
    html = overview_html((info,), {"a": None})
    assert "The table “items” &lt;b&gt;can&#39;t&lt;/b&gt; be read." in html


def test_the_card_shows_what_was_measured_of_a_search_index_and_its_job() -> None:
    index = SearchIndex("x", 100_000, 120, {20: Breadth(40, 0.985)}, 1.3, 25.0)
    info = CatalogInfo("a", "A", 100_000, {"clip": 100_000}, 0, (), (), indices={"clip": index})
    progress = Progress("indexing", 0, 100_000, seconds_left=80, per_second=2.44)
    job = Job("1", "search index", "a", progress=progress)
    html = overview_html((info,), {"a": None}, building={"a": job})
    line = (
        "clip: index over 100,000 vectors: 98.5\u00a0% of the 20 closest found, "
        "1.3 ms (exact: 25 ms)"
    )
    assert line in html
    assert "Indexing 0 of 100,000</strong>, 2.4 a second, about 80 seconds left." in html


def test_a_catalogue_is_renamed_removed_and_restored(studio: Studio) -> None:
    (studio.settings.data_dir / "catalogs" / "one" / "lance").mkdir(parents=True)
    page = handlers(studio)
    assert page["card_action"](button("rename", "one"))[6]["visible"] is True
    assert "Spring &lt;b&gt; range" in page["rename_catalog"]("one", "Spring <b> range")[0]
    values = page["card_action"](button("remove", "one"))
    assert values[8]["visible"] is True
    assert "Remove “Spring &lt;b&gt; range”?" in values[9]
    values = page["remove_catalog"]("one")
    assert "Removed catalogues (1)" in values[0]
    assert "data-sure" in values[0]
    key = studio.managing.removed()[0].key
    assert "Removed catalogues" not in page["card_action"](button("restore", key))[0]
    assert [entry.name for entry in studio.catalogs()] == ["one"]


def test_left_out_rows_are_grouped_by_reason(studio: Studio) -> None:
    rows = [QuarantinedRow(n, f"i{n}", "image", f"There is no file “{n}.jpg”.") for n in range(30)]
    rows.append(QuarantinedRow(31, "", "title", "It has no <title>."))
    store = studio._library.create("one").store
    store.quarantine.replace(rows)
    html = handlers(studio)["refresh"]("one")[2]
    assert html.count("<details") == 2
    assert "<strong>30 rows</strong>, column image" in html
    assert "and 10 more in the file" in html
    assert "It has no &lt;title&gt;." in html


def test_a_card_says_once_that_its_job_was_interrupted():
    message = "It was interrupted. Start it again: it goes on where it was."
    for state in (JobState.INTERRUPTED, JobState.STOPPED):
        job = Job("1", "indexing", "demo", state, message=message.replace("interrupted", state))
        assert job.advice == "Start it again: it goes on where it was."
