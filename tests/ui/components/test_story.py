"""Home's story is made of what the studio answers, and says nothing of its own."""

from __future__ import annotations

import pytest

from core.errors import QueryError
from tests.ui.pages.test_evaluate import report
from tests.ui.shop import Shop
from ui.components.query import SearchForm
from ui.components.story import shows_grounding, story_html


def test_the_story_picks_an_item_whose_stages_show_something(shop: Shop) -> None:
    assert not shows_grounding(shop.inspect("a").grounding)
    assert shows_grounding(shop.inspect("c").grounding)
    html = story_html(shop, SearchForm())
    assert "How it works on one item: Crate &amp; oranges" in html
    assert "a crate full of oranges" in html
    assert "Found by looking for “" in html
    assert "Items like Crate &amp; oranges, by CLIP and VL-CLIP" in html
    assert {query.item_id for query, _ in shop.asked} == {"c"}


def test_home_says_what_was_measured_and_only_that(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop.evaluation, "latest", lambda catalog, engines: None)
    assert "Measure the engines on the whole catalogue" in story_html(shop, SearchForm())
    stored = report()
    monkeypatch.setattr(shop.evaluation, "latest", lambda catalog, engines: stored)
    html = story_html(shop, SearchForm())
    assert "Measured with 3 queries" in html
    assert "CLIP is better than VL-CLIP: " in html
    assert "So large a difference is hardly chance." in html
    assert "p =" not in html, "statistics without an explanation"
    assert f"report={stored.report_id}" in html


def test_the_story_follows_its_link(shop: Shop) -> None:
    html = story_html(shop, SearchForm(item="a", text="floor lamp"))
    assert "How it works on one item: Armchair" in html
    assert "so the whole photo is kept" in html
    assert {query.text for query, _ in shop.asked} == {"floor lamp"}
    assert [engine for _, engine in shop.asked] == ["clip", "vl-clip"]
    assert 'href="/?q=wooden+chair&amp;item=a&amp;catalog=demo"' in html


def test_hostile_titles_are_text(shop: Shop) -> None:
    assert "<img src=x" not in story_html(shop, SearchForm(item="b"))


def test_what_is_missing_is_told(shop: Shop) -> None:
    html = story_html(shop, SearchForm())
    assert "It needs the full profile." in html
    assert "3 items · compact models" in html


def test_an_unknown_item_is_a_sentence(shop: Shop) -> None:
    with pytest.raises(QueryError, match="no item"):
        story_html(shop, SearchForm(item="zzz"))


def test_an_empty_catalogue_still_tells_what_is_here(shop: Shop) -> None:
    shop.stock = {}
    assert "0 items" in story_html(shop, SearchForm())
