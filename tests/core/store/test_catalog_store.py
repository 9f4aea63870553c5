"""The tables of a catalogue: each opened once, and merged where it pays."""

from __future__ import annotations

import pytest

from core.domain import Item, Photo
from core.errors import QueryError
from core.store import catalog_store as module
from core.store.catalog_store import CatalogStore
from core.store.items import ItemRecord

ITEM = Item("i", "Chair", Photo("a" * 64, 1, 1, "0" * 16))


def test_an_item_that_is_not_there_is_said_with_the_catalogue(tmp_path):
    store = CatalogStore(tmp_path / "shop")
    assert (store.root, store.name) == (tmp_path / "shop", "shop")
    store.items.upsert([ItemRecord(ITEM, "k")])
    assert store.item("i") == ITEM
    with pytest.raises(QueryError, match="no item “j” in the catalogue “shop”"):
        store.item("j")


def test_a_table_is_opened_once_until_it_is_released(tmp_path):
    store = CatalogStore(tmp_path)
    names = ["items", "groundings", "rewrites", "rewrite_runs", "corrections", "quarantine",
             "statistics", "meta"]  # fmt: skip
    opened = [getattr(store, name) for name in names]
    assert [getattr(store, name) for name in names] == opened
    assert len({id(table) for table in opened}) == len(names)
    store.release("items")
    store.release("never")
    assert store.items is not opened[0]
    assert store.meta is opened[-1]
    assert store.vectors("clip") is store.vectors("clip")
    assert store.vectors("clip") is not store.vectors("vl-clip")
    assert (store.vectors("clip").engine, store.vectors("clip").name) == ("clip", "vectors_clip")
    assert store.photo_vectors("clip") is store.photo_vectors("clip")
    assert store.photo_vectors("clip").engine == "clip"
    assert store.corrections._runs is store.rewrite_runs


def test_engines_are_those_with_a_vector_table_sorted(tmp_path):
    store = CatalogStore(tmp_path)
    assert store.engines() == ()
    for engine in ("vl-clip", "a_vectors_b", "clip"):
        store.vectors(engine).prepare("f", 2, 0.0)
    store.photo_vectors("clip").prepare("f", 2, 0.0)
    assert store.meta
    assert store.engines() == ("a_vectors_b", "clip", "vl-clip")


@pytest.mark.parametrize(
    ("pieces", "options", "merged"),
    [
        (24, {}, ["meta", "quarantine"]),
        (23, {}, []),
        (2, {"at_least": 2}, ["meta", "quarantine"]),
        (24, {"indexed": False}, ["meta"]),
        (24, {"indexed": True}, ["meta", "quarantine"]),
    ],
)
def test_tables_of_many_fragments_are_merged(tmp_path, monkeypatch, pieces, options, merged):
    store, done = CatalogStore(tmp_path), []
    assert store.meta
    assert store.quarantine
    find = module.find_table
    monkeypatch.setattr(module, "fragments", lambda table: pieces)
    monkeypatch.setattr(module, "compact", lambda table: done.append(table.name))
    monkeypatch.setattr(module, "has_index", lambda table: table.name == "quarantine")
    store.compact(**options)
    assert sorted(done) == merged
    monkeypatch.setattr(
        module, "find_table", lambda base, name: None if name == "meta" else find(base, name)
    )
    done.clear()
    store.compact(**options)
    assert sorted(done) == [name for name in merged if name != "meta"]
