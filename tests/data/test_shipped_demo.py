"""The demo catalogue that ships in data/demo: complete, small, credited, without repeats."""

from __future__ import annotations

import csv
import re
from collections import Counter
from functools import cache
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
COLUMNS = [
    "item_id", "title", "description", "product_type", "department", "image", "price", "credit",
    "licence", "licence_url", "source",
]  # fmt: skip
LICENCES = {"CC0-1.0", "CC-BY-3.0", "CC-BY-3.0-US", "MIT"}
LONGEST_SIDE = {"home": 512, "art": 512, "groceries": 512}
MOST_BYTES = 25_000_000
SAME_PICTURE = 3  # bits of 64 in which the perceptual hashes of one picture may differ


@cache
def items() -> list[dict[str, str]]:
    with (DEMO / "items.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def rooms() -> list[dict[str, str]]:
    with (DEMO / "rooms" / "rooms.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_columns_and_counts():
    assert list(items()[0]) == COLUMNS
    assert len(items()) >= 600
    departments = Counter(row["department"] for row in items())
    assert set(departments) == {"home", "art", "groceries"}
    assert min(departments.values()) >= 100


def test_ids_are_unique_and_safe_in_addresses():
    ids = [row["item_id"] for row in items()]
    assert len(ids) == len(set(ids))
    assert [i for i in ids if not re.fullmatch(r"[A-Za-z0-9._-]+", i)] == []


@pytest.mark.parametrize("field", ["title", "description", "product_type", "credit", "source"])
def test_every_item_says(field: str):
    assert [row["item_id"] for row in items() if not row[field].strip()] == []


def test_texts_are_clean():
    for row in items():
        assert row["title"][0].isupper() or not row["title"][0].isalpha(), row["title"]
        assert "\n" not in row["title"]
        assert len(row["title"]) <= 160, row["item_id"]
        assert row["product_type"] == row["product_type"].lower()
        assert "�" not in row["title"] + row["description"]
        assert row["price"] == ""


def test_licences_allow_shipping_and_name_the_creator():
    for row in items():
        assert row["licence"] in LICENCES, row["item_id"]
        assert row["licence_url"].startswith("https://"), row["item_id"]


def test_credits_page_names_every_creator_who_must_be_named():
    page = (DEMO / "CREDITS.md").read_text(encoding="utf-8")
    for row in items():
        if row["licence"].startswith("CC-BY"):
            assert f"**{row['credit']}**" in page
            assert f"`{row['item_id']}`" in page
    for row in rooms():
        assert f"`{row['file']}`" in page


def test_pictures_open_and_are_within_size():
    for row in items():
        with Image.open(DEMO / row["image"]) as picture:
            picture.load()
            assert picture.format == "JPEG"
            assert 90 <= max(picture.size) <= LONGEST_SIDE[row["department"]], row["item_id"]


def test_no_picture_is_left_over():
    named = {row["image"] for row in items()}
    assert {path.relative_to(DEMO).as_posix() for path in (DEMO / "images").iterdir()} == named
    files = {path.name for path in (DEMO / "rooms").iterdir()}
    assert files == {row["file"] for row in rooms()} | {"rooms.csv"}


def test_size_budget():
    assert sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file()) <= MOST_BYTES


def test_no_two_items_show_the_same_picture():
    hashes = np.array(
        [imagehash.phash(Image.open(DEMO / row["image"])).hash.ravel() for row in items()]
    )
    apart = (hashes[:, None, :] != hashes[None, :, :]).sum(axis=2)
    first, second = np.nonzero(np.triu(apart <= SAME_PICTURE, k=1))
    names = [row["item_id"] for row in items()]
    assert [(names[i], names[j]) for i, j in zip(first, second, strict=True)] == []


def test_room_photos():
    assert len(rooms()) >= 12
    for row in rooms():
        assert row["caption"]
        assert row["credit"]
        assert row["licence"]
        with Image.open(DEMO / "rooms" / row["file"]) as picture:
            picture.load()
            assert 500 <= max(picture.size) <= 768
