"""The noun of a title, and which category values name a thing."""

from __future__ import annotations

import pytest

from core.base.title_nouns import TitleNouns
from core.settings import SHIPPED


@pytest.fixture(scope="module")
def nouns() -> TitleNouns:
    return TitleNouns(SHIPPED / "vocabularies")


@pytest.mark.parametrize(
    ("title", "head"),
    [
        ("Beige Corner Couch", "couch"),
        ("Brass Desk Lamp, 40 cm", "desk lamp"),
        ("Replacement Laptop Battery for Probook 4400", "laptop battery"),
        ("Set of 4 Stoneware Mugs", "mugs"),
        ("Owl Pendant Womens", "owl pendant"),
        ("HOLMSUND Shelving unit, Oak", "shelving unit"),
        ("Cuisine DGB900 coffee maker 1.8 L 12 cups", "coffee maker"),
        ("USB Mini Fan (Blue)", "fan"),
        ("Royal Blue Polo T-Shirt", "t-shirt"),
        ("Black", ""),
        ("MALUNG Chest of 6 drawers, White", "chest of drawers"),
        ("Duvet cover and pillowcase, Grey", "duvet cover and pillowcase"),
        ("Acme Holder (phone / camera) Black", "holder"),
        ("Acme SX5 UPS battery Sealed Lead Acid (VRLA)", "battery"),
        ("Acme X1 toner cartridge Original Black 1 pc(s)", "toner cartridge"),
        ("RIVET Wash-stand with 2 drawers, Grey", "wash-stand"),
        ("ACME Environmental Manager", ""),
        ("", ""),
    ],
)
def test_a_title_is_about_its_last_thing_before_the_details(
    nouns: TitleNouns, title: str, head: str
) -> None:
    assert nouns.head(title) == head


@pytest.mark.parametrize(
    "value",
    ["Indoor", "Living room", "New in", "Sale", "Gifts", "simple", "variation", "physical",
     "Computers", "Baby care", "Home & Kitchen", "Kitchen and dining", "Tableware", "Women",
     "Mobiles/Accessories", "Outlet", ""],
)  # fmt: skip
def test_departments_rooms_people_and_states_are_no_things(nouns: TitleNouns, value: str) -> None:
    assert not nouns.names_a_thing(value)


@pytest.mark.parametrize("value", ["Sofas", "T-shirts", "Earrings", "wooden chair", "Stühle"])
def test_things_are_things(nouns: TitleNouns, value: str) -> None:
    assert nouns.names_a_thing(value)


@pytest.mark.parametrize(
    "title", ["Roter Stuhl", "Silla de madera roja", "Robe rose pour fille", "Rote Handtasche",
              "Kolsuz kırmızı ahşap sandalye", "红色木椅", "Красный стул"]
)  # fmt: skip
def test_other_languages_are_not_taken_for_english(nouns: TitleNouns, title: str) -> None:
    assert not nouns.is_english(title)


@pytest.mark.parametrize(
    "title", ["Oslo Trek Hoodie", "STOCKSUND sofa", "Joust Duffle Bag", "Granny Smith apple", "Mug"]
)
def test_brands_do_not_make_a_title_foreign(nouns: TitleNouns, title: str) -> None:
    assert nouns.is_english(title)
