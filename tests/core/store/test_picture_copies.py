"""Copies of a bucket's pictures: those that were used longest ago go first."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from core.base.buckets import Bucket
from core.store import picture_copies
from core.store.image_store import ImageStore
from core.store.picture_copies import PictureCopies
from tests.core.store.test_pictures_in_bucket import picture


def copy(folder: Path, name: str, size: int, minutes: float) -> Path:
    """Make a copy that was used so many minutes ago."""
    path = folder / "catalogs" / "x" / "images" / "ab" / f"{name}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    used = time.time() - 60 * minutes
    os.utime(path, (used, used))
    return path


def test_the_copies_that_were_used_longest_ago_are_deleted(tmp_path: Path) -> None:
    copies = PictureCopies(tmp_path, 1000)
    first, second, third = (copy(tmp_path, n, 400, 60 - i) for i, n in enumerate("abc"))
    own = tmp_path / "uploads" / "images" / "ab" / "d.jpg"
    own.parent.mkdir(parents=True)
    own.write_bytes(bytes(5000))
    assert copies.used(first)  # shown again: the second one is the oldest now
    copies.trim()
    assert [path.exists() for path in (first, second, third)] == [True, False, True]
    assert own.exists(), "what is no copy of a picture stays"
    assert not copies.used(second)


def test_a_copy_in_use_is_kept_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = copy(tmp_path, "a", 5000, 0)
    PictureCopies(tmp_path, 1000).trim()
    assert path.exists()
    assert "VLCLIP_PICTURE_COPIES_MB" in caplog.text


def test_a_use_leaves_the_time_of_the_content(tmp_path: Path) -> None:
    path = copy(tmp_path, "a", 10, 60)
    written = path.stat().st_mtime_ns
    PictureCopies(tmp_path, 1000).used(path)
    assert path.stat().st_mtime_ns == written  # browsers are told by it whether it changed
    assert time.time() - path.stat().st_atime < 30


def test_copies_that_another_trim_deleted_meanwhile_count_as_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_copies, "_IN_USE", 0.0)
    copies = PictureCopies(tmp_path, 20)
    paths = [tmp_path / name for name in ("gone", "old", "new")]
    for path in paths[1:]:
        path.write_bytes(bytes(10))
    monkeypatch.setattr(
        copies, "_copies", lambda: [(float(n), 10, path) for n, path in enumerate(paths)]
    )
    copies.trim()
    assert [path.exists() for path in paths] == [False, False, True]


def test_a_store_keeps_within_its_limit_and_fetches_again_what_went(
    in_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_copies, "_IN_USE", 0.0)
    copies = PictureCopies(in_bucket.folder, 20_000)
    store = ImageStore(in_bucket.folder / "catalogs" / "x" / "images", copies=copies)
    colours = ["red", "blue", "green", "white", "grey", "black"]
    names = [store.add(picture(c, (600, 600 + n))).sha256 for n, c in enumerate(colours)]
    copies.trim()
    total = sum(path.stat().st_size for path in store.root.rglob("*.jpg"))
    assert 0 < total <= 20_000
    gone = [name for name in names if not store._file(name).exists()]
    assert gone
    assert store.open(gone[0]).size[0] == 600
