"""A vector table that is large enough for an index, of points that are made."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from core.store import frozen_rows, vector_index
from core.store.catalog_store import CatalogStore
from core.store.vectors import VectorRow, VectorTable

ROWS, DIM = 600, 16


def points(rows: int, seed: int = 0) -> np.ndarray:
    """Return points of all directions."""
    made = np.random.default_rng(seed).normal(size=(rows, DIM)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def row(number: int, vector: np.ndarray) -> VectorRow:
    """Return the row of a point, every fiftieth of another department."""
    department = "garden" if number % 50 == 0 else "home"
    name, phash = f"{number:04}", f"{number:016x}"
    return VectorRow(name, "k", "g", "r", department, "chair", phash, vector, vector, vector)


def large_table(
    folder: Path, patch: pytest.MonkeyPatch, index_bytes: int | None = None
) -> VectorTable:
    """Return a table above the limit, without an index, of the first ``ROWS`` points."""
    patch.setattr(vector_index, "EXACT_LIMIT", 500)
    patch.setattr(frozen_rows, "SETTLED", 0.0)
    table = CatalogStore(folder, index_bytes=index_bytes).vectors("clip")
    table.prepare("f", DIM, 0.0)
    table.upsert([row(number, vector) for number, vector in enumerate(points(ROWS))])
    return table


def closest(query: np.ndarray, count: int = 20) -> list[str]:
    """Return the names of the truly closest of the first ``ROWS`` points."""
    order = np.argsort(-(points(ROWS) @ query))[:count]
    return [f"{number:04}" for number in order]


def frozen_search(table: VectorTable, *given):
    """Search until the rows are frozen, which happens in the background."""
    for _ in range(100):
        answer = table.nearest(*given)
        for thread in threading.enumerate():
            if thread.name == "freezer":
                thread.join()
        if table._freezer._frozen is not None:
            return table.nearest(*given)
    raise AssertionError(f"never frozen; the last answer was {answer}")
