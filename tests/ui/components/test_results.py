"""What Explore shows: hits, shelves, sentences; catalogue text stays text."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from core.domain import Job, JobState, Progress, Sort
from tests.ui.shop import CLIP, FASHION, HOSTILE, VL_CLIP, Shop, item
from ui.components.query import SearchForm
from ui.components.results import (
    MOST_SHELVES,
    advice,
    answer_html,
    behind,
    missing_html,
    notes,
    problem_html,
    progress_html,
    status_line,
)


def test_hits_show_rank_price_reason_and_links(shop: Shop) -> None:
    html = answer_html(shop, SearchForm(text="chair"), (VL_CLIP,), None, shop.catalog())
    assert html.count('class="vs-card"') == 3
    assert "24.90 EUR" in html
    assert "looks alike" in html
    assert "1 more like this photo" in html
    assert 'href="/inspect?item=a&amp;catalog=demo&amp;q=chair"' in html
    assert 'data-search="?q=chair"' in html
    assert [engine for _, engine in shop.asked] == ["vl-clip"]


def test_hostile_titles_are_text(shop: Shop) -> None:
    html = answer_html(shop, SearchForm(text="chair"), (VL_CLIP,), None, shop.catalog())
    assert HOSTILE not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html


def test_a_hostile_query_stays_an_attribute(shop: Shop) -> None:
    html = answer_html(shop, SearchForm(text='"><script>'), (VL_CLIP,), None, shop.catalog())
    assert "<script>" not in html


def test_the_status_line_says_how_many_by_whom_and_how_fast(shop: Shop) -> None:
    line = status_line(shop.catalog(), CLIP, shop.search(SearchForm(text="x").query(), "clip"))
    assert line == "3 of 3 items · CLIP · 31 ms"
    loading = replace(shop.search(SearchForm(text="chair").query(), "clip"), encode_ms=2000)
    assert status_line(shop.catalog(), CLIP, loading) == "3 of 3 items · CLIP"


def test_an_answer_without_the_colour_says_so_first(shop: Shop) -> None:
    result = shop.search(SearchForm(text="blue chair").query(), "clip")
    assert notes(result) == ()
    assert notes(replace(result, off_colour="None is blue.", unwanted="arms")) == (
        "None is blue.",
        "Left out, as your words say: arms.",
    )


def test_the_status_line_tells_the_language_of_words_that_are_not_english(shop: Shop) -> None:
    result = replace(shop.search(SearchForm(text="Stuhl").query(), "clip"), language="de")
    assert (
        status_line(shop.catalog(), CLIP, result) == "3 of 3 items · CLIP · 31 ms · read as German"
    )
    translated = replace(result, english="chair")
    assert status_line(shop.catalog(), CLIP, translated).endswith("read as German: “chair”")


def test_an_order_by_price_without_prices_is_said(shop: Shop) -> None:
    form = SearchForm(text="chair", sort=Sort.CHEAPEST)
    sentence = "No item here has a price"
    assert sentence not in answer_html(shop, form, (VL_CLIP,), None, shop.catalog())
    shop.stock = {name: replace(item, price="") for name, item in shop.stock.items()}
    assert sentence in answer_html(shop, form, (VL_CLIP,), None, shop.catalog())
    unsorted = answer_html(shop, replace(form, sort=Sort.MATCH), (VL_CLIP,), None, shop.catalog())
    assert sentence not in unsorted


def test_ranks_are_explained_in_an_order_by_price(shop: Shop) -> None:
    form = SearchForm(text="chair", sort=Sort.CHEAPEST)
    sentence = "the number on a photo is the item&#39;s place by match"
    assert sentence in answer_html(shop, form, (VL_CLIP,), None, shop.catalog())
    by_match = answer_html(shop, replace(form, sort=Sort.MATCH), (VL_CLIP,), None, shop.catalog())
    assert sentence not in by_match


def test_the_status_line_tells_that_some_can_not_be_found_yet(shop: Shop) -> None:
    result = shop.search(SearchForm(text="x").query(), "vl-clip")
    assert status_line(shop.catalog(), VL_CLIP, result).endswith("2 can be found so far")


def test_hidden_matches_are_counted_and_can_be_shown(shop: Shop) -> None:
    shop.cut = 61
    html = answer_html(shop, SearchForm(text="chair"), (VL_CLIP,), None, shop.catalog())
    assert "61 weaker matches hidden" in html
    assert 'data-action="all"' in html


def test_more_is_offered_only_where_there_may_be_more(shop: Shop) -> None:
    few = answer_html(shop, SearchForm(text="chair", k=2), (VL_CLIP,), None, shop.catalog())
    assert 'data-action="more" data-value="4"' in few
    assert 'data-action="more"' not in answer_html(
        shop, SearchForm(text="c"), (VL_CLIP,), None, shop.catalog()
    )


def test_the_item_asked_with_is_shown_and_can_be_removed(shop: Shop) -> None:
    html = answer_html(shop, SearchForm(item="a"), (VL_CLIP,), None, shop.catalog())
    assert "Similar to <strong>Armchair</strong>" in html
    assert 'data-action="forget"' in html


def test_nothing_found_says_what_to_do(shop: Shop) -> None:
    html = answer_html(shop, SearchForm(text="nothing"), (VL_CLIP,), None, shop.catalog())
    assert "Nothing found." in html
    assert "weaker matches" in html


def test_advice_fits_the_search(shop: Shop) -> None:
    catalog = shop.catalog()
    assert "filter" not in advice(SearchForm(), catalog, CLIP)
    everything = advice(SearchForm(departments=("home",), minus="red"), catalog, CLIP)
    assert "take away a filter" in everything
    assert "without" in everything
    assert "weaker" not in advice(SearchForm(cutoff=False), catalog, CLIP)


def test_advice_knows_an_engine_that_has_indexed_nothing(shop: Shop) -> None:
    empty = replace(shop.catalog(), searchable={"clip": 0})
    assert "CLIP has indexed nothing yet" in advice(SearchForm(), empty, CLIP)


def test_without_a_query_there_is_a_shelf_per_department(shop: Shop) -> None:
    html = answer_html(shop, SearchForm(), (VL_CLIP,), None, shop.catalog())
    assert ">Home</h2>" in html
    assert ">Groceries</h2>" in html
    assert 'data-action="ask" data-value="Chair"' in html
    assert shop.asked == []


def test_very_many_departments_are_no_very_many_shelves(shop: Shop) -> None:
    names = tuple(f"department {n:03}" for n in range(100))
    shop.stock = {name: item(name, name.capitalize(), name) for name in names}
    catalog = replace(shop.catalog(), departments=names)
    html = answer_html(shop, SearchForm(), (VL_CLIP,), None, catalog)
    assert html.count("See all of") == MOST_SHELVES
    assert f"And {100 - MOST_SHELVES} more departments" in html


def test_filters_alone_browse(shop: Shop) -> None:
    html = answer_html(
        shop, SearchForm(departments=("groceries",)), (VL_CLIP,), None, shop.catalog()
    )
    assert "Crate &amp; oranges" in html
    assert "Armchair" not in html
    assert "1 of 3 items" in html
    assert "data-judge" not in html  # there is no query to judge for


def test_an_empty_catalogue_says_where_to_go(shop: Shop) -> None:
    shop.stock = {}
    html = answer_html(shop, SearchForm(), (VL_CLIP,), None, shop.catalog())
    assert "nothing to show yet" in html
    assert 'href="/catalog"' in html


def test_no_engine_is_a_sentence(shop: Shop) -> None:
    html = answer_html(shop, SearchForm(text="chair"), (), None, shop.catalog())
    assert "No search engine can run here" in html


def test_problems_are_escaped_alerts() -> None:
    html = problem_html("There is no item “<b>”.", SearchForm())
    assert 'role="alert"' in html
    assert "&lt;b&gt;" in html


def test_progress_shows_only_while_it_runs() -> None:
    assert progress_html(None, None, ()) == ""
    done = Job("1", "indexing", "demo", JobState.DONE, Progress("", 3, 3))
    assert progress_html(done, None, ()) == ""
    progress = Progress("embedding", 240, 680, "Embedded 240 of 680 items.", 120)
    html = progress_html(Job("1", "indexing", "demo", progress=progress), None, ())
    assert "About 2 minutes left" in html
    assert "Embedded 240 of 680 items." in html
    assert "width: 35%" in html


def test_missing_engines_tell_why() -> None:
    html = missing_html((CLIP, FASHION))
    assert "Not available here: FashionCLIP" in html
    assert "It needs the full profile." in html
    assert missing_html((CLIP,)).strip() == ""


def test_engines_that_are_behind_are_named(shop: Shop) -> None:
    assert behind(shop.catalog(), (CLIP,)) == ""
    assert "VL-CLIP can find 2 items of 3 so far" in behind(shop.catalog(), (CLIP, VL_CLIP))


def test_progress_of_unknown_length_has_no_bar() -> None:
    html = progress_html(READING, None, ())
    assert "Reading the catalogue." in html
    assert "vs-bar" not in html


READING = Job("1", "indexing", "demo", progress=Progress("reading", 0, 0, "Reading the catalogue."))


def test_a_catalogue_that_is_complete_shows_no_progress(shop: Shop) -> None:
    engines = (CLIP, VL_CLIP, FASHION)  # FashionCLIP can't run here
    info = replace(shop.catalog(), searchable={"clip": 3, "vl-clip": 3}, updated="2026-11-29")
    assert progress_html(READING, info, engines) == ""
    for lacking in (
        replace(info, updated=""),
        replace(info, searchable={"clip": 3, "vl-clip": 2}),
        replace(info, items=0),
    ):
        assert "Reading the catalogue." in progress_html(READING, lacking, engines)


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The visitor may still judge a set."""
    monkeypatch.setattr("ui.blindness.engines_hidden", lambda *asked: True)
    monkeypatch.setattr("ui.components.results.engines_hidden", lambda *asked: True)


