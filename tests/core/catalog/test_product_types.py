"""Product types and departments of a merchant's rows."""

from __future__ import annotations

import csv

import pytest

from core.base.title_nouns import TitleNouns
from core.catalog.product_types import Category, ProductTypes
from core.settings import SHIPPED


@pytest.fixture(scope="module")
def nouns() -> TitleNouns:
    return TitleNouns(SHIPPED / "vocabularies")


def types(nouns: TitleNouns, rows: list[dict[str, object]], *columns: str) -> list[Category]:
    naming = ProductTypes(nouns, "title", columns, rows)
    return [naming.of(row) for row in rows]


def test_a_department_in_the_type_column_is_a_department_and_the_title_names_the_product(nouns):
    rows = [{"title": "Grey Corner Couch", "type": "Indoor"}]
    assert types(nouns, rows, "type") == [Category("couch", "Indoor")]


def test_the_finest_column_that_names_things_is_the_type(nouns):
    things = ("Sofas", "Lamps", "Mugs", "Rugs")
    rows = [{"title": f"Item {thing}", "category": "Home & Living", "kind": thing}
            for thing in things]  # fmt: skip
    assert types(nouns, rows, "kind", "category") == [
        Category(thing, "Home & Living") for thing in things
    ]


def test_the_finest_step_of_a_path_that_names_a_thing_is_the_type(nouns):
    rows = [{"title": "Oslo", "path": "Home > Living room > Sofas > New in"}]
    assert types(nouns, rows, "path") == [Category("Sofas", "Home")]


def test_a_word_that_hardly_any_of_its_titles_say_is_a_department(nouns):
    titles = ("Laptop Battery", "Wireless Mouse", "Laptop Skin", "USB Cable", "Range Extender",
              "Cooling Pad")  # fmt: skip
    rows = [{"title": title, "type": "Notebook"} for title in titles]
    guessed = types(nouns, rows, "type")
    assert [category.product_type for category in guessed] == [
        "laptop battery", "mouse", "laptop skin", "cable", "extender", "cooling pad",
    ]  # fmt: skip
    assert {category.department for category in guessed} == {"Notebook"}


def test_fanciful_titles_keep_a_type_that_other_titles_say(nouns):
    rows = [{"title": f"Nova {n} Ring", "type": "Rings"} for n in range(20)]
    rows += [
        {"title": title, "type": "Earrings"}
        for title in ("Globe Studs", "Big Hoops", "Tear Drops", "Star Studs", "Moon Earrings")
    ]
    assert {category.product_type for category in types(nouns, rows, "type")} == {
        "Rings", "Earrings",
    }  # fmt: skip


def test_a_department_stays_the_type_where_the_title_names_nothing(nouns):
    assert types(nouns, [{"title": "Kaiser", "type": "Fruit"}], "type") == [
        Category("Fruit", "Fruit")
    ]


def test_a_room_never_becomes_the_type(nouns):
    assert types(nouns, [{"title": "Nordik 300", "type": "Indoor"}], "type") == [
        Category("", "Indoor")
    ]


def test_other_languages_keep_their_type_and_give_no_english_noun(nouns):
    rows = [{"title": "Roter Stuhl aus Eichenholz", "type": "Stühle"},
            {"title": "Stuhl ohne Armlehnen", "type": ""}]  # fmt: skip
    assert types(nouns, rows, "type") == [Category("Stühle"), Category()]


def test_a_state_is_no_department(nouns):
    assert types(nouns, [{"title": "Copper Desk Lamp", "type": "New in"}], "type") == [
        Category("desk lamp", "")
    ]


def test_an_unknown_word_that_no_title_says_does_not_replace_the_noun(nouns):
    rows = [{"title": "Plain Tee", "type": "Basics"}]
    assert types(nouns, rows, "type") == [Category("tee", "Basics")]


def test_the_demo_keeps_its_types(nouns):
    with (SHIPPED / "demo" / "items.csv").open(encoding="utf-8", newline="") as file:
        rows: list[dict[str, object]] = list(csv.DictReader(file))
    read = types(nouns, rows, "product_type", "department")
    assert [category.department for category in read] == [row["department"] for row in rows]
    changed = {
        str(row["product_type"])
        for row, category in zip(rows, read, strict=True)
        if row["product_type"] != category.product_type
    }
    assert changed <= {"string lights", "thangka"}  # words that the vocabularies do not have
