from __future__ import annotations

from pathlib import Path

import pytest

from core.app.library import DEMO, Library, name_from, own_name
from core.domain import Item, Photo
from core.errors import CatalogError
from core.settings import load_settings
from core.store.items import ItemRecord
from core.store.meta import CatalogMeta

ITEM = Item("i-1", "Chair", Photo("a" * 64, 10, 10, "0" * 16))


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(load_settings(data_dir=tmp_path))


def test_alone_even_one_without_items_is_the_default(library: Library) -> None:
    library.create("started")
    assert library.resolve(None) == "started"


def test_an_empty_data_directory_says_what_to_do(library: Library) -> None:
    assert library.names() == ()
    with pytest.raises(CatalogError, match="index --demo"):
        library.get(None)
    with pytest.raises(CatalogError, match="There is none yet"):
        library.get("chairs")


def test_the_default_is_the_latest_that_is_not_the_demo(library: Library) -> None:
    library.create(DEMO).store.meta.write(CatalogMeta("Demo", updated="2026-03-01"))
    assert library.resolve(None) == DEMO
    for name, updated in (("old", "2026-01-01"), ("new", "2026-02-01")):
        store = library.create(name).store
        store.items.upsert([ItemRecord(ITEM, "row")])
        store.meta.write(CatalogMeta(name, updated=updated))
    library.create("unreadable").store.meta.write(CatalogMeta("unreadable", updated="2026-03-02"))
    assert library.resolve(None) == "new"
    assert library.names() == ("demo", "new", "old", "unreadable")
    with pytest.raises(CatalogError, match="demo, new, old"):
        library.get("chairs")


@pytest.mark.parametrize("name", ["", "../evil", "A", "a b", "a/b", "-a", "x" * 61])
def test_names_are_folder_names_and_nothing_else(library: Library, name: str) -> None:
    with pytest.raises(CatalogError, match="small letters"):
        library.create(name)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Ünsere Möbel (2).csv", "unsere-mobel-2"),
        ("items.parquet", "items"),
        ("Demo.csv", "my-demo"),
        ("商品.csv", "catalog"),
        (f"{'x' * 90}.csv", "x" * 60),
    ],
)
def test_names_from_files(path: str, name: str) -> None:
    assert name_from(Path(path)) == name


def test_the_demo_s_name_is_its_own() -> None:
    with pytest.raises(CatalogError, match="“my-demo”"):
        own_name(DEMO, Path("chairs.csv"))
    assert own_name(None, Path("demo.csv")) == "my-demo"
    assert own_name("chairs", Path("demo.csv")) == "chairs"
