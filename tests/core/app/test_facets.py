from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.app.facets import FacetIndex, by_price
from core.domain import NO_PHOTO, Filters, Hit, Item, Photo, Sort, Variant
from core.store.catalog_store import CatalogStore
from core.store.items import ItemRecord

PHOTO = Photo("a" * 64, 10, 10, "0" * 16)


def item(item_id: str, kind: str, colour: str, price: str) -> Item:
    return Item(
        item_id, f"{colour} {kind}", PHOTO, product_type=kind, department="home", price=price,
        attributes={"colour": colour, "code": item_id},
    )  # fmt: skip


ITEMS = (
    item("a", "chair", "red", "9,90 €"),
    item("b", "chair", "blue", "1.299,00 EUR"),
    item("c", "lamp", "red", "on request"),
    item("d", "lamp", "green", "$20"),
)


@pytest.fixture
def store(tmp_path: Path) -> CatalogStore:
    store = CatalogStore(tmp_path / "shop")
    store.items.upsert([ItemRecord(each, "row") for each in ITEMS])
    return store


def counts(index: FacetIndex, name: str, filters: Filters | None = None) -> dict[str, int]:
    facet = next(facet for facet in index.facets(filters) if facet.name == name)
    return {entry.value: entry.count for entry in facet.values}


def test_values_are_counted_most_frequent_first(store: CatalogStore) -> None:
    index = FacetIndex(store)
    assert list(counts(index, "colour").items()) == [("red", 2), ("blue", 1), ("green", 1)]
    assert counts(index, "product_type") == {"chair": 2, "lamp": 2}


def test_an_attribute_may_be_called_like_a_built_in_facet(tmp_path: Path) -> None:
    store = CatalogStore(tmp_path / "odd")
    odd = [
        replace(each, attributes={"department": "attic" if n % 2 else "hall", "price": f"p{n}"})
        for n, each in enumerate(ITEMS)
    ]
    store.items.upsert([ItemRecord(each, "row") for each in odd])
    index = FacetIndex(store)
    assert counts(index, "department") == {"home": 4}
    assert counts(index, "department (attribute)") == {"attic": 2, "hall": 2}
    asked = Filters(("home",), attributes=(("department", "attic"), ("price", "p1")))
    assert index.ids(asked) == ["b"]
    assert index.unknown(asked) == ()
    assert index.ids(Filters(attributes=(("price", "p1"),), price_to=10)) == []


def test_groups_of_variants_are_counted(tmp_path: Path) -> None:
    store = CatalogStore(tmp_path / "groups")
    grouped = [replace(each, group="g" if n < 3 else "alone") for n, each in enumerate(ITEMS)]
    store.items.upsert([ItemRecord(each, "row") for each in grouped])
    assert FacetIndex(store).group_sizes() == {"g": 3}
    assert [item.item_id for item in store.items.of_group("g", 2)] != []
    assert len(store.items.of_group("g", 10)) == 3
    assert store.items.of_group("g' OR '1'='1", 10) == []


def test_a_facet_s_own_filter_does_not_lower_its_counts(store: CatalogStore) -> None:
    index = FacetIndex(store)
    red = Filters(attributes=(("colour", "red"),))
    assert counts(index, "colour", red) == {"red": 2, "blue": 1, "green": 1}
    assert counts(index, "product_type", red) == {"chair": 1, "lamp": 1}


def test_items_pass_all_facets_and_any_value_of_each(store: CatalogStore) -> None:
    index = FacetIndex(store)
    warm = (("colour", "red"), ("colour", "green"))
    assert index.ids(Filters(attributes=warm)) == ["a", "c", "d"]
    assert index.ids(Filters(product_types=("lamp",), attributes=warm)) == ["c", "d"]
    assert index.ids(Filters(attributes=(("colour", "red' OR '1'='1"),))) == []


def test_prices_are_numbers_in_every_notation(store: CatalogStore) -> None:
    index = FacetIndex(store)
    assert index.price_range() == (9.9, 1299.0)
    assert index.ids(Filters(price_from=10)) == ["b", "d"]
    assert index.ids(Filters(price_from=9.9, price_to=20)) == ["a", "d"]
    assert index.by_price("abcd", Sort.CHEAPEST) == [
        "a",
        "d",
        "b",
        "c",
    ]  # no number comes last, both ways
    assert index.by_price("abcd", Sort.DEAREST) == ["b", "d", "a", "c"]


