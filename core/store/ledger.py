"""The ledger of paid language model calls of a data directory.

Two append-only tables beside the catalogues: ``calls`` (one row per answer, under the hash of the
question) and ``batches`` (what was handed in to be answered later, and what was fetched). They are
shared by all catalogues, so the same photo and listing in two catalogues are paid for once.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from lancedb.expr import Expr, col, lit
from pyarrow.json import ParseOptions, read_json

from core.base.locks import AS_LONG_AS_IT_TAKES, file_lock
from core.domain.usage import NOTHING, Call, IntendedBatch, OpenBatch, Spent, Usage
from core.store.database import (
    IN_LIMIT,
    add_missing_columns,
    compact,
    ensure_table,
    fragments,
    open_database,
    read_by,
    read_rows,
)

CALLS = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("role", pa.string(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("batch", pa.bool_(), nullable=False),
        pa.field("usage", pa.string(), nullable=False),
        pa.field("dollars", pa.float64()),
        pa.field("body", pa.string(), nullable=False),
    ]
)
BATCHES = pa.schema(
    [
        pa.field("event", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("batch_id", pa.string(), nullable=False),
        pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("server", pa.string(), nullable=False),
        pa.field("questions", pa.string(), nullable=False),
        pa.field("most_tokens", pa.int64()),
        pa.field("most_dollars", pa.float64()),
    ]
)

#: How the column ``usage`` is read; names that this version does not know are left out.
_USAGE = ParseOptions(
    explicit_schema=pa.schema([(field.name, pa.int64()) for field in fields(Usage)]),
    unexpected_field_behavior="ignore",
)

#: Number of fragments from which appending also compacts; each append makes one.
COMPACT_AFTER = 128


class Ledger:
    """The tables of one data directory, or of a shard; safe with several threads and processes.

    Args:
        data_dir: The data directory.
        folder: Where the tables are, if they are a shard's.
    """

    def __init__(self, data_dir: Path, folder: Path | None = None) -> None:
        folder = folder or data_dir / "agent"
        database = open_database(folder)
        self._calls = ensure_table(database, "calls", CALLS)
        self._batches = ensure_table(database, "batches", BATCHES)
        add_missing_columns(self._batches, BATCHES, folder / ".columns")
        self._batch_lock_file = folder / ".batches"
        self._lock = threading.Lock()
        self._keys: set[str] = set()
        self._version = -1
        self._cost = (-1, NOTHING)

    def get(self, key: str) -> Call | None:
        """Return the stored answer to a question, of any process, or ``None``."""
        with self._lock:
            if key not in self._keys:
                version = self._calls.version
                if version != self._version:
                    self._keys.update(read_rows(self._calls, ["key"])["key"].to_pylist())
                    self._version = version
            if key not in self._keys:
                return None
        rows = read_rows(self._calls, CALLS.names, col("key") == lit(key), limit=1).to_pylist()
        return _call(rows[0]) if rows else None

    def add(self, calls: Iterable[Call]) -> None:
        """Store answers; when this returns, they are on disk."""
        new = list(calls)
        now = datetime.now(UTC)
        rows = [
            {
                "key": call.key,
                "at": now,
                "role": call.role,
                "model": call.model,
                "batch": call.batch,
                "usage": json.dumps(asdict(call.spent.usage)),
                "dollars": call.spent.dollars,
                "body": json.dumps(call.body, ensure_ascii=False),
            }
            for call in new
        ]
        with self._lock:
            if rows:
                self._calls.add(pa.Table.from_pylist(rows, schema=CALLS))
                if fragments(self._calls) >= COMPACT_AFTER:
                    compact(self._calls)
            self._keys.update(call.key for call in new)

    def spent(self) -> Spent:
        """Return the total cost of its answers; they are read again only when there are more."""
        with self._lock:
            version = self._calls.version
            if self._cost[0] != version:
                self._cost = (version, _total(read_rows(self._calls, ["usage", "dollars"])))
            return self._cost[1]

    def keys(self) -> set[str]:
        """Return the keys of all answers."""
        return set(read_rows(self._calls, ["key"])["key"].to_pylist())

    def cost_of_missing(self, other: Ledger) -> Spent:
        """Return the cost of another ledger's answers that this one lacks."""
        rows = read_rows(other._calls, ["key", "usage", "dollars"])
        own = read_rows(self._calls, ["key"])["key"].combine_chunks()
        return _total(rows.filter(pc.invert(pc.is_in(rows["key"], value_set=own))))

    def take_in(self, other: Ledger) -> int:
        """Add the answers of another ledger that this one lacks; return how many.

        What is added once is not added again, so a merge that was killed can be done again. One
        process at a time merges into a ledger.
        """
        missing, added = sorted(other.keys() - self.keys()), 0
        for start in range(0, len(missing), IN_LIMIT):
            rows = read_by(other._calls, "key", missing[start : start + IN_LIMIT], CALLS.names)
            calls = {row["key"]: _call(row) for row in rows.to_pylist()}
            self.add(calls.values())
            added += len(calls)
        return added

    # ── batches ──────────────────────────────────────────────────────────────────────────────
    @property
    def batch_lock(self) -> AbstractContextManager[None]:
        """Held while batches are handed in or fetched, so that jobs do it one after another."""
        return file_lock(self._batch_lock_file, AS_LONG_AS_IT_TAKES)

    def intend(self, model: str, server: str, roles: dict[str, str], most: Spent = NOTHING) -> str:
        """Record a batch that is about to be submitted; return the record's name."""
        name = uuid.uuid4().hex
        self._event("intended", name, "", model, server, roles, most)
        return name

    def handed_in(
        self, batch_id: str, model: str, server: str, roles: dict[str, str], name: str,
        most: Spent = NOTHING,
    ) -> None:  # fmt: skip
        """Record that the server has accepted the batch."""
        self._event("handed in", name, batch_id, model, server, roles, most)

    def dropped(self, name: str, model: str, server: str) -> None:
        """Record that the server has not accepted the batch."""
        self._event("dropped", name, "", model, server, {})

    def fetched(self, batch_id: str, model: str, server: str) -> None:
        """Record that a batch's answers are stored, or lost."""
        self._event("fetched", "", batch_id, model, server, {})

    def intended_batches(
        self, model: str | None = None, server: str | None = None
    ) -> list[IntendedBatch]:
        """Return the recorded batches with an unknown outcome, oldest first; ``None`` is any."""
        rows = self._events(model, server)
        settled = {row["name"] for row in rows if row["event"] != "intended"}
        left = [r for r in rows if r["event"] == "intended" and r["name"] not in settled]
        roles = self._roles("intended", "name", left)
        return [IntendedBatch(r["name"], r["at"], roles[r["name"]], _most(r)) for r in left]

    def open_batches(self, model: str | None = None, server: str | None = None) -> list[OpenBatch]:
        """Return the submitted batches whose answers are not fetched, oldest first."""
        rows = self._events(model, server)
        done = {_batch(row) for row in rows if row["event"] == "fetched"}
        left = [r for r in rows if r["event"] == "handed in" and _batch(r) not in done]
        roles = self._roles("handed in", "batch_id", left)
        return [OpenBatch(r["batch_id"], roles[r["batch_id"]], r["at"], _most(r)) for r in left]

    def batch_ids(self, model: str, server: str) -> set[str]:
        """Return the ids of all submitted batches, fetched or not."""
        rows = self._events(model, server)
        return {row["batch_id"] for row in rows if row["event"] == "handed in"}

    def _events(self, model: str | None, server: str | None) -> list[dict[str, Any]]:
        """Return all events without their questions, which are many and seldom needed."""
        columns = [name for name in BATCHES.names if name != "questions"]
        mine: Expr | None = None
        if model is not None and server is not None:
            mine = (col("model") == lit(model)) & (col("server") == lit(server))
        events: list[dict[str, Any]] = (
            read_rows(self._batches, columns, mine).sort_by("at").to_pylist()
        )
        return events

    def _roles(
        self, event: str, column: str, rows: Sequence[dict[str, Any]]
    ) -> dict[str, dict[str, str]]:
        """Return the questions of some batches, by the value of ``column``."""
        columns = ["event", column, "questions"]
        stored = read_by(self._batches, column, (row[column] for row in rows), columns).to_pylist()
        return {
            row[column]: json.loads(row["questions"]) for row in stored if row["event"] == event
        }

    def _event(
        self, event: str, name: str, batch_id: str, model: str, server: str, roles: dict[str, str],
        most: Spent = NOTHING,
    ) -> None:  # fmt: skip
        row = {
            "event": event,
            "name": name,
            "batch_id": batch_id,
            "at": datetime.now(UTC),
            "model": model,
            "server": server,
            "questions": json.dumps(roles),
            "most_tokens": most.usage.tokens,
            "most_dollars": most.dollars,
        }
        with self._lock:
            self._batches.add(pa.Table.from_pylist([row], schema=BATCHES))
            if fragments(self._batches) >= COMPACT_AFTER:
                compact(self._batches)


