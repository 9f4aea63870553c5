from __future__ import annotations

from pathlib import Path

import pytest

from core.base.buckets import Bucket, connect
from core.store import catalog_folders
from core.store.catalog_folders import CatalogFolders


def test_folders_on_disk(tmp_path: Path) -> None:
    folders = CatalogFolders(tmp_path)
    assert folders.names() == ()
    (tmp_path / "shop" / "lance").mkdir(parents=True)
    (tmp_path / "half").mkdir()
    assert folders.names() == ("shop",)
    assert folders.has("shop")
    assert not folders.has("half")
    assert folders.taken("half")
    before = folders.identity("shop")
    folders.prepare("shop")
    assert folders.identity("shop") == before
    assert list((tmp_path / "shop").iterdir()) == [tmp_path / "shop" / "lance"]


def test_a_catalogue_in_a_bucket_is_seen_by_all_and_made_again_as_another(
    in_bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog_folders, "_FRESH", 0.0)
    other_root = connect(tmp_path / "other", str(in_bucket.address)).folder / "catalogs"
    root = in_bucket.folder / "catalogs"
    first, second = CatalogFolders(root), CatalogFolders(other_root)
    assert first.names() == second.names() == ()
    first.prepare("shop")
    assert first.names() == second.names() == ("shop",)
    assert second.has("shop")
    assert second.taken("shop")
    second.prepare("shop")  # changes nothing: it is the same one
    assert first.identity("shop") == second.identity("shop")
    copy = root / "shop" / "images" / "copy.jpg"
    copy.parent.mkdir()
    copy.touch()
    first.prepare("shop")
    assert copy.exists()

    in_bucket.delete(root / "shop.made")
    assert first.names() == ()
    second.prepare("shop")
    first.prepare("shop")
    assert not copy.exists(), "a copy of the earlier catalogue's picture"
