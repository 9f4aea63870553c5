"""Judgment sets: made once, never changed."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import lancedb
import pyarrow as pa
from lancedb.expr import col, lit

from core.domain import JudgmentQuery, JudgmentSet, Pair
from core.errors import JudgmentError
from core.store.database import ensure_table, read_rows
from core.store.durable import Flusher

NAME = "judgment_sets"

SCHEMA = pa.schema(
    [
        pa.field("set_id", pa.string(), nullable=False),
        pa.field("created", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("payload", pa.string(), nullable=False),
    ]
)


class SetTable:
    """All judgment sets of one catalogue."""

    def __init__(self, database: lancedb.DBConnection) -> None:
        self._table = ensure_table(database, NAME, SCHEMA)
        self._flusher = Flusher(Path(str(database.uri)) / f"{NAME}.lance")
        self._known: dict[str, JudgmentSet] = {}

    def add(self, judgment_set: JudgmentSet) -> None:
        """Store a new set."""
        row = {
            "set_id": judgment_set.set_id,
            "created": judgment_set.created,
            "payload": _encode(judgment_set),
        }
        since = self._flusher.moment()
        self._table.add(pa.Table.from_pylist([row], schema=SCHEMA))
        self._flusher.flush(since)

    def all(self) -> tuple[JudgmentSet, ...]:
        """All sets, newest first."""
        rows = read_rows(self._table, SCHEMA.names).sort_by([("created", "descending")])
        return tuple(_decode(row) for row in rows.to_pylist())

    def get(self, set_id: str) -> JudgmentSet:
        """One set.

        Raises:
            JudgmentError: There is no such set.
        """
        if set_id not in self._known:
            rows = read_rows(self._table, SCHEMA.names, col("set_id") == lit(set_id)).to_pylist()
            if not rows:
                raise JudgmentError(f"There is no judgment set “{set_id[:80]}”.")
            self._known[set_id] = _decode(rows[0])
        return self._known[set_id]


def _encode(judgment_set: JudgmentSet) -> str:
    queries = {pair.query.query_id: pair.query for pair in judgment_set.pairs}
    return json.dumps(
        {
            "name": judgment_set.name,
            "guidelines": judgment_set.guidelines,
            "engines": judgment_set.engines,
            "depth": judgment_set.depth,
            "queries": [[q.query_id, q.text, q.item_id] for q in queries.values()],
            "pairs": [[pair.query.query_id, pair.item_id] for pair in judgment_set.pairs],
        },
        ensure_ascii=False,
    )


def _decode(row: dict[str, object]) -> JudgmentSet:
    payload = json.loads(str(row["payload"]))
    queries = {entry[0]: JudgmentQuery(*entry) for entry in payload["queries"]}
    created = row["created"]
    assert isinstance(created, datetime)  # noqa: S101 (the schema says so)
    return JudgmentSet(
        set_id=str(row["set_id"]),
        name=payload["name"],
        guidelines=payload["guidelines"],
        engines=tuple(payload["engines"]),
        depth=payload["depth"],
        pairs=tuple(Pair(queries[query_id], item_id) for query_id, item_id in payload["pairs"]),
        created=created,
    )
