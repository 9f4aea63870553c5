"""Items that share a photo are told apart by frames; engines that read a part show it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from core.domain import Box, Detection, Engine, Grounding, ImageView
from tests.ui.shop import CLIP, VL_CLIP, Shop, item
from ui.components.framed_photo import (
    framed_photo,
    frames_sentence,
    tiles_sentence,
    without_frame,
)
from ui.components.query import SearchForm
from ui.components.result_columns import compare_html
from ui.components.results import answer_html

CROPS = replace(VL_CLIP.engine, image_view=ImageView.CROP, smallest_crop=20)
LAMP = Grounding("lamp", 200, 100, (Detection("lamp", 0.6, Box(150, 20, 190, 60)),), 0.35, "t", "f")


def place(style: str) -> dict[str, float]:
    return {name: float(number) for name, number in re.findall(r"(\w+):(-?[\d.]+)%", style)}


@pytest.mark.parametrize("engine", [CLIP.engine, None])
def test_a_whole_photo_lies_in_the_middle_of_its_tile_with_the_frame(engine: Engine | None) -> None:
    shown = framed_photo(item("a", "Lamp"), LAMP, engine, "demo")
    assert shown is not None
    assert not shown.is_part
    assert "/thumb/" in shown.url
    assert place(shown.place) == {"left": 0, "top": 25, "width": 100, "height": 50}
    assert place(shown.frame) == {"left": 75, "top": 35, "width": 20, "height": 20}


def test_the_part_that_an_engine_reads_fills_the_tile() -> None:
    shown = framed_photo(item("a", "Lamp"), LAMP, CROPS, "demo")
    assert shown is not None
    assert shown.is_part
    assert "/full/" in shown.url  # a thumbnail's part would be blurred
    photo, frame = place(shown.place), place(shown.frame)
    assert photo["width"] == pytest.approx(2 * photo["height"], rel=1e-3)  # its shape stays
    assert frame["width"] == frame["height"] > 75
    # It keeps within the photo, whose right edge the lamp is near to.
    assert photo["left"] + photo["width"] >= 100
    assert photo["left"] <= 0


def test_what_is_too_small_for_a_crop_is_shown_as_it_is_read() -> None:
    shown = framed_photo(item("a", "Lamp"), LAMP, replace(CROPS, smallest_crop=64), "demo")
    assert shown is not None
    assert not shown.is_part


def test_an_item_that_is_not_in_a_busy_photo_has_no_frame() -> None:
    assert framed_photo(item("a", "Lamp"), None, CROPS, "demo") is None


def test_frames_are_explained_by_what_each_engine_reads() -> None:
    assert frames_sentence([CLIP.engine, CROPS]).endswith(
        ": CLIP reads the whole photo, VL-CLIP reads the part shown (with the whole photo "
        "where the background is plain). Without a frame, the item "
        "fills its photo or was not surely found in it."
    )
    assert frames_sentence([]).startswith("A frame marks the item in a photo that shows more. ")


def test_results_are_framed(shop: Shop) -> None:
    html = answer_html(shop, SearchForm(text="x"), (CLIP,), None, shop.catalog())
    assert html.count('class="vs-frame"') == 1
    both = compare_html(shop, SearchForm(text="x"), (CLIP, VL_CLIP), None, shop.catalog())
    assert both.count('class="vs-frame"') == 2
    assert "A frame marks the item" in both


def test_browsing_shows_the_part_of_a_photo_without_a_frame(shop: Shop) -> None:
    html = answer_html(shop, SearchForm(), (CLIP,), None, shop.catalog())
    assert html.count('class="vs-framed"') == 1  # where “c” is
    assert 'class="vs-frame"' not in html


def test_one_list_has_frames_only_where_whole_photos_are_shown() -> None:
    whole = framed_photo(item("lamp", "Lamp"), LAMP, CLIP.engine, "demo")
    part = framed_photo(item("lamp", "Lamp"), LAMP, CROPS, "demo")
    assert whole is not None
    assert part is not None
    assert without_frame(whole) == whole
    assert without_frame(part) == replace(part, frame="")
    assert without_frame(None) is None
    assert tiles_sentence(CROPS).endswith(f"you see the part that {CROPS.title} reads.")
    assert tiles_sentence(CLIP.engine) == frames_sentence([CLIP.engine])
    assert tiles_sentence(None) == frames_sentence([])
