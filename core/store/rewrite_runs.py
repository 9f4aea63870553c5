"""The record of every run of the rewriting agent over a catalogue's items: append-only."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lancedb
import pyarrow as pa
from lancedb.expr import col, lit

from core.domain import RewriteRun, Spent, Usage
from core.store import codec
from core.store.database import compact, ensure_table, fragments, read_rows, version_of
from core.store.row_decoding import decoded

NAME = "rewrite_runs"

SCHEMA = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("at", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("inputs", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("asked_by", pa.string(), nullable=False),
        pa.field("payload", pa.string(), nullable=False),
    ]
)
_INDEXED = ("run_id", "at", "item_id", "inputs", "key", "model", "asked_by")

#: Every append is a fragment of its own; from this many on, appending also compacts.
COMPACT_AFTER = 64


@dataclass(frozen=True, slots=True)
class RunState:
    """The inputs of a run and the key of its rewrite (empty if there is none)."""

    inputs: str
    key: str
    model: str
    asked_by: str


class RewriteRunTable:
    """Runs of one catalogue; safe with several threads and processes."""

    def __init__(self, database: lancedb.DBConnection) -> None:
        self._table = ensure_table(database, NAME, SCHEMA)

    @property
    def version(self) -> int:
        """Version of the table; it grows with every change of any process."""
        return version_of(self._table)

    def add(self, runs: Sequence[RewriteRun]) -> None:
        """Append records."""
        if not runs:
            return
        rows = [
            {**{name: getattr(run, name) for name in _INDEXED}, "payload": _payload(run)}
            for run in runs
        ]
        self._table.add(pa.Table.from_pylist(rows, schema=SCHEMA))
        if fragments(self._table) >= COMPACT_AFTER:
            compact(self._table)

    def of(self, item_id: str) -> tuple[RewriteRun, ...]:
        """Return all runs over an item, latest first."""
        condition = col("item_id") == lit(item_id)
        rows = read_rows(self._table, SCHEMA.names, condition).to_pylist()
        latest_first = sorted(rows, key=lambda row: row["at"], reverse=True)
        return tuple(run for _, run in decoded(latest_first, _run, NAME, "run_id"))

    def latest(self) -> dict[str, RewriteRun]:
        """Return the latest run over each item that explains its text."""
        rows = read_rows(self._table, SCHEMA.names).sort_by("at").to_pylist()
        telling = (row for row in rows if _tells(row))
        return {run.item_id: run for _, run in decoded(telling, _run, NAME, "run_id")}

    def standing(self) -> dict[str, tuple[str, str]]:
        """Return, by item, the hash of its inputs and the key of their latest rewrite."""
        rows = read_rows(self._table, ["item_id", "inputs", "key", "at"]).sort_by("at").to_pylist()
        return {row["item_id"]: (row["inputs"], row["key"]) for row in rows if row["key"]}

    def states(self) -> dict[str, RunState]:
        """Return the latest run over each item (as :meth:`latest`), without its trace."""
        names = ["item_id", "at", "inputs", "key", "model", "asked_by"]
        rows = read_rows(self._table, names).sort_by("at").to_pylist()
        return {
            row["item_id"]: RunState(row["inputs"], row["key"], row["model"], row["asked_by"])
            for row in rows
            if _tells(row)
        }

    def failed(self) -> Mapping[tuple[str, str], int]:
        """Return the number of failed jobs, by item and hash of its inputs."""
        condition = (col("key") == lit("")) & (col("asked_by") == lit(""))
        rows = read_rows(self._table, ["item_id", "inputs"], condition)
        return Counter(zip(rows["item_id"].to_pylist(), rows["inputs"].to_pylist(), strict=True))


def _tells(row: dict[str, Any]) -> bool:
    """Tell whether a run explains the text; a person's round without a result does not."""
    return bool(row["key"] or not row["asked_by"])


def _payload(run: RewriteRun) -> str:
    rest = {name: getattr(run, name) for name in ("prompts", "photo", "problem", "seconds", "hint")}
    rest["rewrite"] = codec.rewrite_to_json(run.rewrite) if run.rewrite else ""
    rest["usage"] = dataclasses.asdict(run.spent.usage)
    rest["dollars"] = run.spent.dollars
    return json.dumps(rest, ensure_ascii=False, separators=(",", ":"))


def _run(row: dict[str, Any]) -> RewriteRun:
    rest = json.loads(row["payload"])
    rewrite, usage, dollars = rest.pop("rewrite"), rest.pop("usage"), rest.pop("dollars")
    return RewriteRun(
        **{name: row[name] for name in _INDEXED},
        **rest,
        rewrite=codec.rewrite_from_json(rewrite) if rewrite else None,
        spent=Spent(Usage(**usage), dollars),
    )
