"""The end of an indexing run: remove deleted items, refresh indices and statistics."""

from __future__ import annotations

from collections.abc import Sequence

from core.base.content_key import content_key
from core.ports.engines import IndexingModels
from core.store.catalog_store import CatalogStore
from core.store.statistics import SAMPLE, CosineStatistics


def remove(store: CatalogStore, item_ids: Sequence[str]) -> None:
    """Remove items and their vectors; vectors first, so that an interrupted call is repeatable."""
    for engine in store.engines():
        store.photo_vectors(engine).delete(item_ids)
        store.vectors(engine).delete(item_ids)
    store.items.delete(item_ids)


def tidy(store: CatalogStore, models: IndexingModels) -> None:
    """Match vectors with the items, then refresh indices and statistics and compact the tables."""
    labels = store.items.labels()
    for model in models.engines:
        table = store.vectors(model.name)
        state = table.state()
        orphans = [item_id for item_id in state if item_id not in labels]
        table.delete(orphans)
        table.relabel(
            {
                item_id: labels[item_id]
                for item_id, stored in state.items()
                if item_id in labels and labels[item_id] != (stored.department, stored.product_type)
            }
        )
        keys = sorted(
            (item_id, stored.key) for item_id, stored in state.items() if item_id in labels
        )
        digest = content_key(model.fingerprint, keys)
        if keys and digest != store.statistics.digest(model.name):
            statistics = CosineStatistics.of(table.matrix(SAMPLE))
            store.statistics.write(model.name, model.fingerprint, digest, statistics)
    store.items.index_words()
    store.compact(at_least=2, indexed=False)  # the job of the search index does those
