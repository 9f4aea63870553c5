"""An item's further photos and variants as text."""

from __future__ import annotations

import json

import pytest

from core.domain import Item, Photo, Variant
from core.store.item_more import More, more_text, read_more

PHOTO, OTHER = Photo("a" * 64, 3, 2, "0" * 16), Photo("b" * 64, 5, 4, "f" * 16)
VARIANT = Variant("v", {"Größe": "M"}, "5 €", "b" * 64)


def item(**more):
    return Item("i", "t", PHOTO, **more)


@pytest.mark.parametrize(
    ("more", "content"),
    [
        ({}, None),
        ({"more_photos": (OTHER,)},
         {"photos": [{"sha256": "b" * 64, "width": 5, "height": 4, "phash": "f" * 16}]}),
        ({"photo_links": ("https://x.example/1",)}, {"links": ["https://x.example/1"]}),
        ({"variants": (VARIANT,)},
         {"variants": [{"item_id": "v", "options": {"Größe": "M"}, "price": "5 €",
                        "photo": "b" * 64}]}),
    ],
)  # fmt: skip
def test_the_text_has_what_there_is_and_gives_it_back(more, content):
    text = more_text(item(**more))
    empty = {"photos": [], "links": [], "variants": []}
    assert (json.loads(text) if text else None) == (empty | content if content else None)
    back = read_more(text, "i")
    assert (back.photos, back.links, back.variants) == tuple(
        more.get(name, ()) for name in ("more_photos", "photo_links", "variants")
    )
    assert "Größe" in (more_text(item(variants=(VARIANT,))) or "")


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "5", '{"photos": []}', '{"photos": [{}], "links": [], "variants": []}',
     '{"photos": [], "links": 5, "variants": []}',
     '{"photos": [], "links": [], "variants": [{"size": 1}]}'],
)  # fmt: skip
def test_an_unreadable_text_leaves_the_item(text, caplog):
    assert read_more(text, "chair-1") == More()
    assert "The row “chair-1” of the table “items.more” can't be read" in caplog.text


def test_no_text_is_nothing_to_warn_of(caplog):
    assert read_more(None, "i") == read_more("", "i") == More((), (), ())
    assert caplog.text == ""
