"""What a catalogue's tables hold of one item, for pages that show several sides of it."""

from __future__ import annotations

from core.base.lazy import lazy
from core.domain import Item, Rewrite
from core.errors import no_item
from core.store.catalog_store import CatalogStore
from core.store.items import ItemRecord
from core.store.vectors import VectorRow


class ItemRows:
    """The rows of one item; each is read when it is first asked for, and once.

    Args:
        store: The catalogue's tables.
        item_id: The item.
        item: The item where it was read already.
    """

    def __init__(self, store: CatalogStore, item_id: str, item: Item | None = None) -> None:
        self._store, self._item_id, self._given = store, item_id, item
        self._rewrites: dict[str, Rewrite | None] = {}
        self._vectors: dict[str, VectorRow | None] = {}

    @property
    def item(self) -> Item:
        """The item; raises ``QueryError`` if it does not exist."""
        return self._given or self.record.item

    @lazy
    def record(self) -> ItemRecord:
        """The item with its keys; raises ``QueryError`` if it does not exist."""
        record = self._store.items.records([self._item_id]).get(self._item_id)
        if record is None:
            raise no_item(self._item_id, self._store.name)
        return record

    def rewrites(self, *keys: str) -> dict[str, Rewrite]:
        """Return the stored rewrites among these keys, by key."""
        new = [key for key in keys if key and key not in self._rewrites]
        if new:
            stored = self._store.rewrites.get(new)
            self._rewrites |= {key: stored.get(key) for key in new}
        return {key: text for key in keys if (text := self._rewrites.get(key)) is not None}

    def vectors(self, engine: str) -> VectorRow | None:
        """Return the item's vectors of an engine, or ``None`` if it has none."""
        if engine not in self._vectors:
            stored = self._store.vectors(engine).get([self._item_id])
            self._vectors[engine] = stored.get(self._item_id)
        return self._vectors[engine]
