"""Photos that came with a file stand in for links that nobody answers."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from core.catalog.ingest import ingest
from core.domain import Ingested, QuarantinedRow
from core.errors import ImageError
from core.settings import Settings
from core.store.image_store import ImageStore

LINK = "https://cdn.shop.example/files/oak%20stool.jpg?v=1600000000"


@pytest.fixture
def images(tmp_path: Path, pictures: Any) -> Path:
    folder = tmp_path / "images"
    (folder / "unpacked").mkdir(parents=True)
    (folder / "unpacked" / "oak stool.jpg").write_bytes(pictures.jpeg(40, 30))
    return folder


def take(images: Path, links: str, fetch: Any) -> Ingested | QuarantinedRow:
    path = images.parent / "items.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("sku", "name", "photo"), ("1", "Oak Stool", links)])
    store = ImageStore(images.parent / "store")
    (result,) = ingest(path, images=images, store=store, settings=Settings(), fetch=fetch)
    return result


def refuse(url: str, **limits: Any) -> bytes:
    raise ImageError(f"{url} can't be reached.")


def test_a_link_that_fails_leads_to_the_file_of_its_name(images: Path) -> None:
    result = take(images, LINK, refuse)
    assert isinstance(result, Ingested)
    assert (result.item.photo.width, result.item.photo.height) == (40, 30)


def test_a_link_that_works_is_taken(images: Path, pictures: Any) -> None:
    result = take(images, LINK, lambda url, **limits: pictures.jpeg(50, 20))
    assert isinstance(result, Ingested)
    assert result.item.photo.width == 50


@pytest.mark.parametrize(
    "link",
    ["https://cdn.shop.example/other.jpg", "https://cdn.shop.example/", "https://[x/oak stool.jpg"],
)
def test_a_link_without_such_a_file_is_left_out_with_its_own_reason(
    images: Path, link: str
) -> None:
    result = take(images, link, refuse)
    assert isinstance(result, QuarantinedRow)
    assert "can't be reached" in result.reason


def test_two_files_of_one_name_stand_in_for_nothing(images: Path, pictures: Any) -> None:
    (images / "oak stool.jpg").write_bytes(pictures.jpeg(60, 30))
    assert isinstance(take(images, LINK, refuse), QuarantinedRow)