class ShardLedger(Ledger):
    """The ledger of a shard: an answer that the data directory's ledger has is not paid again.

    Args:
        base: The data directory's ledger, which is only read.
        folder: The shard's folder.
    """

    def __init__(self, base: Ledger, folder: Path) -> None:
        super().__init__(folder, folder)
        self._base = base

    def get(self, key: str) -> Call | None:
        """Return the stored answer to a question, of this ledger or the base."""
        return super().get(key) or self._base.get(key)


def _batch(row: dict[str, Any]) -> tuple[str, str, str]:
    """Return what names a batch: two servers may give the same id."""
    return row["batch_id"], row["model"], row["server"]


def _most(row: dict[str, Any]) -> Spent:
    return Spent(Usage(input_tokens=row["most_tokens"] or 0), row["most_dollars"])


def _total(rows: pa.Table) -> Spent:
    """Add the costs of answers by column: there may be millions."""
    if not rows.num_rows:
        return NOTHING
    lines = "\n".join(rows["usage"].to_pylist()).encode()
    usage = read_json(pa.BufferReader(lines), parse_options=_USAGE)
    tokens = {name: pc.sum(usage[name]).as_py() or 0 for name in usage.column_names}
    dollars = None if rows["dollars"].null_count else pc.sum(rows["dollars"]).as_py()
    return Spent(Usage(**tokens), dollars)


def _spent(row: dict[str, Any]) -> Spent:
    return Spent(Usage(**json.loads(row["usage"])), row["dollars"])


def _call(row: dict[str, Any]) -> Call:
    body = json.loads(row["body"])
    return Call(row["key"], row["role"], row["model"], body, _spent(row), row["batch"])
