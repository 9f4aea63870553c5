"""“Export” and “Copy link” on the lists of Explore and Compare."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import gradio as gr
import pytest
from PIL import Image

from core.domain import Box, Photo
from tests.ui.shop import CLIP, HOSTILE, VL_CLIP, Shop
from ui.components.query import SearchForm
from ui.components.result_columns import compare_html
from ui.components.results import answer_html
from ui.web_app import build_pages

Rows = list[dict[str, str]]


@pytest.fixture
def stored(shop: Shop, tmp_path: Path) -> Shop:
    shop.photo_path = lambda *_, **__: tmp_path / "none.jpg"  # type: ignore[method-assign]
    return shop


def taken(shop: Shop, page: str, form: dict[str, object], format: str = "csv") -> Path:
    """Return what a press of Export on a page saves."""
    pages = build_pages(shop)
    export = [
        entry.fn for entry in pages.fns.values()
        if getattr(entry.fn, "__name__", "") == "export"
    ][("explore", "compare").index(page)]  # fmt: skip
    fields: dict[str, object] = {
        "text": "", "minus": "", "departments": [], "product_types": [], "attributes": [],
        "price_from": None, "price_to": None, "sort": "match", "engines": "clip", "k": 20,
        "cutoff": True, "fold": True, "words": True, "language": "",
        "same_type": True, "varied": False,
        "catalog": "demo",
        "anchor": ("", None, None), "picture": None,
    } | form  # fmt: skip
    event = SimpleNamespace(action="export", value=format)
    address = export(event, *fields.values())
    return Path(unquote(address.partition("file=")[2]))


def rows(path: Path) -> Rows:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


def test_every_list_can_be_taken_away(shop: Shop) -> None:
    asked = SearchForm(text="chair", catalog="demo")
    browsed = replace(asked, text="", departments=("home",))
    for html in (
        answer_html(shop, asked, (VL_CLIP,), None, shop.catalog()),
        answer_html(shop, browsed, (VL_CLIP,), None, shop.catalog()),
        compare_html(shop, asked, (CLIP, VL_CLIP), None, shop.catalog()),
    ):
        assert html.count("data-copy-link") == 1
        for format in ("csv", "xlsx", "json"):
            assert f'data-action="export" data-value="{format}"' in html


def test_a_link_can_not_hold_ones_own_picture_and_says_so(shop: Shop) -> None:
    picture = Image.new("RGB", (8, 8))
    html = answer_html(shop, SearchForm(), (VL_CLIP,), picture, shop.catalog())
    assert "data-copy-link" not in html
    assert "can’t hold your own picture" in html
    example = answer_html(shop, SearchForm(example=0), (VL_CLIP,), picture, shop.catalog())
    assert "data-copy-link" in example


def test_explore_saves_the_hits_in_their_order(stored: Shop) -> None:
    saved = taken(stored, "explore", {"text": "chair"})
    assert saved.name == "demo-words-chair.csv"
    read = rows(saved)
    assert [(line["rank"], line["item_id"], line["engine"]) for line in read] == [
        ("1", "a", "clip"), ("2", "b", "clip"), ("3", "c", "clip"),
    ]  # fmt: skip
    assert read[1]["title"] == HOSTILE
    assert read[0]["list_link"].startswith("/explore?q=chair&catalog=demo")
    assert read[0]["studio_link"] == "/inspect?item=a&catalog=demo"


def test_the_order_by_price_is_kept_with_the_rank(stored: Shop) -> None:
    stored.stock["c"] = replace(stored.stock["c"], price="1 EUR")
    read = rows(taken(stored, "explore", {"text": "chair", "sort": "cheapest"}))
    assert [line["item_id"] for line in read] == ["c", "a", "b"]
    assert read[0]["rank"] == "3"
    assert read[0]["query"] == "words: chair; sort: cheapest"


def test_compare_saves_every_engine_s_list(stored: Shop) -> None:
    fields = {"text": "chair", "engines": ["clip", "vl-clip"]}
    content = json.loads(taken(stored, "compare", fields, "json").read_text())
    assert [row["engine"] for row in content["results"]] == ["clip"] * 3 + ["vl-clip"] * 3
    assert content["query"] == {"words": "chair"}


def test_items_that_are_browsed_are_saved_without_a_rank(stored: Shop) -> None:
    read = rows(taken(stored, "explore", {"departments": ["groceries"]}))
    assert [(line["rank"], line["item_id"]) for line in read] == [("", "c")]


def test_things_that_are_found_in_a_photo_are_saved_with_the_part(stored: Shop) -> None:
    part = {"picture": "/tmp/room.jpg", "anchor": ("", None, Box(1, 2, 5, 8))}
    content = json.loads(taken(stored, "explore", part, "json").read_text())
    assert content["query"] == {"picture": "an uploaded picture", "part": "1,2,4,6"}
    assert len(content["results"]) == 3


def test_excel_holds_the_photos(stored: Shop, tmp_path: Path) -> None:
    picture = tmp_path / "p.jpg"
    Image.new("RGB", (9, 9)).save(picture)
    asked: list[Photo] = []
    stored.photo_path = lambda *arguments, **_: asked.append(arguments) or picture  # type: ignore
    assert taken(stored, "explore", {"text": "x"}, "xlsx").read_bytes()[:2] == b"PK"
    assert len(asked) == 3


def test_another_format_is_a_sentence(stored: Shop) -> None:
    with pytest.raises(gr.Error, match="CSV, Excel or JSON"):
        taken(stored, "explore", {"text": "x"}, "exe")
