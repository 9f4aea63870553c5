from core.store.catalog_store import CatalogStore
from core.store.meta import CatalogMeta


def test_round_trip_and_empty(tmp_path):
    store = CatalogStore(tmp_path)
    assert store.meta.read() == CatalogMeta()
    store.meta.write(CatalogMeta("Demo", "items.csv", "2026-11-22T12:00:00+00:00"))
    store.meta.write(CatalogMeta("Demo 2", "items.csv", ""))
    assert CatalogStore(tmp_path).meta.read() == CatalogMeta("Demo 2", "items.csv", "")
