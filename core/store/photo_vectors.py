"""The vectors of items' further photos, for catalogues in which the best photo counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

import lancedb

from core.store.vectors import VectorRow, VectorTable, to_arrow


class PhotoVectorTable(VectorTable):
    """The vectors that one engine has of further photos: a row per photo, several per item.

    All rows of an item have the same content key.
    """

    def __init__(
        self,
        database: lancedb.DBConnection,
        engine: str,
        age: timedelta = timedelta(0),
        index_bytes: int | None = None,
    ) -> None:
        super().__init__(database, engine, age, index_bytes)
        self.name = f"photo_vectors_{engine}"

    def replace(self, item_ids: Collection[str], rows: Sequence[VectorRow]) -> None:
        """Replace all rows of some items."""
        self.delete(item_ids)
        if rows:
            self._existing().add(to_arrow(rows))

    def best(
        self, near: Sequence[tuple[str, str, float]], further: Sequence[tuple[str, str, float]]
    ) -> list[tuple[str, str, float]]:
        """Join the answers of ``nearest`` for first and further photos: each item's best photo."""
        joined: dict[str, tuple[str, str, float]] = {}
        for entry in (*near, *further):
            present = joined.get(entry[0])
            if present is None or entry[2] > present[2]:
                joined[entry[0]] = entry
        return sorted(joined.values(), key=lambda entry: (-entry[2], entry[0]))
