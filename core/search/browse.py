"""Looking through a catalogue without a query."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain import Filters, Item
from core.store.catalog_store import CatalogStore
from core.store.items import Facets


@dataclass(frozen=True, slots=True)
class Page:
    """A page of items.

    Attributes:
        items: In the order of their ids.
        total: How many items pass the filters.
        facets: What could be chosen: for each column the values (with counts) that the filter on
            the *other* column leaves.
    """

    items: tuple[Item, ...]
    total: int
    facets: Facets


def items(
    store: CatalogStore, filters: Filters | None = None, offset: int = 0, limit: int = 50
) -> tuple[Item, ...]:
    """Some items, by id."""
    return _get(store, store.items.ids(filters)[offset : offset + limit])


def page(
    store: CatalogStore, filters: Filters | None = None, offset: int = 0, limit: int = 50
) -> Page:
    """Some items, by id, with what it takes to look further."""
    ids = store.items.ids(filters)
    return Page(_get(store, ids[offset : offset + limit]), len(ids), facets(store, filters))


def facets(store: CatalogStore, filters: Filters | None = None) -> Facets:
    """Values of the filter columns with counts, each under the filter on the other column."""
    chosen = filters or Filters()
    return Facets(
        departments=store.items.facets(Filters(product_types=chosen.product_types)).departments,
        product_types=store.items.facets(Filters(departments=chosen.departments)).product_types,
    )


def _get(store: CatalogStore, ids: list[str]) -> tuple[Item, ...]:
    found = store.items.get(ids)
    return tuple(found[item_id] for item_id in ids if item_id in found)
