from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.app.library import Library
from core.app.managing import CatalogManager
from core.domain import Item, Photo
from core.errors import CatalogBusy, CatalogError
from core.pipeline.indexing_job import indexing_job
from core.settings import Settings, load_settings
from core.store.items import ItemRecord

ITEM = Item("i-1", "Chair", Photo("a" * 64, 10, 10, "0" * 16))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path)


@pytest.fixture
def library(settings: Settings) -> Library:
    library = Library(settings)
    for name in ("chairs", "lamps"):
        library.create(name).store.items.upsert([ItemRecord(ITEM, "row")])
    return library


@pytest.fixture
def manager(library: Library) -> CatalogManager:
    return CatalogManager(library)


@contextmanager
def at_work(library: Library, name: str) -> Iterator[None]:
    with indexing_job(library.folder(name)).begin():
        yield


def test_another_title_leaves_the_name_and_so_every_link(
    library: Library, manager: CatalogManager
) -> None:
    assert manager.rename("chairs", "  Garden <b>chairs</b>\n 2027 ") == "Garden <b>chairs</b> 2027"
    assert library.info("chairs").title == "Garden <b>chairs</b> 2027"
    assert library.names() == ("chairs", "lamps")
    with pytest.raises(CatalogError, match="letter or a digit"):
        manager.rename("chairs", " - ")
    with pytest.raises(CatalogError, match="There is no catalogue"):
        manager.rename("../chairs", "x")


def test_what_is_removed_can_be_brought_back(library: Library, manager: CatalogManager) -> None:
    removed = manager.remove("chairs")
    assert library.names() == ("lamps",)
    assert library.resolve(None) == "lamps"
    assert [entry.key for entry in manager.removed()] == [removed.key]
    assert manager.restore(removed.key) == "chairs"
    assert library.get("chairs").store.items.count() == 1
    assert manager.removed() == ()


def test_a_name_that_is_taken_again_is_not_overwritten(
    library: Library, manager: CatalogManager
) -> None:
    manager.remove("chairs")
    assert library.create("chairs").store.items.count() == 0  # nothing is left of the first
    with pytest.raises(CatalogError, match="again"):
        manager.restore("chairs")
    assert len(manager.removed()) == 1


def test_another_process_sees_that_a_catalogue_is_another_one(
    library: Library, manager: CatalogManager, settings: Settings
) -> None:
    elsewhere = Library(settings)
    assert elsewhere.get("chairs").store.items.count() == 1
    manager.remove("chairs")
    library.create("chairs")
    assert elsewhere.get("chairs").store.items.count() == 0


def test_a_job_at_work_keeps_its_catalogue(library: Library, manager: CatalogManager) -> None:
    with at_work(library, "chairs"), pytest.raises(CatalogBusy):
        manager.remove("chairs")
    with at_work(library, "chairs"), pytest.raises(CatalogBusy):
        manager.rename("chairs", "Stools")
    assert library.names() == ("chairs", "lamps")


def test_deleting_for_good_takes_only_what_was_removed(
    library: Library, manager: CatalogManager, tmp_path: Path
) -> None:
    for key in ("lamps", "..", "../catalogs/lamps", "", "chairs/../lamps"):
        with pytest.raises(CatalogError, match="No removed catalogue"):
            manager.delete(key)
    manager.remove("chairs")
    assert manager.delete("chairs") == "chairs"
    assert manager.removed() == ()
    assert library.names() == ("lamps",)
