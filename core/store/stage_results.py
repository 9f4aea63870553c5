"""Append-only tables of stage results, keyed by what each result depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar

import lancedb
import pyarrow as pa
from lancedb.table import Table

from core.domain import Grounding, Rewrite
from core.store import codec
from core.store.database import ensure_table, insert_new, read_by, read_rows
from core.store.row_decoding import decoded

T = TypeVar("T")

SCHEMA = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("fingerprint", pa.string(), nullable=False),
        pa.field("payload", pa.string(), nullable=False),
    ]
)


class StageTable(Generic[T]):
    """Results of one stage; a key depends on inputs and model, so a result never changes."""

    def __init__(
        self,
        database: lancedb.DBConnection,
        name: str,
        encode: Callable[[T], str],
        decode: Callable[[str], T],
        fingerprint: Callable[[T], str],
    ) -> None:
        self._table = ensure_table(database, name, SCHEMA)
        self._encode, self._decode, self._fingerprint = encode, decode, fingerprint

    @property
    def table(self) -> Table:
        """The LanceDB table."""
        return self._table

    def add(self, results: Mapping[str, T]) -> None:
        """Store results under their keys; existing keys keep their result."""
        insert_new(self._table, "key", self._rows(results))

    def append(self, key: str, result: T) -> None:
        """Store one result under a unique key; safe with any number of processes."""
        self.append_all({key: result})

    def append_all(self, results: Mapping[str, T]) -> None:
        """Store results without looking for their keys first; any number of processes may.

        A key that is there already lies in the table twice then, with the same result.
        """
        rows = self._rows(results)
        if rows.num_rows:
            self._table.add(rows)

    def get(self, keys: Iterable[str]) -> dict[str, T]:
        """Read results by key; missing and unreadable results are left out."""
        rows = read_by(self._table, "key", keys, ["key", "payload"]).to_pylist()
        results = decoded(rows, lambda row: self._decode(row["payload"]), self._table.name, "key")
        return {row["key"]: result for row, result in results}

    def _rows(self, results: Mapping[str, T]) -> pa.Table:
        rows = [
            {"key": key, "fingerprint": self._fingerprint(result), "payload": self._encode(result)}
            for key, result in results.items()
        ]
        return pa.Table.from_pylist(rows, schema=SCHEMA)

    def keys(self) -> set[str]:
        """Return all keys."""
        return set(read_rows(self._table, ["key"])["key"].to_pylist())


def groundings(database: lancedb.DBConnection) -> StageTable[Grounding]:
    """Return the table of groundings."""
    return StageTable(
        database,
        "groundings",
        codec.grounding_to_json,
        codec.grounding_from_json,
        lambda grounding: grounding.fingerprint,
    )


def rewrites(database: lancedb.DBConnection) -> StageTable[Rewrite]:
    """Return the table of rewrites."""
    return StageTable(
        database,
        "rewrites",
        codec.rewrite_to_json,
        codec.rewrite_from_json,
        lambda rewrite: rewrite.fingerprint,
    )
