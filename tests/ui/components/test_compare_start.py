"""Compare before a query."""

from __future__ import annotations

import pytest

from core.errors import AccessDenied
from tests.ui.shop import CLIP, VL_CLIP, Shop
from ui.components import compare_start
from ui.components.query import SearchForm
from ui.components.same_searches import ScoredQuery, Telling
from ui.pages.compare import compare_answer


def test_the_lists_of_an_example_are_shown_before_the_first_query(shop: Shop) -> None:
    html = compare_answer(shop, SearchForm(), (CLIP, VL_CLIP), None, shop.catalog())
    query, _ = shop.asked[-1]
    assert query.text
    assert query.k == 5
    assert f"An example, “{query.text}”:" in html
    assert "is number" in html  # what differs most
    assert html.count('data-item="a"') == 2
    # It is no search of the visitor's: nothing to link to, to save or to judge.
    assert 'data-search=""' in html or f'data-search="{SearchForm().link()}"' in html
    assert "data-judge" not in html


def test_where_no_example_can_be_shown_the_engines_introduce_themselves(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = compare_answer(shop, SearchForm(), (CLIP,), None, shop.catalog())
    assert "About CLIP." in alone
    assert "at least two engines" in alone

    def refuse(*_: object) -> None:
        raise AccessDenied("You judge this query.")

    monkeypatch.setattr(compare_start, "require_engines_shown", refuse)
    asked = len(shop.asked)
    hidden = compare_answer(shop, SearchForm(), (CLIP, VL_CLIP), None, shop.catalog())
    assert "About VL-CLIP." in hidden
    assert len(shop.asked) == asked


def test_whom_no_engine_answers_reads_why_and_is_led_to_explore(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.blindness.engines_hidden", lambda *_: True)
    html = compare_answer(shop, SearchForm(), (CLIP, VL_CLIP), None, shop.catalog())
    assert "is not finished" in html
    assert 'href="/explore' in html
    assert "About VL-CLIP." not in html
    assert "data-action" not in html
    assert shop.asked == []


def test_the_example_is_the_judged_search_that_tells_the_engines_apart(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    telling = Telling(ScoredQuery("Crate & oranges", "c", 0.5, 0.9), (2, 4), 5)
    monkeypatch.setattr(compare_start, "judged_report", lambda *_: object())
    monkeypatch.setattr(compare_start, "most_telling", lambda _: telling)
    html = compare_answer(shop, SearchForm(), (CLIP, VL_CLIP), None, shop.catalog())
    query, _ = shop.asked[-1]
    assert (query.item_id, query.text, query.k) == ("c", "", 5)
    assert not query.cutoff
    assert not query.fold_duplicates
    assert "An example, like “Crate &amp; oranges”:" in html
    assert "people graded 2 as right with CLIP and 4 with VL-CLIP" in html
    assert 'href="/compare?item=c&amp;cutoff=off&amp;fold=off&amp;catalog=demo"' in html
    alone = compare_answer(shop, SearchForm(), (CLIP,), None, shop.catalog())
    assert "people graded" not in alone


def test_a_query_takes_the_examples_place(shop: Shop) -> None:
    html = compare_answer(shop, SearchForm(text="x"), (CLIP, VL_CLIP), None, shop.catalog())
    assert "An example" not in html
    assert "data-judge" in html
