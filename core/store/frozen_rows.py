"""Search one version of a large vector table: row numbers from its index, ids from memory.

A search through a table's handle looks for a newer version first and reads columns of each result
from disk; both take longer than the index itself. Here the handle stays at one version, and the
ids of that version's rows are in memory.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from lancedb import AsyncTable, DBConnection
from lancedb.background_loop import LOOP
from lancedb.table import LanceTable

from core.domain.search_index import Breadth
from core.store.damage import reading
from core.store.index_kinds import widened

Vectors = npt.NDArray[np.float32]

#: Name of the index over the searched vectors.
VECTOR_INDEX = "vector_idx"
#: How long a version must be the latest before it is frozen, seconds; during writes versions change
#: often.
SETTLED = 2.0


@dataclass(frozen=True, slots=True)
class FrozenRows:
    """A vector table at one version.

    Attributes:
        version: The version.
        table: A handle that stays at it.
        row_ids: LanceDB's ids of all rows, ascending, ``[n] uint64``.
        item_ids: The items of these rows.
        hashes: The perceptual hashes of their photos.
    """

    version: int
    table: AsyncTable
    row_ids: npt.NDArray[np.uint64]
    item_ids: pa.Array
    hashes: pa.Array

    @classmethod
    def of(cls, database: DBConnection, name: str) -> FrozenRows:
        """Freeze the latest version and load its index; takes seconds where it is large.

        Raises:
            CatalogDamaged: The table can't be read.
        """
        opened = cast("LanceTable", database.open_table(name))
        with reading(opened):
            version = int(opened.version)
            opened.checkout(version)
            rows = opened.search().select(["item_id", "phash"]).with_row_id(True).to_arrow()
            opened.prewarm_index(VECTOR_INDEX)
        rows = rows.sort_by("_rowid").combine_chunks()
        ids, hashes = (rows[name].combine_chunks() for name in ("item_id", "phash"))
        return cls(version, opened._table, rows["_rowid"].to_numpy(), ids, hashes)

    def nearest(self, query: Vectors, count: int, breadth: Breadth) -> list[tuple[str, str, float]]:
        """Return ``(item id, phash, cosine)`` of the items closest to a query, best first.

        Args:
            query: ``[d] float32, L2-normalised``.
            count: How many at most.
            breadth: How widely the index is searched.
        """
        rows, distances = self.search(query, count, breadth)
        places = pa.array(np.searchsorted(self.row_ids, rows))
        ids, hashes = self.item_ids.take(places), self.hashes.take(places)
        cosines = (1 - distances).tolist()
        return list(zip(ids.to_pylist(), hashes.to_pylist(), cosines, strict=True))

    def search(
        self, query: Vectors, count: int, breadth: Breadth
    ) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.float32]]:
        """Return row ids and cosine distances of the closest rows."""
        with reading(self.table.name):
            # The loop that LanceDB's own synchronous tables use: 0.5 ms quicker than they are.
            rows = LOOP.run(_search(self.table, query, count, breadth))  # type: ignore[no-untyped-call]
        return rows["_rowid"].to_numpy(), rows["_distance"].to_numpy()


async def _search(table: AsyncTable, query: Vectors, count: int, breadth: Breadth) -> pa.Table:
    search = table.query().nearest_to(query).column("vector")
    search = widened(search.distance_type("cosine").limit(count), breadth, count)
    return await search.select(["_distance"]).with_row_id().to_arrow()


class Freezer:
    """Keeps the frozen rows of one table; safe to use from several threads.

    Args:
        freeze: Freezes the latest version.
    """

    def __init__(self, freeze: Callable[[], FrozenRows]) -> None:
        self._freeze = freeze
        self._lock = threading.Lock()
        self._frozen: FrozenRows | None = None
        self._seen, self._since, self._busy = -1, 0.0, False

    def at(self, version: int) -> FrozenRows | None:
        """Return the rows of the latest version; ``None`` until a thread has frozen them."""
        with self._lock:
            frozen = self._frozen
            if frozen is not None and frozen.version == version:
                return frozen
            if self._seen != version:
                self._seen, self._since, self._frozen = version, time.monotonic(), None
            if self._busy or time.monotonic() - self._since < SETTLED:
                return None
            self._busy = True
        threading.Thread(target=self._run, name="freezer", daemon=True).start()
        return None

    def now(self) -> FrozenRows:
        """Freeze the latest version in this thread."""
        frozen = self._freeze()
        with self._lock:
            self._frozen, self._seen = frozen, frozen.version
        return frozen

    def _run(self) -> None:
        try:
            self.now()
        finally:
            with self._lock:
                self._busy = False
