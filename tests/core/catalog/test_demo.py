from __future__ import annotations

import pytest

from core.base.image_decoding import read_image
from core.catalog import demo
from core.catalog.columns import guess_columns
from core.catalog.readers import open_catalog
from core.catalog.rows import read_row
from core.errors import CatalogError


def test_every_demo_row_is_valid_and_credited():
    path, folder = demo.demo_items_path(), demo.demo_images_dir().resolve()
    table = open_catalog(path)
    columns = guess_columns(table.columns)
    rows = [row for row in table.rows() if not row.cells["group"]]  # others are variants
    drafts = [read_row(row.cells, columns, folder, salt="") for row in rows]
    assert len(drafts) >= 600
    assert len({draft.item_id for draft in drafts}) == len(drafts)
    assert len({draft.words["department"] for draft in drafts}) >= 3
    for draft in drafts:
        for field in ("title", "product_type", "credit", "licence"):
            assert draft.words[field], f"{draft.item_id} has no {field}"


def test_room_photos():
    rooms = demo.room_photos()
    assert len(rooms) >= 6
    for path, caption in rooms:
        assert caption
        assert max(read_image(path).size) >= 400


def test_missing_files_give_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "_DEMO", tmp_path)
    for verb in (demo.demo_items_path, demo.demo_images_dir, demo.room_photos):
        with pytest.raises(CatalogError, match="missing"):
            verb()
