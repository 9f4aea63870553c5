"""Pictures in a bucket: added once, copied by the server that shows them, checked by hash."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from core.base.buckets import Bucket, connect
from core.errors import ImageError
from core.store.image_store import ImageStore


def picture(colour: str, size: tuple[int, int] = (640, 480)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def first(in_bucket: Bucket) -> ImageStore:
    return ImageStore(in_bucket.folder / "catalogs" / "x" / "images")


@pytest.fixture
def second(in_bucket: Bucket, tmp_path: Path) -> ImageStore:
    """The same pictures on another server."""
    folder = connect(tmp_path / "other", str(in_bucket.address)).folder
    return ImageStore(folder / "catalogs" / "x" / "images")


def test_one_server_shows_what_another_adds(first: ImageStore, second: ImageStore) -> None:
    sha256 = first.add(picture("red")).sha256
    assert sha256 in second
    assert second.path(sha256).read_bytes() == first.path(sha256).read_bytes()
    small = second.path(sha256, thumbnail=True)
    assert small.read_bytes() == first.path(sha256, thumbnail=True).read_bytes()
    assert second.open(sha256).size == (640, 480)
    assert second.thumbnail(sha256).size == (320, 240)
    assert second.add(picture("red")).sha256 == sha256


def test_a_picture_is_fetched_once(
    first: ImageStore, second: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = first.add(picture("red")).sha256
    second.path(sha256)
    monkeypatch.setattr(Bucket, "get", lambda *_: pytest.fail("asked again"))
    assert second.open(sha256).size == (640, 480)


def test_a_picture_that_is_not_there(second: ImageStore) -> None:
    assert "0" * 64 not in second
    assert not second.path("0" * 64).exists()
    with pytest.raises(ImageError, match="is not in the store"):
        second.open("0" * 64)
    with pytest.raises(ImageError, match="hexadecimal"):
        second.path("../../users")


def test_an_object_with_another_content_is_not_shown(
    in_bucket: Bucket, first: ImageStore, second: ImageStore
) -> None:
    red, blue = first.add(picture("red")), first.add(picture("blue"))
    in_bucket.put(first.path(red.sha256), first.path(blue.sha256).read_bytes())
    with pytest.raises(ImageError, match="is not what was stored"):
        second.path(red.sha256)
    assert not list(second.root.rglob("*.jpg"))


@pytest.mark.parametrize(
    "content", [b"<svg onload=alert(1)>", picture("red", (50, 50)), b"\xff\xd8\xff broken", b""]
)
def test_a_thumbnail_is_a_small_jpeg_or_not_shown(
    in_bucket: Bucket, first: ImageStore, second: ImageStore, content: bytes
) -> None:
    sha256 = first.add(picture("red")).sha256
    in_bucket.put(first.path(sha256, thumbnail=True), content)
    with pytest.raises(ImageError):
        second.path(sha256, thumbnail=True)
    in_bucket.put(first.path(sha256, thumbnail=True), first.path(sha256).read_bytes())
    with pytest.raises(ImageError, match="is not what was stored"):
        second.path(sha256, thumbnail=True)
