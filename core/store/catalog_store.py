"""All tables of one catalogue, and where they are on disk."""

from __future__ import annotations

from pathlib import Path

from core.store import stage_results
from core.store.corrections import CorrectionTable
from core.store.database import compact, find_table, fragments, open_database
from core.store.items import ItemTable
from core.store.meta import MetaTable
from core.store.quarantine import QuarantineTable
from core.store.rewrite_runs import RewriteRunTable
from core.store.statistics import StatisticsTable
from core.store.vectors import VectorTable

#: A table is compacted when it has this many fragments.
COMPACT_AFTER = 24


class CatalogStore:
    """The tables of the catalogue in ``root`` (``DATA_DIR/catalogs/<name>``).

    Opening creates what is missing. Any number of processes may read and add corrections; all
    other writing is the indexing job's alone (see ``core.pipeline.job``).
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.name = root.name
        self.database = open_database(root / "lance")
        self.items = ItemTable(self.database)
        self.groundings = stage_results.groundings(self.database)
        self.rewrites = stage_results.rewrites(self.database)
        self.rewrite_runs = RewriteRunTable(self.database)
        self.corrections = CorrectionTable(self.database, self.rewrite_runs)
        self.quarantine = QuarantineTable(self.database)
        self.statistics = StatisticsTable(self.database)
        self.meta = MetaTable(self.database)
        self._vectors: dict[str, VectorTable] = {}

    def vectors(self, engine: str) -> VectorTable:
        """The vectors of one engine."""
        return self._vectors.setdefault(engine, VectorTable(self.database, engine))

    def engines(self) -> tuple[str, ...]:
        """Names of the engines that have a vector table, sorted."""
        names = self.database.list_tables(limit=1000).tables
        found = (name.removeprefix("vectors_") for name in names if name.startswith("vectors_"))
        return tuple(sorted(found))

    def compact(self, at_least: int = COMPACT_AFTER) -> None:
        """Compact the tables that have ``at_least`` fragments, and refresh their indices."""
        for name in self.database.list_tables(limit=1000).tables:
            table = find_table(self.database, name)
            if table is not None and fragments(table) >= at_least:
                compact(table)
