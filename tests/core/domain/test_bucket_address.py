"""Addresses of data directories in object stores come from people and environments."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.bucket_address import BucketAddress, is_address
from core.errors import SettingsError
from core.settings import load_settings


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("s3://shop", "s3://shop"),
        ("s3://shop/", "s3://shop"),
        ("s3://shop/a//b/", "s3://shop/a/b"),
        ("gs://my.shop-1/studio_2", "gs://my.shop-1/studio_2"),
        ("az://container/x", "az://container/x"),
        ("s3:/shop/as-a-path-writes-it", "s3://shop/as-a-path-writes-it"),
    ],
)
def test_an_address_is_read_and_written_plainly(text: str, plain: str) -> None:
    assert is_address(text)
    assert str(BucketAddress.parse(text)) == plain


@pytest.mark.parametrize(
    "text",
    [
        "s3://", "s3://Shop/x", "s3://shop/../other", "s3://shop/.hidden", "s3://shop/a b",
        "s3://key:password@shop/x", "s3://shop/x?versionId=1", "s3://shop/x#y", "s3://shop\n/x",
        "http://shop/x", "file:///etc", "s3://-shop", "s3://sh", "s3://shop/" + "x" * 101,
    ],
)  # fmt: skip
def test_anything_else_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(SettingsError, match="s3://bucket/prefix") as caught:
        BucketAddress.parse(text)
    assert "password" not in str(caught.value).replace("Keys and passwords", "")


@pytest.mark.parametrize("folder", ["studio-data", "/data/x", "C:/data", "./s3", ""])
def test_a_folder_is_no_address(folder: str) -> None:
    assert not is_address(folder)


def test_a_data_directory_in_a_bucket_has_a_folder_of_its_own_for_copies(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VLCLIP_CACHE_DIR", str(tmp_path))
    first, other = (load_settings(data_dir=f"s3://shop/{name}") for name in ("one", "other"))
    assert (first.bucket, other.bucket) == ("s3://shop/one", "s3://shop/other")
    assert first.data_dir.is_relative_to(tmp_path)
    assert first.data_dir != other.data_dir
    monkeypatch.setenv("VLCLIP_DATA_DIR", "s3://shop/one")
    assert load_settings() == first
    # A folder beside the bucket is that of the copies.
    monkeypatch.setenv("VLCLIP_BUCKET", "s3://shop/one")
    both = load_settings(data_dir=tmp_path / "here")
    assert (both.bucket, both.data_dir) == ("s3://shop/one", tmp_path / "here")


def test_a_folder_needs_no_bucket() -> None:
    assert load_settings(data_dir=Path("elsewhere")).bucket == ""