@pytest.mark.usefixtures("blind")
def test_words_alone_keep_the_order_by_price_and_say_what_they_leave_out(shop: Shop) -> None:
    shop.stock = {
        each.item_id: each
        for each in (item("a", "Chair A", price="30 EUR"), item("b", "Chair B", price="10 EUR"),
                     item("c", "Chair C"))
    }  # fmt: skip

    def titles(**form: Any) -> list[str]:
        html = answer_html(shop, SearchForm("chair", **form), (VL_CLIP,), None, shop.catalog())
        return re.findall(r'class="vs-name" title="Chair (.)"', html)

    assert titles() == ["A", "B", "C"]
    assert titles(sort=Sort.CHEAPEST) == ["B", "A", "C"]
    assert titles(sort=Sort.DEAREST) == ["A", "B", "C"]
    form = SearchForm("chair without arms", sort=Sort.CHEAPEST)
    shop.stock = {"c": item("c", "Chair C")}
    html = answer_html(shop, form, (VL_CLIP,), None, shop.catalog())
    assert "Left out, as your words say: arms." in html
    assert "No item here has a price" in html


@pytest.mark.usefixtures("blind")
def test_whom_no_engine_answers_is_told_so_and_offered_nothing_similar(shop: Shop) -> None:
    for form in (SearchForm(), SearchForm("armchair")):
        html = answer_html(shop, form, (VL_CLIP,), None, shop.catalog())
        assert "is not finished" in html
        assert 'class="vs-card"' in html
        assert "similar" not in html.lower()


def test_everybody_else_is_offered_what_is_similar(shop: Shop) -> None:
    html = answer_html(shop, SearchForm(), (VL_CLIP,), None, shop.catalog())
    assert "is not finished" not in html
    assert 'data-action="similar"' in html
