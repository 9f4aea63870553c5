"""Catalogues in a bucket are removed, put back and deleted, as those in a folder are."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.app.library import Library
from core.app.managing import CatalogManager
from core.base.buckets import Bucket, connect
from core.domain import Item, Photo
from core.errors import CatalogBusy, CatalogError
from core.pipeline.indexing_job import indexing_job
from core.settings import load_settings
from core.store import catalog_folders
from core.store.items import ItemRecord

ITEM = Item("i-1", "Chair", Photo("a" * 64, 10, 10, "0" * 16))


@pytest.fixture
def library(in_bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setattr(catalog_folders, "_FRESH", 0.0)
    library = Library(load_settings(data_dir=in_bucket.folder, bucket=str(in_bucket.address)))
    for name in ("chairs", "lamps"):
        library.create(name).store.items.upsert([ItemRecord(ITEM, "row")])
    return library


@pytest.fixture
def second(in_bucket: Bucket, tmp_path: Path) -> Library:
    """The same catalogues on another server."""
    folder = connect(tmp_path / "other", str(in_bucket.address)).folder
    return Library(load_settings(data_dir=folder, bucket=str(in_bucket.address)))


def test_what_one_server_removes_another_puts_back(library: Library, second: Library) -> None:
    removed = CatalogManager(library).remove("chairs")
    assert library.names() == second.names() == ("lamps",)
    with pytest.raises(CatalogError, match="There is no catalogue"):
        second.get("chairs")
    (entry,) = CatalogManager(second).removed()
    assert entry == removed
    with pytest.raises(CatalogError, match="Restore it, delete it for good"):
        library.create("chairs")
    assert CatalogManager(second).restore(entry.key) == "chairs"
    assert library.get("chairs").store.items.count() == 1
    assert CatalogManager(library).removed() == ()


def test_what_is_deleted_is_gone_and_the_name_is_free(
    in_bucket: Bucket, library: Library, second: Library
) -> None:
    assert second.get("chairs").store.items.count() == 1
    manager = CatalogManager(library)
    assert manager.delete(manager.remove("chairs").key) == "chairs"
    assert manager.removed() == ()
    assert in_bucket.files(in_bucket.folder / "catalogs" / "chairs" / "lance" / "items.lance") == {}
    assert library.get("lamps").store.items.count() == 1
    assert library.create("chairs").store.items.count() == 0
    assert second.get("chairs").store.items.count() == 0


def test_a_removal_that_stopped_half_way_deletes_no_catalogue(
    in_bucket: Bucket, library: Library
) -> None:
    manager = CatalogManager(library)
    key = manager.remove("chairs").key
    in_bucket.put(in_bucket.folder / "catalogs" / "chairs.made", b"again")
    with pytest.raises(CatalogError, match="again"):
        manager.restore(key)
    manager.delete(key)
    assert library.get("chairs").store.items.count() == 1


def test_a_catalogue_at_work_on_another_server_stays(library: Library, second: Library) -> None:
    with (
        indexing_job(second.folder("chairs")).begin(),
        pytest.raises(CatalogBusy, match="is being indexed"),
    ):
        CatalogManager(library).remove("chairs")
    assert "chairs" in library.names()
