"""Searching with a part of a photo."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from core.domain import Box, Detection
from tests.ui.shop import HOSTILE, VL_CLIP, Shop
from ui.components.photo_part import photo_functions, photo_part
from ui.components.query import SearchForm
from ui.components.results import answer_html

ITEM = SearchForm(item="a")


def test_words_alone_have_no_photo(shop: Shop) -> None:
    assert photo_part(shop, SearchForm(text="chair"), None, shop.catalog()) is None
    assert "vs-part" not in answer_html(
        shop, SearchForm(text="chair"), (VL_CLIP,), None, shop.catalog()
    )


def test_an_items_regions_can_be_pressed(shop: Shop) -> None:
    shop.looks.stored = shop.inspect("c").grounding
    html = answer_html(shop, ITEM, (VL_CLIP,), None, shop.catalog())
    assert 'data-action="region" data-value="10,10,50,50"' in html
    assert "left:10.00%;top:12.50%;width:50.00%;height:62.50%" in html
    assert '<details class="vs-part">' in html  # closed until it is wanted


def test_a_region_is_shown_asked_with_and_can_be_taken_back(shop: Shop) -> None:
    form = replace(ITEM, region=Box(10, 0, 60, 40))
    html = answer_html(shop, form, (VL_CLIP,), None, shop.catalog())
    assert shop.asked[-1][0].region == Box(10, 0, 60, 40)
    assert 'data-search="?item=a&amp;region=10%2C0%2C50%2C40"' in html
    assert "Similar to a part of" in html
    assert 'data-action="region" data-value="">Whole photo' in html


def test_a_region_of_another_photo_is_not_drawn_outside(shop: Shop) -> None:
    part = photo_part(shop, replace(ITEM, region=Box(90, 70, 500, 500)), None, shop.catalog())
    assert part is not None
    assert part.region is not None
    assert part.region.value == "90,70,10,10"
    far = photo_part(shop, replace(ITEM, region=Box(900, 70, 950, 80)), None, shop.catalog())
    assert far is not None
    assert far.region is None


def test_uploads_and_rooms_are_open_and_ask_for_things(shop: Shop) -> None:
    picture = Image.new("RGB", (60, 40))
    upload = photo_part(shop, SearchForm(), picture, shop.catalog())
    room = photo_part(shop, SearchForm(example=0), picture, shop.catalog())
    assert upload is not None
    assert room is not None
    assert (upload.open, upload.names, upload.url[:15]) == (True, "chair", "data:image/jpeg")
    assert room.url == "/media/example/0.jpg"


def test_things_are_answered_as_places_and_text(shop: Shop) -> None:
    likely, things = photo_functions(shop)
    guessed = likely({"photo": "token", "names": ["sofa", "lamp"]})
    assert guessed["names"] == ["lamp", "sofa"]
    assert [(s["name"], s["value"]) for s in guessed["spots"]] == [("lamp", "0,0,50,40")]
    assert likely({"photo": "/etc/passwd", "names": ["sofa"]})["error"]
    answer = things({"photo": "token", "names": ["sofa", HOSTILE]})
    assert [spot["name"] for spot in answer["spots"]] == [HOSTILE, "sofa"]  # large ones first
    assert answer["spots"][1]["value"] == "0,0,50,40"
    assert things({"photo": "/etc/passwd", "names": ["sofa"]})["error"]
    assert things({})["error"]


def test_what_was_found_stays_on_the_photo(shop: Shop) -> None:
    shop.looks.seen = (Detection(HOSTILE, 0.5, Box(0, 0, 50, 40)),)
    html = answer_html(
        shop, SearchForm(example=0), (VL_CLIP,), Image.new("RGB", (100, 80)), shop.catalog()
    )
    assert HOSTILE not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
