"""Mean and covariance of an engine's item vectors, from which any query's score is judged."""

from __future__ import annotations

from dataclasses import dataclass

import lancedb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from core.store.database import ensure_table, read_by, upsert, version_of

NAME = "statistics"

#: Larger catalogues are sampled evenly.
SAMPLE = 50_000

SCHEMA = pa.schema(
    [
        pa.field("engine", pa.string(), nullable=False),
        pa.field("fingerprint", pa.string(), nullable=False),
        pa.field("digest", pa.string(), nullable=False),
        pa.field("rows", pa.int64(), nullable=False),
        pa.field("mean", pa.list_(pa.float32()), nullable=False),
        pa.field("covariance", pa.list_(pa.float32()), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class CosineStatistics:
    """How cosines to a catalogue's vectors are distributed, for any query vector.

    For a query ``q`` the cosines over all items have mean ``q·μ`` and variance ``qᵀΣq``: exact, and
    without reading the items again.

    Attributes:
        rows: Number of vectors they were computed from.
        mean: μ, ``[d] float32``.
        covariance: Σ, ``[d, d] float32``.
    """

    rows: int
    mean: npt.NDArray[np.float32]
    covariance: npt.NDArray[np.float32]

    @classmethod
    def of(cls, vectors: npt.NDArray[np.float32]) -> CosineStatistics:
        """Compute the statistics of ``[n, d] float32`` vectors, n ≥ 1."""
        mean = vectors.mean(axis=0)
        centred = vectors - mean
        return cls(len(vectors), mean, (centred.T @ centred) / len(vectors))

    def moments(self, query: npt.NDArray[np.float32]) -> tuple[float, float]:
        """Return mean and standard deviation of the cosines between a query and all items."""
        variance = float(query @ self.covariance @ query)
        return float(query @ self.mean), max(variance, 0.0) ** 0.5


class StatisticsTable:
    """Statistics per engine."""

    def __init__(self, database: lancedb.DBConnection) -> None:
        self._table = ensure_table(database, NAME, SCHEMA)

    @property
    def version(self) -> int:
        """Version of the table; it grows with every change."""
        return version_of(self._table)

    def digest(self, engine: str) -> str:
        """Return the content digest that the engine's statistics were stored with, or empty."""
        rows = read_by(self._table, "engine", [engine], ["digest"])["digest"].to_pylist()
        return rows[0] if rows else ""

    def write(
        self, engine: str, fingerprint: str, digest: str, statistics: CosineStatistics
    ) -> None:
        """Store the statistics of one engine; ``digest`` names the vectors they are of."""
        row = {
            "engine": engine,
            "fingerprint": fingerprint,
            "digest": digest,
            "rows": statistics.rows,
            "mean": statistics.mean,
            "covariance": statistics.covariance.ravel(),
        }
        upsert(self._table, "engine", pa.Table.from_pylist([row], schema=SCHEMA))

    def read(self, engine: str, fingerprint: str) -> CosineStatistics | None:
        """Read the statistics of one engine; ``None`` if there are none for this fingerprint."""
        for row in read_by(self._table, "engine", [engine], SCHEMA.names).to_pylist():
            if row["fingerprint"] == fingerprint:
                mean = np.array(row["mean"], np.float32)
                covariance = np.array(row["covariance"], np.float32).reshape(len(mean), -1)
                return CosineStatistics(row["rows"], mean, covariance)
        return None
