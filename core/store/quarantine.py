"""Rows that were left out at the last indexing, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import lancedb
import pyarrow as pa

from core.domain import QuarantinedRow
from core.store.database import count_rows, ensure_table, read_rows, with_metadata

NAME = "quarantine"

SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("field", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)


class QuarantineTable:
    """The quarantine of one catalogue; each indexing run replaces it as a whole."""

    def __init__(self, database: lancedb.DBConnection) -> None:
        self._database = database
        self._table = ensure_table(database, NAME, SCHEMA)

    def replace(self, rows: Sequence[QuarantinedRow]) -> None:
        """Replace all rows in one commit."""
        data = pa.Table.from_pylist([asdict(row) for row in rows], schema=SCHEMA)
        if self.count() == 0 and not rows:
            return
        self._table = self._database.create_table(
            NAME, data.cast(with_metadata(SCHEMA)), mode="overwrite"
        )

    def all(self) -> tuple[QuarantinedRow, ...]:
        """Return all rows, in the order of the file."""
        rows = read_rows(self._table, SCHEMA.names).to_pylist()
        quarantined = (QuarantinedRow(**row) for row in rows)
        return tuple(sorted(quarantined, key=lambda row: (row.row, row.item_id)))

    def count(self) -> int:
        """Return the number of rows."""
        return count_rows(self._table)
