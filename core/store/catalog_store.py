"""All tables of one catalogue, and where they are on disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

import lancedb

from core.base.buckets import bucket_of
from core.domain import Grounding, Item, Rewrite
from core.errors import no_item
from core.store import stage_results
from core.store.corrections import CorrectionTable
from core.store.database import FRESH, compact, find_table, fragments, open_database
from core.store.items import ItemTable
from core.store.meta import MetaTable
from core.store.photo_vectors import PhotoVectorTable
from core.store.quarantine import QuarantineTable
from core.store.rewrite_runs import RewriteRunTable
from core.store.stage_results import StageTable
from core.store.statistics import StatisticsTable
from core.store.vector_index import has_index
from core.store.vectors import VectorTable

T = TypeVar("T")

#: A table is compacted when it has this many fragments.
COMPACT_AFTER = 24


class CatalogStore:
    """The tables of the catalogue in ``root`` (``DATA_DIR/catalogs/<name>``).

    A table is opened, or made if it is missing, at its first use, so a damaged table does not
    affect the others. Any number of processes may read and add corrections; all other writing is
    the indexing job's alone (see ``core.pipeline.indexing_job``).

    Args:
        root: The catalogue's folder.
        age: How old what is read may be in a bucket; see ``open_database``.
        index_bytes: Most memory of a search index with full vectors; larger ones are compressed.
            ``None`` is any.

    Raises:
        CatalogDamaged: From any table that can't be read.
    """

    def __init__(
        self, root: Path, age: timedelta = timedelta(0), index_bytes: int | None = None
    ) -> None:
        self.root, self._index_bytes = root, index_bytes
        self.name = root.name
        self.database = open_database(root / "lance", age)
        self._age = age
        self._searched: CatalogStore | None = None
        self._opened: dict[str, Any] = {}
        self._lock = threading.RLock()

    def for_searches(self) -> CatalogStore:
        """Return what searches read: in a bucket, tables that ask for a newer version seldom.

        A search reads each table several times, and in a bucket each look is a question to the
        store. Writers read through this store, which looks each time.
        """
        if bucket_of(self.root) is None:
            return self
        with self._lock:
            self._searched = self._searched or CatalogStore(self.root, FRESH, self._index_bytes)
            return self._searched

    def item(self, item_id: str) -> Item:
        """Return one item.

        Raises:
            QueryError: There is no such item.
        """
        items = self.items.get([item_id])
        if item_id not in items:
            raise no_item(item_id, self.name)
        return items[item_id]

    @property
    def items(self) -> ItemTable:
        """The items."""
        return self._table("items", ItemTable)

    @property
    def groundings(self) -> StageTable[Grounding]:
        """Results of the grounding stage."""
        return self._table("groundings", stage_results.groundings)

    @property
    def rewrites(self) -> StageTable[Rewrite]:
        """Results of the rewriting stage."""
        return self._table("rewrites", stage_results.rewrites)

    @property
    def rewrite_runs(self) -> RewriteRunTable:
        """Runs of the rewriting agent."""
        return self._table("rewrite_runs", RewriteRunTable)

    @property
    def corrections(self) -> CorrectionTable:
        """Corrections of single items by people."""
        return self._table("corrections", lambda base: CorrectionTable(base, self.rewrite_runs))

    @property
    def quarantine(self) -> QuarantineTable:
        """Rows that were left out."""
        return self._table("quarantine", QuarantineTable)

    @property
    def statistics(self) -> StatisticsTable:
        """Statistics per engine."""
        return self._table("statistics", StatisticsTable)

    @property
    def meta(self) -> MetaTable:
        """Facts of the catalogue as a whole."""
        return self._table("meta", MetaTable)

    def vectors(self, engine: str) -> VectorTable:
        """Return the vectors of one engine."""
        return self._table(
            f"vectors_{engine}",
            lambda base: VectorTable(base, engine, self._age, self._index_bytes),
        )

    def photo_vectors(self, engine: str) -> PhotoVectorTable:
        """Return the vectors that one engine has of items' further photos."""
        return self._table(
            f"photo_vectors_{engine}",
            lambda base: PhotoVectorTable(base, engine, self._age, self._index_bytes),
        )

    def engines(self) -> tuple[str, ...]:
        """Return names of the engines that have a vector table, sorted."""
        names = self.database.list_tables(limit=1000).tables
        engines = (name.removeprefix("vectors_") for name in names if name.startswith("vectors_"))
        return tuple(sorted(engines))

    def release(self, name: str) -> None:
        """Close a table whose files were replaced, so that its next use opens it again."""
        with self._lock:
            self._opened.pop(name, None)
            if self._searched is not None:
                self._searched.release(name)

    def compact(self, at_least: int = COMPACT_AFTER, *, indexed: bool = True) -> None:
        """Compact the tables that have ``at_least`` fragments, and refresh their indices.

        Args:
            at_least: Fewest fragments of a table that is compacted.
            indexed: False leaves out tables with an index over vectors, which takes long to
                refresh.
        """
        for name in self.database.list_tables(limit=1000).tables:
            table = find_table(self.database, name)
            if table is None or (not indexed and has_index(table)):
                continue
            if fragments(table) >= at_least:
                compact(table)

    def _table(self, name: str, make: Callable[[lancedb.DBConnection], T]) -> T:
        with self._lock:
            if name not in self._opened:
                self._opened[name] = make(self.database)
            return cast("T", self._opened[name])
