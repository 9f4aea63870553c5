"""Columns: rank changes, what is in common, links."""

from __future__ import annotations

from dataclasses import replace

from tests.ui.shop import CLIP, VL_CLIP, Shop, status
from ui.components.query import SearchForm, apply_action
from ui.components.result_columns import (
    Column,
    columns,
    compare_html,
    differs_most,
    in_common,
)

GCL = status("gcl", "GCL")


def test_overlap_in_words(shop: Shop) -> None:
    comparison = shop.compare(SearchForm(text="x", k=2).query(), ("clip", "vl-clip"))
    assert in_common(comparison, (CLIP, VL_CLIP)) == "CLIP and VL-CLIP: 1 of 2 in common"


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
    assert in_common(comparison, (CLIP, VL_CLIP)) == ""
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
    said = [row.places.said for column in (first, second) for row in column.rows]
    assert all(said)
    assert "number 3 with CLIP" in said or "number 1 with CLIP" in said


def test_a_result_is_inspected_with_the_query_that_found_it(shop: Shop) -> None:
    assert all("&q=x" in row.card.inspect for column in shown_columns(shop) for row in column.rows)


def test_several_lists_are_compared_with_the_first(shop: Shop) -> None:
    """Not every two with each other: ten pairs of five engines are a wall of words."""
    engines = (CLIP, VL_CLIP, GCL)
    html = compare_html(shop, SearchForm(text="x", k=2), engines, None, shop.catalog())
    assert "Every list is compared with that of CLIP" in html
    assert "VL-CLIP and GCL" not in html
    assert "1 of 2 also with CLIP" in html
    assert html.count('data-action="first"') == 2  # VL-CLIP and GCL can take CLIP's place
    assert "in 1 of 2 other lists" in html
    two = compare_html(shop, SearchForm(text="x", k=2), engines[:2], None, shop.catalog())
    assert 'data-action="first"' not in two
    assert "vs-many" not in two


def test_another_engine_becomes_the_one_that_others_are_compared_with(shop: Shop) -> None:
    form = apply_action(SearchForm(text="x", engines=("clip", "vl-clip", "gcl")), "first", "gcl")
    assert form.engines == ("gcl", "clip", "vl-clip")
    html = compare_html(shop, form, (GCL, CLIP, VL_CLIP), None, shop.catalog())
    assert "Every list is compared with that of GCL" in html
