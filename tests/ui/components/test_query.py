"""Searches travel as links, and come back the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image

from core.domain import Box, Filters
from core.errors import QueryError
from tests.ui.shop import CLIP, FASHION, VL_CLIP, Shop
from ui.components.query import (
    MOST_HITS,
    MOST_VALUES,
    SearchForm,
    apply_action,
    choose_engines,
    form_from_search,
    keeps_picture,
    known_only,
    ready_first,
)

FULL = SearchForm(
    text="wooden & red chair?",
    minus="metal",
    item="a/b #1",
    example=3,
    region=Box(10, 20, 40, 60),
    departments=("home", "arts, crafts"),
    product_types=("Chair",),
    engines=("clip", "vl-clip"),
    k=40,
    cutoff=False,
    fold=False,
    words=False,
    language="de",
    same_type=False,
    varied=True,
    catalog="my-shop",
)
ALONE = replace(FULL, text="", minus="", item="", example=None, region=None, k=20)


def test_a_link_reproduces_the_search() -> None:
    assert form_from_search(FULL.link("/explore").removeprefix("/explore")) == FULL


def test_a_link_holds_only_what_differs_from_the_default() -> None:
    assert SearchForm().link("/explore") == "/explore"
    assert SearchForm(text="chair").link() == "?q=chair"


@pytest.mark.parametrize(
    "search",
    [
        "?k=-3",
        "?k=many",
        "?k=%C2%B2",
        "?example=x",
        "?example=-1",
        "?region=1,2,3",
        "?k=",
        "?__theme=dark",
    ],
)
def test_nonsense_in_a_link_falls_back_to_the_default(search: str) -> None:
    assert form_from_search(search) == SearchForm()


def test_the_number_of_hits_is_bounded() -> None:
    assert form_from_search("?k=99999").k == MOST_HITS


def test_the_query_carries_everything() -> None:
    picture = Image.new("RGB", (4, 4))
    query = FULL.query(picture)
    assert query.text == FULL.text
    assert query.minus == "metal"
    assert query.item_id == "a/b #1"
    assert query.image is picture
    assert query.k == 40
    assert query.filters == Filters(("home", "arts, crafts"), ("Chair",))
    assert not (query.cutoff)
    assert not (query.fold_duplicates)
    assert not (query.fulltext)


@pytest.mark.parametrize("field", ["text", "minus"])
def test_a_megabyte_of_words_is_no_query(field: str) -> None:
    form = replace(SearchForm(text="chair"), **{field: "x" * 2_000})
    assert getattr(form.query(), field) == "x" * 2_000
    with pytest.raises(QueryError, match="1,000,000 characters; look for at most 2,000"):
        replace(form, **{field: "chair " * 166_666 + "more"}).query()


def test_asking_needs_words_a_picture_or_an_item() -> None:
    assert not SearchForm(minus="metal", departments=("home",)).asks()
    assert SearchForm().asks(picture=True)
    assert SearchForm(example=0).asks()
    assert SearchForm(item="a").asks()
    assert SearchForm(text="a").asks()


def test_similar_replaces_the_query_and_keeps_the_filters() -> None:
    form = apply_action(FULL, "similar", "z")
    assert (form.text, form.minus, form.item, form.example) == ("", "", "z", None)
    assert form.departments == FULL.departments
    assert form.engines == FULL.engines


@pytest.mark.parametrize(
    ("action", "value", "expected"),
    [
        ("example", "2", replace(ALONE, example=2)),
        ("ask", "lamp", replace(ALONE, text="lamp")),
        ("department", "art", replace(FULL, departments=("art",), product_types=())),
        ("forget", "", replace(FULL, item="", example=None, region=None)),
        ("region", "1,2,3,4", replace(FULL, region=Box(1, 2, 4, 6), k=20)),
        ("region", "", replace(FULL, region=None, k=20)),
        ("all", "", FULL),
        ("more", "80", replace(FULL, k=80)),
        ("more", "x", FULL),
        ("restore", "?q=lamp", SearchForm(text="lamp")),
        ("unheard of", "", FULL),
    ],
)
def test_actions(action: str, value: str, expected: SearchForm) -> None:
    assert apply_action(FULL, action, value) == expected


def test_show_all_lifts_the_cut_off_and_keeps_the_picture() -> None:
    assert not apply_action(SearchForm(), "all", "").cutoff
    assert keeps_picture("all")
    assert keeps_picture("region")
    assert not keeps_picture("similar")


def test_filters_that_the_catalogue_lacks_are_dropped(shop: Shop) -> None:
    form = SearchForm(departments=("home", "garden"), product_types=("Chair", "Hose"))
    kept = known_only(form, shop.facets(None, form.filters))
    assert (kept.departments, kept.product_types) == (("home",), ("Chair",))
    assert known_only(form, None).filters == Filters()


def test_only_engines_that_can_run_are_chosen() -> None:
    statuses = (CLIP, VL_CLIP, FASHION)
    assert choose_engines(("fashion-clip", "clip"), statuses, ("vl-clip",)) == ("clip",)
    assert choose_engines(("fashion-clip",), statuses, ("vl-clip",)) == ("vl-clip",)
    assert choose_engines((), (CLIP, FASHION), ("vl-clip",)) == ("clip",)
    assert choose_engines((), (FASHION,), ("vl-clip",)) == ()


def test_engines_that_can_find_something_come_first(shop: Shop) -> None:
    started = replace(shop.catalog(), searchable={"clip": 128, "vl-clip": 0})
    assert ready_first(("vl-clip", "clip"), started) == ("clip", "vl-clip")
    level = replace(started, searchable={"clip": 3, "vl-clip": 3})
    assert ready_first(("vl-clip", "clip"), level) == ("vl-clip", "clip")
    assert ready_first(("vl-clip", "clip"), None) == ("vl-clip", "clip")


def test_a_link_with_very_many_values_costs_little(shop: Shop) -> None:
    for name in ("department", "type", "engine"):
        form = form_from_search("?" + "&".join(f"{name}={n}" for n in range(100_000)))
        chosen = {"department": form.departments, "type": form.product_types}
        assert len(chosen.get(name, form.engines)) == MOST_VALUES
    form = form_from_search("?" + "&".join(f"attribute=a:{n}" for n in range(100_000)))
    assert len(form.attributes) == MOST_VALUES
    assert known_only(form, shop.facets(filters=form.filters)).attributes == ()
