"""All photos, variants and the product page of an item: on Inspect, and as marks on cards."""

from __future__ import annotations

from dataclasses import replace

from core.domain import Inspection, Item, Photo, Variant
from tests.ui.shop import HOSTILE, VL_CLIP, Shop
from ui.components.cards import marks, price_text, web_photos
from ui.components.item_forms import forms, shots
from ui.components.query import SearchForm, apply_action
from ui.components.results import answer_html
from ui.pages.inspect import content

SECOND = Photo("b" * 64, 50, 80, "0" * 16)


def with_forms(shop: Shop, **more: object) -> Item:
    """Give the shop's first item two photos and three variants."""
    changed = replace(
        shop.stock["a"],
        more_photos=(SECOND,),
        photo_links=("https://cdn.example/3.jpg", "javascript:alert(1)"),
        url="https://shop.example/armchair",
        variants=(
            Variant("A-S", {"Size": "S", "Colour": "red"}, "24,90 €", SECOND.sha256),
            Variant("A-M", {"Size": HOSTILE}, "29,90 €", "https://cdn.example/m.jpg"),
            Variant("A-L", {}, "", "javascript:alert(1)"),
        ),
        **more,  # type: ignore[arg-type]
    )
    shop.stock["a"] = changed
    return changed


def inspection(shop: Shop, *relatives: Item) -> Inspection:
    return replace(shop.inspect("a"), relatives=relatives)


def test_all_photos_stand_in_order_and_each_can_be_looked_at(shop: Shop) -> None:
    item = with_forms(shop)
    first, second = shots(item, "demo")
    assert (first.title, second.title) == ("Photo 1 of 2", "Photo 2 of 2")
    assert second.full == f"/media/demo/full/{SECOND.sha256}.jpg"
    html = content(shop, "a", "demo")
    assert f'data-look="{second.full}"' in html
    assert 'data-look="" aria-pressed="true" aria-label="Photo 1 of 2"' in html
    assert web_photos(item) == ("https://cdn.example/3.jpg",)
    assert 'href="https://cdn.example/3.jpg"' in html


def test_one_photo_has_no_strip(shop: Shop) -> None:
    assert "data-look" not in content(shop, "c", "demo")


def test_variants_have_options_prices_and_photos_of_their_own(shop: Shop) -> None:
    with_forms(shop)
    small, middle, large = forms(inspection(shop), "demo")
    assert (small.name, small.price, small.item_id) == ("Size: S · Colour: red", "24,90 €", "A-S")
    assert small.photo is not None
    assert small.photo.full.endswith(f"{SECOND.sha256}.jpg")
    assert middle.address == "https://cdn.example/m.jpg"
    assert (large.name, large.address) == ("A-L", "")
    html = content(shop, "a", "demo")
    assert "Variants (3)" in html
    assert HOSTILE not in html
    assert "javascript:" not in html
    assert 'href="https://shop.example/armchair" target="_blank" rel="noopener' in html


def test_items_of_one_group_link_to_each_other(shop: Shop) -> None:
    shop.stock["a"] = replace(shop.stock["a"], group="g", attributes={"colour": "red", "fit": "x"})
    blue = replace(shop.stock["c"], group="g", attributes={"colour": "blue", "fit": "x"}, price="9")
    (other,) = forms(inspection(shop, blue), "demo")
    assert (other.name, other.price) == ("Colour: blue", "9")
    assert other.inspect == "/inspect?item=c&catalog=demo"
    (same,) = forms(inspection(shop, replace(blue, attributes={})), "demo")
    assert same.name == "Crate & oranges"


def test_a_card_says_from_which_price_on_its_variants_are_sold(shop: Shop) -> None:
    item = with_forms(shop)
    assert price_text(item) == "from 24,90 €"
    assert price_text(replace(item, variants=item.variants[:1])) == "24.90 EUR"
    assert price_text(shop.stock["b"]) == ""


def test_cards_say_what_there_is_more_than_one_of(shop: Shop) -> None:
    item = with_forms(shop)
    assert marks(item, {}) == ("3 variants", "3 photos")
    assert marks(shop.stock["b"], {"": 9}) == ()
    assert marks(replace(shop.stock["b"], group="g"), {"g": 2}) == ("2 variants",)
    html = answer_html(shop, SearchForm(text="x"), (VL_CLIP,), None, shop.catalog())
    assert html.count("3 variants · 3 photos") == 1


def test_near_duplicates_can_be_opened_from_the_hit(shop: Shop) -> None:
    shop.behind = ("b", "gone")
    html = answer_html(shop, SearchForm(text="x"), (VL_CLIP,), None, shop.catalog())
    assert "2 more like this photo" in html
    assert 'aria-label="2 more like this photo: Armchair"' in html
    assert html.count('<li><a href="/inspect?item=b&amp;catalog=demo" title=') == 3
    assert "… and 1 more." in html
    assert HOSTILE not in html
    assert 'data-action="unfold"' in html
    assert apply_action(SearchForm(text="x"), "unfold", "").fold is False
