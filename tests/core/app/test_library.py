from __future__ import annotations

from pathlib import Path

import pytest

from core.app import default_catalog
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


def fill(library: Library, name: str, updated: str) -> None:
    store = library.create(name).store
    store.items.upsert([ItemRecord(ITEM, "row")])
    store.meta.write(CatalogMeta(name, updated=updated))


def test_adding_a_catalogue_does_not_change_the_default(library: Library) -> None:
    fill(library, DEMO, "2026-03-01")
    fill(library, "chairs", "2026-03-02")
    fill(library, "lamps", "2026-03-03")
    assert library.resolve(None) == DEMO
    library.choose_default("chairs")
    fill(library, "tables", "2026-03-04")
    assert library.resolve(None) == "chairs"
    with pytest.raises(CatalogError, match="demo, lamps, tables"):
        library.choose_default("nope")


def test_the_first_catalogue_is_the_default(library: Library) -> None:
    fill(library, "chairs", "2026-03-02")
    fill(library, DEMO, "2026-03-03")
    assert library.resolve(None) == "chairs"


def test_a_setting_says_which_one_is_the_default(tmp_path: Path) -> None:
    library = Library(load_settings(data_dir=tmp_path, catalog="lamps"))
    fill(library, "chairs", "2026-03-01")
    assert library.resolve(None) == "chairs"  # there are no lamps yet
    fill(library, "lamps", "2026-02-01")
    assert library.resolve(None) == "lamps"
    with pytest.raises(CatalogError, match="VLCLIP_CATALOG"):
        library.choose_default("chairs")


def test_in_an_older_data_directory_the_default_stays(tmp_path: Path) -> None:
    library = Library(load_settings(data_dir=tmp_path))
    for name, updated in ((DEMO, "2026-03-01"), ("old", "2026-01-01"), ("new", "2026-02-01")):
        fill(library, name, updated)
    (tmp_path / default_catalog.NAME).unlink()  # older versions stored no choice
    assert library.resolve(None) == "new"
    fill(library, "newest", "2026-04-01")
    assert library.resolve(None) == "new"


def test_a_default_that_is_empty_or_gone_hides_no_other(library: Library) -> None:
    library.create("started")
    fill(library, "chairs", "2026-02-01")
    assert library.resolve(None) == "chairs"
    with pytest.raises(CatalogError, match="chairs, started"):
        library.get("lamps")


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
