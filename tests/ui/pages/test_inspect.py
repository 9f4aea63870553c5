"""Inspect: what is stored, what a person decided, what is looked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from core.domain import (
    WHOLE_PHOTO,
    Box,
    Correction,
    Detection,
    ImageView,
    Inspection,
    Mask,
    Stage,
)  # fmt: skip
from core.errors import QueryError
from core.ports.grounder import PICTURE
from tests.ui.shop import HOSTILE, Shop
from ui.components.detections import chosen_number, detection_rows, grounding_sentence
from ui.media import export_url, media_router
from ui.pages.inspect import content, correct, photo_functions, shown_from

WHEN = datetime(2026, 11, 4, 9, 5, tzinfo=UTC)
EVENT = Correction("e", Stage.GROUNDING, "c", "p", "k", "Ada", "", WHEN)


def corrected(shop: Shop, choice: int) -> Inspection:
    seen = shop.inspect("c")
    assert seen.grounding is not None
    return replace(
        seen,
        grounding=replace(seen.grounding, choice=choice),
        corrections={Stage.GROUNDING: EVENT},
    )


def test_stored_detections_carry_what_the_sliders_need(shop: Shop) -> None:
    html = content(shop, "c", "demo")
    assert 'data-score="0.6" data-area="31.25"' in html
    assert 'value="0.2" data-set="0.2"' in html
    assert 'data-chosen=""' in html
    assert 'data-search="?item=c&amp;catalog=demo"' in html
    assert "/explore?item=c&amp;catalog=demo&amp;region=10,10,50,50" in html
    assert "/media/grounding?item=c&amp;catalog=demo&amp;as=mask" in html


def test_without_detections_the_photo_can_still_be_corrected(shop: Shop) -> None:
    html = content(shop, "a", "demo")
    assert "vs-tau" not in html
    assert 'data-draw=""' in html
    assert 'data-action="whole"' in html


def test_a_correction_says_who_and_when(shop: Shop) -> None:
    said = grounding_sentence(corrected(shop, 0))
    assert said == "A person chose region 1: chair. Corrected by Ada on 4 November 2026, 09:05 UTC."
    whole = corrected(shop, WHOLE_PHOTO)
    assert grounding_sentence(whole).startswith("A person chose the whole photo.")
    assert chosen_number(whole.grounding) == "0"


def test_regions_are_numbered_and_placed_in_per_cent(shop: Shop) -> None:
    (row,) = detection_rows(shop.inspect("c").grounding)
    assert (row.number, row.percent, row.overlay) == (1, 31.25, "")
    assert row.spot.style == "left:10.00%;top:12.50%;width:50.00%;height:62.50%"


def test_a_photo_that_is_the_product_is_not_veiled(shop: Shop) -> None:
    seen = shop.inspect("c")
    assert seen.grounding is not None
    pixels = np.ones((seen.grounding.height, seen.grounding.width), bool)
    whole = Box.whole(seen.grounding.width, seen.grounding.height)
    all_of_it = Detection(PICTURE, 0.9, whole, Mask.encode(pixels))
    grounding = replace(seen.grounding, detections=(all_of_it,), prompt="genre painting")
    (row,) = detection_rows(grounding)
    assert (row.overlay, row.name) == ("", "the photo is the product")
    assert "so the photo itself is the product" in grounding_sentence(
        replace(seen, grounding=grounding)
    )


def test_looking_for_a_part_shows_it_and_stores_nothing(shop: Shop) -> None:
    html = content(shop, "c", "demo", HOSTILE)
    assert HOSTILE not in html
    assert "They are not stored" in html
    assert 'data-chosen="-"' in html
    assert shop.looks.done == []
    assert "Nothing was found by the name" in content(shop, "c", "demo", "nothing")


def test_what_was_found_by_name_is_shown_even_below_the_threshold(shop: Shop) -> None:
    seen = shop.inspect("c").grounding
    assert seen is not None
    assert shown_from(seen, 0.35) == 0.35
    weak = replace(seen, detections=(replace(seen.detections[0], score=0.278),))
    assert shown_from(weak, 0.35) == 0.27
    assert shown_from(replace(seen, detections=()), 0.35) == 0.35
    assert shown_from(None, 0.35) == 0.35


@pytest.mark.parametrize(
    ("action", "value", "done"),
    [
        ("use", "2", ("choose", 1, "Ada", "handle")),
        ("draw", "1,2,3,4", ("draw", Box(1, 2, 4, 6), "Ada")),
        ("whole", "", ("whole", "Ada")),
        ("restore", "", ("restore", "Ada")),
    ],
)
def test_every_decision_reaches_the_studio(
    shop: Shop, action: str, value: str, done: tuple[object, ...]
) -> None:
    correct(shop, shop.item("c"), "demo", "handle", action, value, "Ada")
    (what, item, *rest) = shop.looks.done[0]
    assert item == shop.item("c")
    assert (what, *rest) == done


@pytest.mark.parametrize(("action", "value"), [("draw", "1,2,0,0"), ("use", "x"), ("drop", "")])
def test_nonsense_from_the_browser_changes_nothing(shop: Shop, action: str, value: str) -> None:
    with pytest.raises(QueryError):
        correct(shop, shop.item("c"), "demo", "", action, value, "Ada")
    assert shop.looks.done == []


def test_the_heat_map_is_a_picture_with_a_legend(shop: Shop) -> None:
    (heat,) = photo_functions(shop)
    answer = heat({"item": "a", "catalog": "demo", "phrase": "chair"})
    assert answer["picture"].startswith("data:image/png;base64,")
    assert "up to 0.50" in answer["legend"]
    assert "no item" in heat({"item": "zzz"})["error"]


def test_exports_are_downloads_and_problems_are_sentences(shop: Shop) -> None:
    app = FastAPI()
    app.include_router(media_router(shop))
    client = TestClient(app)
    got = client.get(export_url("c", "demo") + "&as=coco")
    assert (got.status_code, got.content) == (200, b"{}")
    assert got.headers["content-disposition"] == 'attachment; filename="c-coco.json"'
    for url in (export_url("c", "demo") + "&as=mask", export_url("x y", "demo") + "&as=coco"):
        refused = client.get(url)
        assert refused.status_code == 404
        assert refused.json()["detail"].endswith(".")


@pytest.mark.parametrize(
    ("whole", "said"),
    [
        (0.0, "the product’s part of the photo, and the"),
        (0.85, "the product’s part of the photo, and the whole photo with 85"),
        (1.0, "the whole photo, and the"),
    ],
)
def test_the_page_says_how_much_of_the_whole_photo_an_engine_reads(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, whole: float, said: str
) -> None:
    seen = shop.inspect("c")
    _, cut = seen.inputs
    crops = replace(cut.engine, image_view=ImageView.CROP)
    seen = replace(seen, inputs=(replace(cut, engine=crops, whole=whole),))
    monkeypatch.setattr(shop, "inspect", lambda *_, **__: seen)
    assert said in content(shop, "c", "demo")
