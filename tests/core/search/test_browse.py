from core.domain import Filters
from core.search import browse


def test_pages_are_by_id_and_do_not_overlap(shop):
    first = browse.page(shop.store, limit=50)
    second = browse.page(shop.store, offset=50, limit=50)
    assert first.total == 122
    assert [item.item_id for item in first.items] == [f"id-{n:03}" for n in range(50)]
    assert [item.item_id for item in second.items] == [f"id-{n:03}" for n in range(50, 100)]
    assert browse.items(shop.store, offset=120) == browse.page(shop.store, offset=120).items


def test_facets_count_what_the_other_filter_leaves(shop):
    page = browse.page(shop.store, Filters(departments=("garden",), product_types=("mug",)))
    assert {(item.department, item.product_type) for item in page.items} == {("garden", "mug")}
    assert page.facets.departments["garden"] == page.total
    assert page.facets.departments["home"] == sum(
        item.product_type == "mug" and item.department == "home"
        for item in browse.items(shop.store, limit=200)
    )
    assert set(page.facets.product_types) == {"chair", "table", "lamp", "sofa", "mug"}
