"""A folder that is connected with a bucket, on a real S3 server."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.base.buckets import Bucket, bucket_of, connect, folder_at
from core.errors import BucketError
from tests.object_store import BUCKET, SECRET, server


def test_a_path_in_the_folder_is_in_the_bucket_but_for_own_folders(in_bucket: Bucket) -> None:
    folder = in_bucket.folder
    assert bucket_of(folder / "catalogs" / "a") is in_bucket
    assert bucket_of(folder / "uploads" / "a") is None
    assert bucket_of(folder.parent / "elsewhere") is None
    uri = in_bucket.uri(folder / "catalogs" / "a")
    assert uri == f"{in_bucket.address}/catalogs/a"
    assert folder_at(uri) == folder / "catalogs" / "a"
    assert folder_at("/data/x") == Path("/data/x")


def test_objects_are_written_read_listed_and_deleted(in_bucket: Bucket) -> None:
    path = in_bucket.folder / "a" / "b.json"
    assert in_bucket.get(path) is None
    assert not in_bucket.has(path)
    in_bucket.put(path, b"1")
    in_bucket.put(path, b"2")
    stored = in_bucket.get(path)
    assert stored is not None
    assert stored.data == b"2"
    assert in_bucket.files(path.parent) == {"b.json": stored.tag}
    in_bucket.delete(path)
    in_bucket.delete(path)
    assert in_bucket.files(path.parent) == {}


def test_an_object_is_sent_again_only_in_a_newer_version(in_bucket: Bucket) -> None:
    path = in_bucket.folder / "log"
    assert in_bucket.newer(path, None) is None
    first = in_bucket.put(path, b"1")
    assert in_bucket.newer(path, first) is None
    in_bucket.put(path, b"2")
    stored = in_bucket.newer(path, first)
    assert stored is not None
    assert stored.data == b"2"
    assert in_bucket.newer(path, None) == stored


def test_large_objects_are_conditional_too(in_bucket: Bucket) -> None:
    """Large objects may be written in parts, and parts know no condition."""
    path, large = in_bucket.folder / "large", bytes(12 * 2**20)
    first = in_bucket.put_new(path, large)
    assert first is not None
    assert in_bucket.put_new(path, large) is None
    second = in_bucket.put_over(path, large + b"2", first)
    assert second is not None
    assert in_bucket.put_over(path, large + b"3", first) is None


def test_of_many_that_write_at_once_one_wins(in_bucket: Bucket) -> None:
    path = in_bucket.folder / "turn"
    barrier = threading.Barrier(8)

    def make(number: int) -> bool:
        barrier.wait()
        return in_bucket.put_new(path, str(number).encode()) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(make, range(8))) == 1
        first = in_bucket.get(path)
        assert first is not None

        def replace(number: int) -> bool:
            barrier.wait()
            return in_bucket.put_over(path, f"n{number}".encode(), first.tag) is not None

        assert sum(pool.map(replace, range(8))) == 1


def test_a_key_never_leaves_the_prefix(in_bucket: Bucket) -> None:
    with pytest.raises(ValueError, match=r"leaves its folder"):
        in_bucket.put(in_bucket.folder / ".." / "copies" / ".." / "x", b"")
    with pytest.raises(ValueError, match=r"is not in the subpath"):
        in_bucket.put(in_bucket.folder.parent / "x", b"")


def test_a_missing_bucket_is_a_sentence(store_address: str, tmp_path: Path) -> None:
    with pytest.raises(BucketError, match="There is no bucket “not-made”"):
        connect(tmp_path, "s3://not-made/x")


def test_a_store_that_ignores_conditions_is_refused(
    store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server("careless") as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(BucketError, match="ignores conditional writes"):
            connect(tmp_path, f"s3://{BUCKET}/x")
    assert bucket_of(tmp_path / "x") is None


def test_a_store_that_refuses_is_a_sentence_without_credentials(
    store_address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with server("refusing") as address, caplog.at_level(logging.DEBUG):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(BucketError, match="refuses to let the studio") as caught:
            connect(tmp_path, f"s3://{BUCKET}/x")
    assert caplog.text
    for text in (str(caught.value), caplog.text):
        assert SECRET not in text


def test_a_store_that_does_not_answer_is_a_sentence(
    store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("core.base.buckets.RETRIES", {"max_retries": 0})
    with pytest.raises(BucketError, match="can't be reached"):
        connect(tmp_path, f"s3://{BUCKET}/x")