def test_a_product_has_the_prices_of_all_its_variants(tmp_path: Path) -> None:
    store = CatalogStore(tmp_path / "variants")
    small, large = Variant("s", {}, "5 €"), Variant("l", {}, "50 €")
    sold = replace(ITEMS[3], variants=(large, small, Variant("x", {}, "on request")))
    store.items.upsert([ItemRecord(each, "row") for each in (*ITEMS[:3], sold)])
    index = FacetIndex(store)
    assert index.price_range() == (5, 1299)
    assert index.ids(Filters(price_from=40, price_to=60)) == ["d"]
    assert index.ids(Filters(price_from=15, price_to=25)) == []
    assert index.by_price("abcd", Sort.CHEAPEST) == ["d", "a", "b", "c"]
    hits = [Hit(rank, each, 1.0) for rank, each in enumerate((*ITEMS[:3], sold), 1)]
    assert [hit.rank for hit in by_price(hits, Sort.CHEAPEST)] == [4, 1, 2, 3]


def test_hits_are_sorted_by_price_and_keep_their_ranks(store: CatalogStore) -> None:
    hits = [Hit(rank, each, 1.0) for rank, each in enumerate(ITEMS, 1)]
    assert [hit.rank for hit in by_price(hits, Sort.CHEAPEST)] == [1, 4, 2, 3]
    assert [hit.rank for hit in by_price(hits, Sort.DEAREST)] == [2, 4, 1, 3]
    assert by_price(hits, Sort.MATCH) == tuple(hits)


def test_values_that_no_item_has_are_named(store: CatalogStore) -> None:
    index = FacetIndex(store)
    asked = Filters(departments=("home", "garden"), attributes=(("colour", "mauve"), ("x", "y")))
    assert index.unknown(asked) == (("department", "garden"), ("colour", "mauve"), ("x", "y"))


def test_new_items_are_counted_at_once(store: CatalogStore) -> None:
    index = FacetIndex(store)
    assert counts(index, "colour")["red"] == 2
    store.items.upsert([ItemRecord(item("e", "mug", "red", ""), "row")])
    assert counts(index, "colour")["red"] == 3


def test_an_attribute_with_one_value_per_item_is_no_facet(tmp_path: Path) -> None:
    store = CatalogStore(tmp_path / "large")
    items = [item(f"i{n}", "chair", "red", "") for n in range(70)]
    store.items.upsert([ItemRecord(each, "row") for each in items])
    names = [facet.name for facet in FacetIndex(store).facets()]
    assert names == ["department", "product_type", "colour"]


def test_what_is_no_facet_filters_all_the_same(tmp_path: Path) -> None:
    store = CatalogStore(tmp_path / "large")
    store.items.upsert([ItemRecord(item(f"i{n}", "chair", "red", ""), "row") for n in range(70)])
    index, asked = FacetIndex(store), Filters(attributes=(("code", "i7"),))
    assert index.ids(asked) == ["i7"]
    assert index.unknown(asked) == ()


def test_shelves_stand_as_in_the_table_and_show_each_photo_once_first(store: CatalogStore) -> None:
    own = Photo("b" * 64, 10, 10, "0" * 16)
    lamp = replace(ITEMS[2], item_id="0", department="garden")
    late = replace(ITEMS[3], item_id="A", photo=own)
    none = [replace(ITEMS[3], item_id=name, photo=NO_PHOTO) for name in ("y", "z")]
    store.items.upsert([ItemRecord(each, "row") for each in (lamp, late, *none)])
    shelves = FacetIndex(store).shelves(5, 5)
    # "b", "c" and "d" have the photo of "a"; items without a photo have none in common.
    assert shelves == {"home": ["a", "A", "y", "z", "b"], "garden": ["0"]}
    assert FacetIndex(store).shelves(1, 2) == {"home": ["a", "A"]}
