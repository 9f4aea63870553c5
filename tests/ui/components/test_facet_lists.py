from __future__ import annotations

from dataclasses import replace

from core.domain import Facet, FacetValue, FacetView, Query, Sort
from tests.ui.shop import HOSTILE, Shop
from ui.components.facet_lists import (
    attributes_update,
    chips_html,
    example_queries,
    list_update,
    things_to_find,
    unknown_html,
)
from ui.components.query import SearchForm, apply_action, form_from_search

VIEW = FacetView(
    (
        Facet("department", (FacetValue("home", 3), FacetValue("garden", 1))),
        Facet("product_type", (FacetValue("chair", 1200),)),
        Facet("colour", (FacetValue("red", 2), FacetValue(HOSTILE, 1))),
    ),
    (5.0, 80.0),
)
FORM = SearchForm(
    departments=("home",), attributes=(("colour", HOSTILE), ("size", "10:20")),
    price_from=5, price_to=7.5, sort=Sort.CHEAPEST,
)  # fmt: skip


def test_a_link_holds_every_filter_and_the_order() -> None:
    assert form_from_search(FORM.link()) == FORM
    assert (
        form_from_search("?from=-1&to=nan&sort=x&attribute=colour&attribute=:red") == SearchForm()
    )


def test_lists_show_counts_and_keep_what_is_chosen() -> None:
    assert list_update(VIEW, "product_type", ())["choices"] == [("chair (1,200)", "chair")]
    kept = list_update(VIEW, "department", ("attic",))
    assert kept["choices"][0] == ("attic (0)", "attic")
    shown = attributes_update(VIEW, (("colour", "red"),))
    assert ("Colour: red (2)", "colour:red") in shown["choices"]
    assert shown["value"] == ["colour:red"]
    assert attributes_update(None, ())["visible"] is False


def test_each_active_filter_is_a_chip_that_takes_it_away() -> None:
    html = chips_html(FORM)
    assert html.count("<button") == 4
    assert "Price 5 to 7.5" in html
    assert "<img" not in html
    form = FORM
    for value in ("department:home", f"colour:{HOSTILE}", "size:10:20", "price:"):
        form = apply_action(form, "unfilter", value)
    assert not form.filters
    assert chips_html(form) == ""


def test_an_attribute_called_like_a_built_in_filter_has_a_chip_of_its_own() -> None:
    link = "?from=5&attribute=price:low&attribute=department:attic&department=home"
    form = form_from_search(link)
    assert form_from_search(form.link()) == form
    html = chips_html(form)
    assert html.count("<button") == 4
    assert "Price from 5" in html
    form = apply_action(form, "unfilter", "price (attribute):low")
    assert form.price_from == 5
    form = apply_action(form, "unfilter", "department (attribute):attic")
    assert form.departments == ("home",)
    assert form.attributes == ()


def test_a_value_that_no_item_has_is_said() -> None:
    html = unknown_html(FacetView((), None, (("colour", HOSTILE),)))
    assert "No item has Colour" in html
    assert "<img" not in html
    assert unknown_html(VIEW) == ""


def test_suggestions_come_from_the_catalogue_in_use(shop: Shop) -> None:
    own = replace(shop.catalog(), name="watches")
    assert example_queries(shop, own) == ("Chair",)
    assert things_to_find(shop, own) == ("chair",)
    assert things_to_find(shop, shop.catalog()) == ("chair",)
    hits = shop.search(Query(text="lamp")).hits
    near = [hit.item.product_type.lower() for hit in hits if hit.item.product_type]
    assert things_to_find(shop, own, hits) == tuple(dict.fromkeys([*near, "chair"]))
