"""Where a cosine stands among all cosines between its query and the catalogue.

For a query vector the cosines to all items have a mean and a standard deviation that follow from
the catalogue's mean and covariance alone (``core.store.statistics``). A hit's z-score is comparable
between text and pictures, engines and catalogues.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from core.errors import CatalogDamaged
from core.ports.engines import EngineModel
from core.store.catalog_store import CatalogStore
from core.store.statistics import CosineStatistics
from core.store.vectors import Vectors, VectorTable

#: Fewest items for z-scores to mean much (n items allow z-scores up to √n).
SMALLEST = 50
#: Number of vectors for temporary statistics while the first indexing runs.
_SAMPLE = 2_000


@dataclass(frozen=True, slots=True)
class Standing:
    """Mean and standard deviation of the cosines between one query and all items."""

    mean: float
    deviation: float
    items: int

    @classmethod
    def of(cls, query: Vectors, statistics: CosineStatistics) -> Standing:
        """Compute them for ``query`` ``[d] float32``."""
        return cls(*statistics.moments(query), statistics.rows)

    def zscore(self, cosine: float) -> float:
        """Return the standard deviations above the mean; 0 if all cosines are equal."""
        return (cosine - self.mean) / self.deviation if self.deviation > 1e-6 else 0.0


class StatisticsCache:
    """The cosine statistics of a catalogue's engines, read again where they have changed.

    Args:
        store: The catalogue's tables.
    """

    def __init__(self, store: CatalogStore) -> None:
        self._store = store
        self._read: dict[str, tuple[object, CosineStatistics]] = {}
        self._lock = threading.Lock()

    def of(self, model: EngineModel, table: VectorTable) -> CosineStatistics:
        """Return the stored statistics; if missing or damaged, those of a sample of vectors."""
        try:
            stored = self._stored(model)
        except CatalogDamaged:  # the overview reports the table; search works without it
            stored = None
        if stored is not None:
            return stored
        sample = table.matrix(_SAMPLE)
        if not len(sample):
            sample = np.zeros((1, model.encoder.dim), np.float32)
        return CosineStatistics.of(sample)

    def _stored(self, model: EngineModel) -> CosineStatistics | None:
        version: object = (self._store.statistics.version, model.fingerprint)
        with self._lock:
            cached = self._read.get(model.name)
        if cached is not None and cached[0] == version:
            return cached[1]
        stored = self._store.statistics.read(model.name, model.fingerprint)
        if stored is not None:
            with self._lock:
                self._read[model.name] = (version, stored)
        return stored
