"""Home's story is made of what the studio answers, and says nothing of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from pydantic import SecretStr

from core.app.measured_costs import MeasuredCosts
from core.domain import NO_PHOTO
from core.errors import QueryError
from tests.ui.shop import Shop
from ui.components.first_results import shows_grounding
from ui.components.query import SearchForm
from ui.components.story import story_html


def test_the_story_picks_an_item_whose_stages_show_something(shop: Shop) -> None:
    assert not shows_grounding(shop.inspect("a").grounding)
    assert shows_grounding(shop.inspect("c").grounding)
    html = story_html(shop, SearchForm())
    assert "How it works on one item: Crate &amp; oranges" in html
    assert "a crate full of oranges" in html
    assert "Found by looking for “" in html
    assert "Like “Crate &amp; oranges”: the first results of CLIP and VL-CLIP" in html
    assert {query.item_id for query, _ in shop.asked} == {"c"}


def test_home_asks_to_measure_where_nothing_was(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop.evaluation, "latest_judged", lambda *_: None)
    monkeypatch.setattr(shop.evaluation, "latest_ablation", lambda *_: None)
    html = story_html(shop, SearchForm())
    assert "Measure the engines on the whole catalogue" in html
    assert "Where it does worse" not in html


def test_home_tells_costs_and_where_data_go(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    costs = MeasuredCosts("two cores", date(2026, 11, 29), 0.44, 3.26, 31.9, 0.7, 1.38)
    monkeypatch.setattr(shop, "costs", lambda: costs)
    html = story_html(shop, SearchForm())
    assert "0.4 s for a plain photo, 3.3 s for a cluttered one" in html
    assert "its models (148 MB, once, checked by hash)" in html
    assert "No language model is connected here" in html
    monkeypatch.setattr(shop, "costs", lambda: None)
    shop.settings = shop.settings.model_copy(update={"anthropic_api_key": SecretStr("key")})
    html = story_html(shop, SearchForm())
    assert "which were not measured" in html
    assert "Claude is connected here" in html


def test_the_story_follows_its_link(shop: Shop) -> None:
    html = story_html(shop, SearchForm(item="a", text="floor lamp"))
    assert "How it works on one item: Armchair" in html
    assert "so the whole photo is kept" in html
    assert {query.text for query, _ in shop.asked} == {"floor lamp"}
    assert [engine for _, engine in shop.asked] == ["clip", "vl-clip"]
    assert 'href="/?q=Chair&amp;item=a&amp;catalog=demo"' in html


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


def test_a_catalogue_without_photos_is_searched_in_words(shop: Shop) -> None:
    shop.stock = {name: replace(entry, photo=NO_PHOTO) for name, entry in shop.stock.items()}
    html = story_html(shop, SearchForm())
    assert "“Chair”: the first results of CLIP and VL-CLIP" in html
    assert html.count('aria-current="true"') == 1, "the query that is shown is marked"
