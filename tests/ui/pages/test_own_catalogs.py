"""Who may write which catalogue on the page, where people sign in."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from fastapi import Request
from gradio.context import LocalContext

from core.app.studio import Studio
from core.people import Role
from core.settings import load_settings
from tests.core.pipeline.small import bench, write_catalog
from tests.ui.pages.test_catalog import GUESSED, handlers

PEOPLE = {"ann": Role.MERCHANDISER, "ben": Role.MERCHANDISER, "root": Role.ADMIN,
          "eve": Role.ANNOTATOR}  # fmt: skip


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    studio = Studio(load_settings(data_dir=tmp_path / "data", profile="compact"))
    monkeypatch.setattr(studio._models, "for_indexing", lambda engines=None: bench().models)
    return studio


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_catalog(tmp_path / "files", 3)


def add(studio: Studio, who: str, table: Path, name: str, folder: str | None = None) -> str:
    """Index a file and its photos as somebody; returns what keeps it from starting.

    A browser sends ``None`` for the field of a folder, which is not shown where people sign in.
    """
    if who and not studio.people.sign_in:
        for person, role in PEOPLE.items():
            studio.people.add(person, role, "long enough")
    scope = {"type": "http", "client": ("192.0.2.1", 50_000), "headers": [(b"host", b"shop")]}
    request: Any = gr.Request(Request(scope), username=who or None)
    photos = [str(path) for path in table.parent.rglob("*.png")]
    photos += [str(path) for path in table.parent.rglob("*.jpg")]
    token = LocalContext.request.set(request)
    try:
        values = handlers(studio)["add"](str(table), photos, folder, name, request, *GUESSED)
    finally:
        LocalContext.request.reset(token)
    studio.jobs.wait()
    return str(values[-1]).strip()


def owner(studio: Studio, name: str) -> str:
    return studio._library.get(name).store.meta.read().owner


def test_a_merchandiser_writes_their_own_catalogue_and_nobody_elses(
    studio: Studio, table: Path
) -> None:
    assert add(studio, "ann", table, "range") == ""
    assert studio.catalog("range").items == 3
    assert owner(studio, "range") == "ann"
    assert add(studio, "ann", table, "range", folder="") == ""
    assert "it is not yours" in add(studio, "ben", table, "range")
    assert add(studio, "root", table, "range") == ""
    assert owner(studio, "range") == "ann"


def test_a_catalogue_of_nobody_is_an_admins(studio: Studio, table: Path) -> None:
    studio.indexing.index(table, name="old", images=table.parent)
    assert owner(studio, "old") == ""
    assert "it is not yours" in add(studio, "ann", table, "old")
    assert add(studio, "root", table, "old") == ""
    assert owner(studio, "old") == ""


def test_neither_the_demo_nor_a_folder_of_the_server(studio: Studio, table: Path) -> None:
    assert "comes with the studio" in add(studio, "ann", table, "demo")
    for who in ("ann", "root"):
        assert "photos are uploaded" in add(studio, who, table, "x", folder=str(table.parent))
    assert studio.catalogs() == ()


def test_an_annotator_adds_nothing_and_neither_does_a_stranger(studio: Studio, table: Path) -> None:
    assert "in the browser by those who sign in" in add(studio, "", table, "range")
    assert "This needs the role merchandiser" in add(studio, "eve", table, "range")
    assert studio.catalogs() == ()


def click(studio: Studio, who: str, handler: str, *given: Any) -> Any:
    """Call a handler of the page as somebody."""
    scope = {"type": "http", "client": ("192.0.2.1", 50_000), "headers": [(b"host", b"shop")]}
    request: Any = gr.Request(Request(scope), username=who)
    token = LocalContext.request.set(request)
    try:
        return handlers(studio)[handler](*given)
    finally:
        LocalContext.request.reset(token)


def test_whoever_added_a_catalogue_renames_and_removes_it(studio: Studio, table: Path) -> None:
    add(studio, "ann", table, "range")
    for who in ("ben", "eve"):
        with pytest.raises(gr.Error, match="needs the role"):
            click(studio, who, "rename_catalog", "range", "Mine")
        with pytest.raises(gr.Error, match="needs the role"):
            click(studio, who, "remove_catalog", "range")
        with pytest.raises(gr.Error, match="needs the role"):
            click(studio, who, "card_action", SimpleNamespace(action="stop", value="range"))
    shown = click(studio, "ann", "rename_catalog", "range", "Spring")[0]
    assert 'data-action="remove" data-value="range"' in shown
    assert 'data-action="default"' not in shown
    assert 'data-action="remove"' not in click(studio, "ben", "refresh", "range")[0]
    click(studio, "ann", "remove_catalog", "range")
    assert studio.catalogs() == ()
    key = studio.managing.removed()[0].key
    with pytest.raises(gr.Error, match="needs the role admin"):
        click(studio, "ann", "card_action", SimpleNamespace(action="delete", value=key))
