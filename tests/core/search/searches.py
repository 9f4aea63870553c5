"""Searches in the small shop of these tests."""

from __future__ import annotations

from types import SimpleNamespace

from PIL import Image

from core.domain import Query, SearchResult
from core.ports.engines import EngineModel


def ids(result: SearchResult) -> list[str]:
    """Return the item ids of the hits, best first."""
    return [hit.item.item_id for hit in result.hits]


def search(shop: SimpleNamespace, query: Query, model: EngineModel | None = None) -> SearchResult:
    """Search with an engine, ``clip`` if none is given."""
    return shop.searcher.search(query, model or shop.clip)


def photo(shop: SimpleNamespace, item_id: str) -> Image.Image:
    """Return an item's stored photo."""
    return shop.photos.open(shop.store.items.get([item_id])[item_id].photo.sha256)
