"""Inspect explains why an item matches the query that one came with."""

from __future__ import annotations

from tests.ui.shop import HOSTILE, Shop
from ui.components.query import SearchForm
from ui.components.why_match import asked_words, why_match
from ui.pages.inspect import content


def test_each_engine_says_the_place_and_marks_the_words(shop: Shop) -> None:
    html = str(why_match(shop, shop.inspect("c"), SearchForm("x", catalog="demo")))
    assert "Why does this match “x”?" in html
    assert "number " in html or "not among the first" in html
    assert 'href="/explore?q=x&amp;catalog=demo"' in html


def test_without_a_query_there_is_nothing_to_explain(shop: Shop) -> None:
    inspection = shop.inspect("c")
    assert why_match(shop, inspection, SearchForm(catalog="demo")) == ""
    assert why_match(shop, inspection, SearchForm(item="c", catalog="demo")) == ""


def test_words_are_marked_in_any_number() -> None:
    words = dict(asked_words("Two red apples, ripe", "apple"))
    assert words == {"Two": False, "red": False, "apples,": True, "ripe": False}


def test_the_query_is_escaped_and_kept_in_the_link(shop: Shop) -> None:
    html = content(shop, "c", "demo", asked=SearchForm(HOSTILE))
    assert "<img src=x" not in html
    assert "&amp;q=%3Cimg" in html


def test_words_that_only_the_listing_has_are_shown_where_they_stand(shop: Shop) -> None:
    html = str(why_match(shop, shop.inspect("a"), SearchForm("chair", catalog="demo")))
    assert "It reads “Armchair”; the listing also says “<mark>Chair</mark>”" in html
    html = str(why_match(shop, shop.inspect("a"), SearchForm("armchair", catalog="demo")))
    assert "the listing also says" not in html
