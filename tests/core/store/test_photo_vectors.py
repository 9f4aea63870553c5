"""The vectors of further photos: each item's best photo counts."""

from __future__ import annotations

import numpy as np
import pytest

from core.store.catalog_store import CatalogStore
from core.store.vectors import VectorRow

X, Y, Z = np.eye(3, dtype=np.float32)


def row(item_id, vector, phash="0" * 16):
    return VectorRow(item_id, "k", "g", "r", "home", "chair", phash, vector, vector, vector)


@pytest.fixture
def photos(tmp_path):
    table = CatalogStore(tmp_path).photo_vectors("clip")
    table.prepare("f", 3, 0.1)
    return table


def test_all_rows_of_an_item_are_replaced(photos):
    assert (photos.engine, photos.name) == ("clip", "photo_vectors_clip")
    photos.replace(["a", "b"], [row("a", X), row("a", Y), row("b", Z)])
    assert photos.count() == 3
    photos.replace(["a"], [row("a", Z)])
    assert photos.count() == 2
    photos.replace(["b", "never"], [])
    assert [name for name, _, _ in photos.nearest(Z, 9)] == ["a"]


def test_the_best_photo_of_an_item_counts(photos):
    near = [("a", "h1", 0.9), ("b", "h2", 0.5), ("d", "h3", 0.3)]
    further = [("b", "h4", 0.7), ("a", "h5", 0.8), ("c", "h6", 0.7), ("d", "h7", 0.3)]
    assert photos.best(near, further) == [
        ("a", "h1", 0.9), ("b", "h4", 0.7), ("c", "h6", 0.7), ("d", "h3", 0.3),
    ]  # fmt: skip
    assert photos.best([], []) == []
