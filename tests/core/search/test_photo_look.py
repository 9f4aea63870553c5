"""Whether items look the same, and which colours photos have; each photo is read once."""

from __future__ import annotations

import pytest
from PIL import Image

from core.domain import Item, Photo
from core.errors import ImageError
from core.search.photo_look import PhotoColours, PhotoLooks
from core.store.items import ItemRecord


class Photos:
    """Photos by their colour; notes which were read."""

    def __init__(self):
        self.opened, self.shrunk = [], []

    def open(self, name):
        self.opened.append(name)
        if name.startswith("broken"):
            raise ImageError("x")
        return Image.new("RGB", (32, 32), name.split("-")[0])

    def thumbnail(self, name):
        self.shrunk.append(name)
        if name.startswith("broken"):
            raise ImageError("x")
        return Image.new("RGB", (32, 32), name.split("-")[0])


def record(name, photo, group="", product_type=""):
    item = Item(name, "t", Photo(photo, 1, 1, "0" * 16), product_type=product_type, group=group)
    return ItemRecord(item, "k")


RECORDS = {
    name: record(name, photo, group)
    for name, photo, group in [
        ("red", "red-1", ""), ("red too", "red-2", ""), ("blue", "blue-1", ""),
        ("same photo", "red-1", "g"), ("small", "red-3", "g"), ("large", "red-4", "g"),
        ("other group", "red-5", "h"), ("broken", "broken-1", ""), ("its copy", "broken-1", ""),
    ]
}  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        ("red", "red too", True),
        ("red", "blue", False),
        ("red", "same photo", True),
        ("same photo", "same photo", True),
        ("small", "large", False),  # variants are shown side by side
        ("small", "other group", True),
        ("small", "red", True),
        ("red", "small", True),
        ("red", "broken", False),
        ("broken", "its copy", True),
        ("red", "gone", False),
        ("gone", "red", False),
    ],
)
def test_items_look_the_same_by_their_photos_and_variants_never(first, second, alike):
    assert PhotoLooks(Photos()).compare(RECORDS)(first, second) == alike


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [("lamp", "sofa", False), ("lamp", "lamp", True), ("lamp", "", True)],
)
def test_two_things_that_share_a_photo_are_no_near_duplicates(first, second, alike):
    records = {
        "a": record("a", "red-1", product_type=first),
        "b": record("b", "red-1", product_type=second),
    }
    assert PhotoLooks(Photos()).compare(records)("a", "b") == alike


def test_a_photo_is_read_once():
    photos = Photos()
    same_look = PhotoLooks(photos).compare(RECORDS)
    for _ in range(2):
        assert same_look("red", "red too")
        assert not same_look("red", "blue")
    assert photos.opened == ["red-1", "red-2", "blue-1"]


def test_the_colours_of_a_photo_are_read_once_and_an_unreadable_one_has_none():
    photos = Photos()
    colours = PhotoColours(photos)
    for _ in range(2):
        shares = colours.shares("red-1")
        assert (shares["red"], shares["blue"], len(shares)) == (1.0, 0.0, 12)
        assert type(shares["red"]) is float
    assert photos.shrunk == ["red-1"]
    assert colours.shares("broken-1") == colours.shares("broken-1") == {}
    assert photos.opened == []
