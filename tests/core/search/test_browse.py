from core.domain import Filters
from core.search import browse


def test_pages_are_by_id_and_do_not_overlap(shop):
    first = browse.items(shop.store, limit=50)
    second = browse.items(shop.store, offset=50, limit=50)
    assert [item.item_id for item in first] == [f"id-{n:03}" for n in range(50)]
    assert [item.item_id for item in second] == [f"id-{n:03}" for n in range(50, 100)]
    assert len(browse.items(shop.store, offset=120)) == 2


def test_filters_narrow_what_is_shown(shop):
    chosen = browse.items(shop.store, Filters(departments=("garden",), product_types=("mug",)))
    assert {(item.department, item.product_type) for item in chosen} == {("garden", "mug")}


def test_a_page_has_fifty_items_unless_told_otherwise(shop):
    assert len(browse.items(shop.store)) == 50
    assert [item.item_id for item in browse.items(shop.store, None, 3, 2)] == ["id-003", "id-004"]


def test_an_item_that_goes_meanwhile_is_left_out(shop, monkeypatch):
    monkeypatch.setattr(shop.store.items, "ids", lambda filters: ["id-001", "gone", "id-002"])
    assert [item.item_id for item in browse.items(shop.store)] == ["id-001", "id-002"]
