"""The ids of events that are stored already, in eight bytes each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.experiments.event_log import EventLog


class StoredIds:
    """Tells which ids are stored already, by 64-bit hashes: eight bytes for each."""

    def __init__(self, log: EventLog) -> None:
        parts = [_hashes(ids) for ids in log.ids()]
        self._stored = np.sort(np.concatenate(parts)) if parts else np.empty(0, np.uint64)

    def new(self, rows: pa.Table) -> pa.Table:
        """Return the rows whose id is not stored."""
        if not len(self._stored):
            return rows
        hashes = _hashes(rows["event_id"])
        places = np.searchsorted(self._stored, hashes).clip(max=len(self._stored) - 1)
        return rows.filter(pa.array(self._stored[places] != hashes))


def _hashes(ids: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    from pandas.util import hash_array

    hashes: npt.NDArray[np.uint64] = hash_array(
        ids.to_numpy(zero_copy_only=False).astype(object), categorize=False
    )
    return hashes
