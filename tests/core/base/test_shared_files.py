"""Small files of a data directory: files in a folder, objects in a bucket."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.base import shared_files
from core.base.buckets import Bucket, Tag, connect
from core.base.shared_files import append, latest, latest_in, read_to_change, share, unshare
from core.errors import BucketError


def test_in_a_folder_they_are_plain_files(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    share(path, "one\n", mode=0o600)
    assert latest(path).read_text() == "one\n"
    assert path.stat().st_mode & 0o777 == 0o600
    append(path, "two\n")
    assert path.read_bytes() == b"one\ntwo\n"
    assert latest_in(tmp_path, "*.json") == [path]
    unshare(path)
    unshare(path)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def other(in_bucket: Bucket, tmp_path: Path) -> Path:
    """Another server's folder of copies."""
    return connect(tmp_path / "other", str(in_bucket.address)).folder


def test_what_one_server_shares_another_reads_changes_and_deletes(
    in_bucket: Bucket, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_files, "FRESH", 0.0)
    name = "reports/a.json"
    share(in_bucket.folder / name, "one\n")
    assert latest(other / name, age=0).read_text() == "one\n"
    append(other / name, "two\n")
    append(in_bucket.folder / name, "three\n")
    assert latest(other / name, age=0).read_text() == "one\ntwo\nthree\n"
    assert latest_in(other / "reports", "*.json") == [other / name]
    assert latest_in(other / "reports", "*.txt") == []
    unshare(in_bucket.folder / name)
    assert not latest(other / name, age=0).exists()
    assert latest_in(other / "reports", "*.json") == []


def test_a_copy_is_used_for_a_moment(in_bucket: Bucket, other: Path) -> None:
    name = "users.json"
    share(in_bucket.folder / name, "one")
    assert latest(other / name, age=60).read_text() == "one"
    share(in_bucket.folder / name, "two")
    assert latest(other / name, age=60).read_text() == "one"
    assert latest(other / name, age=0).read_text() == "two"


def test_copies_have_the_time_of_their_objects(in_bucket: Bucket, other: Path) -> None:
    share(in_bucket.folder / "a.json", "1")
    stored = in_bucket.get(in_bucket.folder / "a.json")
    assert stored is not None
    assert latest(other / "a.json").stat().st_mtime == stored.modified.timestamp()


def test_a_change_of_a_version_that_is_no_more_is_refused(in_bucket: Bucket, other: Path) -> None:
    name = "users.json"
    share(in_bucket.folder / name, "anna")
    version = read_to_change(other / name)
    share(in_bucket.folder / name, "nobody")  # a server that stands still may lose its lock
    with pytest.raises(BucketError, match=r"Another server has changed users\.json"):
        share(other / name, "anna, ben", over=version)
    assert latest(in_bucket.folder / name, age=0).read_text() == "nobody"
    share(other / name, "cyd", over=read_to_change(other / name))
    assert latest(in_bucket.folder / name, age=0).read_text() == "cyd"
    missing = read_to_change(other / "new.json")
    share(in_bucket.folder / "new.json", "1")
    with pytest.raises(BucketError):
        share(other / "new.json", "2", over=missing)


def lost_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have conditional writes succeed and say that they did not, as a second try of one does."""
    put = Bucket.put_over

    def lost(bucket: Bucket, path: Path, data: bytes, tag: Tag) -> Tag | None:
        put(bucket, path, data, tag)
        return None

    monkeypatch.setattr(Bucket, "put_over", lost)


def test_a_write_whose_answer_was_lost_counts_once(
    in_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = in_bucket.folder / "a.jsonl"
    share(path, "1\n")
    lost_answers(monkeypatch)
    append(path, "2\n")
    assert latest(path, age=0).read_text() == "1\n2\n"
    share(path, "3\n", over=read_to_change(path))
    assert latest(path, age=0).read_text() == "3\n"
