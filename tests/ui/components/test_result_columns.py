"""Columns: rank changes, what is in common, links."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.ui.shop import CLIP, VL_CLIP, Shop
from ui.components.query import SearchForm
from ui.components.result_columns import (
    Column,
    change,
    columns,
    compare_html,
    differs_most,
    in_common,
)

TITLES = {"clip": "CLIP", "vl-clip": "VL-CLIP", "gcl": "GCL"}


@pytest.mark.parametrize(
    ("ranks", "engine", "sign", "tone"),
    [
        ({"clip": 5, "vl-clip": 2}, "vl-clip", "▲3", "up"),
        ({"clip": 1, "vl-clip": 3}, "vl-clip", "▼2", "down"),
        ({"clip": 4, "vl-clip": 4}, "vl-clip", "=", "equal"),
        ({"vl-clip": 1}, "vl-clip", "VL-CLIP only", "only"),
        ({"clip": 1}, "clip", "CLIP only", "only"),
        ({"vl-clip": 1, "gcl": 2}, "gcl", "new", "only"),
    ],
)
def test_changes_against_the_first_column(
    ranks: dict[str, int], engine: str, sign: str, tone: str
) -> None:
    shown = change(ranks, engine, TITLES)
    assert shown is not None
    assert (shown.sign, shown.tone) == (sign, tone)


def test_the_first_column_has_nothing_to_be_compared_with() -> None:
    assert change({"clip": 1, "vl-clip": 2}, "clip", TITLES) is None
    assert change({"clip": 1}, "clip", {"clip": "CLIP"}) is None


def test_changes_are_told_in_words() -> None:
    shown = change({"clip": 2, "vl-clip": 1}, "vl-clip", TITLES)
    assert shown is not None
    assert shown.words == "1 rank higher than with CLIP"


def test_overlap_in_words(shop: Shop) -> None:
    comparison = shop.compare(SearchForm(text="x", k=2).query(), ("clip", "vl-clip"))
    assert in_common(comparison, (CLIP, VL_CLIP)) == ("CLIP and VL-CLIP: 1 of 2 in common",)


def test_a_column_links_to_the_same_search_in_explore(shop: Shop) -> None:
    form = SearchForm(text="x")
    comparison = shop.compare(form.query(), ("clip", "vl-clip"))
    first, second = columns(shop, comparison, (CLIP, VL_CLIP), form, shop.catalog())
    assert second.explore == "/explore?q=x&engine=vl-clip"
    assert first.time == "31 ms"
    assert second.summary == "About VL-CLIP."
    assert [row.change.sign for row in second.rows if row.change] == ["▲2", "▼1", "▼1"]


def test_the_page_marks_the_same_item_in_every_column(shop: Shop) -> None:
    html = compare_html(shop, SearchForm(text="x"), (CLIP, VL_CLIP), None, shop.catalog())
    assert html.count('data-item="a"') == 2
    assert html.count('data-mark="a"') == 2
    assert "<img src=x" not in html


def test_one_engine_asks_for_a_second(shop: Shop) -> None:
    assert "Choose a second engine" in compare_html(
        shop, SearchForm(text="x"), (CLIP,), None, shop.catalog()
    )


def test_an_engine_that_finds_nothing_is_compared_with_nothing(shop: Shop) -> None:
    alone = shop.compare(SearchForm(text="x").query(), ("clip",))
    nothing = shop.search(SearchForm(text="nothing").query(), "vl-clip")
    comparison = replace(alone, results=(*alone.results, nothing))
    assert in_common(comparison, (CLIP, VL_CLIP)) == ()
    first, second = columns(shop, comparison, (CLIP, VL_CLIP), SearchForm(), shop.catalog())
    assert [row.change for row in first.rows] == [None, None, None]
    assert second.rows == ()


def shown_columns(shop: Shop) -> tuple[Column, ...]:
    form = SearchForm(text="x")
    comparison = shop.compare(form.query(), ("clip", "vl-clip"))
    return columns(shop, comparison, (CLIP, VL_CLIP), form, shop.catalog())


def test_what_differs_most_is_said_in_a_sentence(shop: Shop) -> None:
    first, second = shown_columns(shop)
    difference = differs_most((first, second))
    assert difference is not None
    top = second.rows[0].card.item
    assert difference.item_id in {top.item_id, first.rows[0].card.item.item_id}
    assert "is number 1 with" in difference.sentence
    same = differs_most((first, replace(second, rows=first.rows)))
    assert same is not None
    assert same.sentence == "CLIP and VL-CLIP show the same items in the same order."
    assert same.item_id == ""
    assert differs_most((first, replace(second, rows=()))) is None


def test_each_card_says_where_the_other_engine_has_it(shop: Shop) -> None:
    first, second = shown_columns(shop)
    said = [row.elsewhere for column in (first, second) for row in column.rows]
    assert all(len(places) == 1 for places in said)
    assert ("number 3 with CLIP",) in said or ("number 1 with CLIP",) in said


def test_a_result_is_inspected_with_the_query_that_found_it(shop: Shop) -> None:
    assert all("&q=x" in row.card.inspect for column in shown_columns(shop) for row in column.rows)
