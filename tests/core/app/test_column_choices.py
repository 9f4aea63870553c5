"""Columns that a person chose for a catalogue count again at its next update."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.app.studio import Studio
from core.settings import load_settings
from tests.core.pipeline.small import bench, write_catalog


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    studio = Studio(load_settings(data_dir=tmp_path / "data", profile="compact"))
    monkeypatch.setattr(studio._models, "for_indexing", lambda engines=None: bench().models)
    return studio


def test_a_choice_is_used_again_shown_changed_and_forgotten(studio: Studio, tmp_path: Path) -> None:
    table = write_catalog(tmp_path / "files", 2)
    studio.indexing.index(table, name="shop", columns={"title": "description", "department": ""})
    assert studio.catalog("shop").columns == {"title": "description", "department": ""}
    first = studio.item("id-000", "shop")
    assert (first.title, first.department) == ("A chair in red.", "")

    preview = studio.indexing.preview(table, name="shop")
    assert preview.samples[0].title == "A chair in red."
    assert sorted(preview.remembered) == ["department", "title"]
    studio.indexing.index(table, name="shop", columns={"department": "department"})
    assert studio.item("id-000", "shop").title == "A chair in red."
    assert studio.item("id-000", "shop").department == "garden"
    assert studio.catalog("shop").columns["department"] == "department"

    table.write_text(table.read_text().replace("description", "text", 1))
    preview = studio.indexing.preview(table, name="shop")
    assert preview.samples[0].title.startswith("red chair")
    assert "“description”, chosen earlier for the title, is not in this file" in preview.notes[-1]

    studio.indexing.chosen.forget("shop")
    assert studio.catalog("shop").columns == {}
    assert studio.indexing.preview(table, name="other").remembered == ()
