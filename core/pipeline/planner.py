"""Plan the work for items by comparing keys: no model is loaded, no result is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.pipeline.stages import Task
from core.ports.engines import IndexingModels
from core.store.catalog_store import CatalogStore
from core.store.items import ItemRecord
from core.store.vectors import StoredState


class Planner:
    """Plan against the vectors stored at the time of construction."""

    def __init__(self, store: CatalogStore, models: IndexingModels) -> None:
        self._models = models
        self._stored: dict[str, dict[str, StoredState]] = {
            model.name: store.vectors(model.name).state() for model in models.engines
        }

    def tasks(self, records: Iterable[ItemRecord]) -> list[Task]:
        """Return one task per item that is not up to date."""
        return list(self._needed(records))

    def _needed(self, records: Iterable[ItemRecord]) -> Iterator[Task]:
        for record in records:
            item = record.item
            stale = tuple(
                model
                for model in self._models.engines
                if (stored := self._stored[model.name].get(item.item_id)) is None
                or stored.key != self._models.vector_key(model, item)
            )
            rewrite_key = self._models.rewrite_key(item)
            if stale or (rewrite_key and record.rewrite_key != rewrite_key):
                yield Task(record, stale, self._models.grounding_key(item), rewrite_key)
