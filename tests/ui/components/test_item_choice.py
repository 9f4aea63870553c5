"""Inspect without an item: what can be chosen, and what typed words match."""

from __future__ import annotations

import pytest

from core.errors import QueryError
from tests.ui.shop import Shop
from ui.components.item_choice import choice_html, matches_html


def test_some_items_can_be_chosen(shop: Shop) -> None:
    html = choice_html(shop, "demo")
    assert "Choose an item." in html
    assert "/inspect?item=a&amp;catalog=demo" in html
    assert "<img src=x" not in html


def test_words_find_items_where_no_item_has_them_as_its_id(shop: Shop) -> None:
    html = matches_html(shop, "blue armchair", "demo")
    assert "No item has the id “blue armchair”." in html
    assert "/inspect?item=a&amp;catalog=demo" in html
    assert "/inspect?item=c&amp;catalog=demo" not in html
    assert shop.asked == []  # no engine tells annotators anything
    with pytest.raises(QueryError, match="“nothing” or such words"):
        matches_html(shop, "nothing", "demo")
