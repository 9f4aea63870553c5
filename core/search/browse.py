"""List a catalogue's items without a query."""

from __future__ import annotations

from core.domain import Filters, Item
from core.store.catalog_store import CatalogStore


def items(
    store: CatalogStore, filters: Filters | None = None, offset: int = 0, limit: int = 50
) -> tuple[Item, ...]:
    """Return a page of items, sorted by id."""
    ids = store.items.ids(filters)[offset : offset + limit]
    stored = store.items.get(ids)
    return tuple(stored[item_id] for item_id in ids if item_id in stored)
