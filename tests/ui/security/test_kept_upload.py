from __future__ import annotations

import os
from pathlib import Path

import pytest
from filelock import FileLock

from core.errors import CatalogError
from ui.security.kept_upload import KeptUpload, sweep_kept


def given(folder: Path, **files: str) -> list[Path]:
    folder.mkdir()
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return [folder / name.replace("_", ".") for name in files]


def test_two_peoples_catalogues_of_one_name_stay_apart(tmp_path: Path) -> None:
    table, photo = given(tmp_path / "a", items_csv="first", chair_jpg="photo")
    (other,) = given(tmp_path / "b", items_csv="second")
    first, second = KeptUpload.take(tmp_path / "up", table, [photo]), None

    def index() -> str:
        nonlocal second
        second = KeptUpload.take(tmp_path / "up", other, [])  # while the first one is indexed
        assert (first.folder / "chair.jpg").read_text() == "photo"
        return first.table.read_text()

    assert first.during(index)() == "first"
    assert not first.folder.exists()
    assert second is not None
    assert second.table.read_text() == "second"


def test_the_folder_stays_while_the_run_can_be_continued(tmp_path: Path) -> None:
    (table,) = given(tmp_path / "a", items_csv="first")
    kept = KeptUpload.take(tmp_path / "up", table, [])
    with pytest.raises(ZeroDivisionError):
        kept.during(lambda: 1 // 0)()
    assert kept.during(lambda: False)() is False
    again = KeptUpload.again(tmp_path / "up", kept.table)
    assert again is not None
    assert KeptUpload.again(tmp_path / "up", table) is None
    assert again.during(lambda: True)() is True
    assert list((tmp_path / "up").iterdir()) == []


def test_nothing_is_kept_when_names_clash(tmp_path: Path) -> None:
    table, photo = given(tmp_path / "a", items_csv="first", chair_jpg="photo")
    (same,) = given(tmp_path / "b", chair_jpg="other")
    with pytest.raises(CatalogError, match=r"Two of the files are called “chair\.jpg”"):
        KeptUpload.take(tmp_path / "up", table, [photo, same])
    assert list((tmp_path / "up").iterdir()) == []
    assert photo.read_text() == "photo"


def test_the_sweep_takes_what_a_killed_run_left_and_nothing_else(tmp_path: Path) -> None:
    (table,) = given(tmp_path / "a", items_csv="x")
    up = tmp_path / "up"
    fresh, left, running = (KeptUpload.take(up, table, []) for _ in range(3))
    of_an_older_version = up / "items"
    of_an_older_version.mkdir()
    for kept in (left, running):
        os.utime(kept.folder / ".indexing.lock", (0, 0))
    with FileLock(running.folder / ".indexing.lock"):
        os.utime(running.folder / ".indexing.lock", (0, 0))
        sweep_kept(up, 60)
    assert set(up.iterdir()) == {fresh.folder, running.folder, of_an_older_version}
