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
