"""Judgment sets: an append-only table of revisions; the latest revision of a set counts."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import lancedb
import pyarrow as pa

from core.domain import ExamplePair, Grade, JudgmentQuery, JudgmentSet, Pair, Rules
from core.errors import JudgmentError
from core.store.database import ensure_table, read_rows, version_of
from core.store.durable import Flusher
from core.store.rows import decoded

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
        self._version = -1
        self._lock = threading.Lock()

    def add(self, judgment_set: JudgmentSet) -> None:
        """Store a new set, or a new revision of one."""
        row = {
            "set_id": judgment_set.set_id,
            "created": judgment_set.created,
            "payload": json.dumps(to_json(judgment_set), ensure_ascii=False),
        }
        self._table.add(pa.Table.from_pylist([row], schema=SCHEMA))
        self._flusher.flush()

    def all(self) -> tuple[JudgmentSet, ...]:
        """All sets, newest first."""
        return tuple(sorted(self._latest().values(), key=lambda one: one.created, reverse=True))

    def find(self, set_id: str) -> JudgmentSet | None:
        """One set, or ``None`` where there is no such set."""
        return self._latest().get(set_id)

    def get(self, set_id: str) -> JudgmentSet:
        """One set.

        Raises:
            JudgmentError: There is no such set.
        """
        found = self.find(set_id)
        if found is None:
            raise JudgmentError(f"There is no judgment set “{set_id[:80]}”.")
        return found

    def _latest(self) -> dict[str, JudgmentSet]:
        with self._lock:
            version = version_of(self._table)
            if version != self._version:
                found: dict[str, JudgmentSet] = {}
                rows = read_rows(self._table, SCHEMA.names).to_pylist()
                for _, made in decoded(rows, self._decode, NAME, "set_id"):
                    known = found.get(made.set_id)
                    if known is None or known.revision <= made.revision:
                        found[made.set_id] = made
                self._known, self._version = found, version
            return self._known

    def _decode(self, row: dict[str, Any]) -> JudgmentSet:
        """The set of a row; what did not change since the last read is not built again."""
        payload = json.loads(row["payload"])
        known = self._known.get(row["set_id"])
        if known is not None and known.revision == payload.get("revision", 1):
            return known
        return from_json(row["set_id"], row["created"], payload)


def to_json(judgment_set: JudgmentSet) -> dict[str, Any]:
    """A set as plain values (without its id and date)."""
    rules = judgment_set.rules
    return {
        "name": judgment_set.name,
        "revision": judgment_set.revision,
        "guidelines": rules.guidelines,
        "scale": [[grade.value, grade.name, grade.help] for grade in rules.scale],
        "examples": [[one.query, one.item_id, one.grade, one.why] for one in rules.examples],
        "overlap": rules.overlap,
        "calibration": sorted(map(list, rules.calibration)),
        "repeats": rules.repeats,
        "engines": judgment_set.engines,
        "depth": judgment_set.depth,
        "queries": [[q.query_id, q.text, q.item_id, q.picture] for q in judgment_set.queries],
        "pairs": [list(pair.key) for pair in judgment_set.pairs],
    }


def from_json(set_id: str, created: datetime, payload: dict[str, Any]) -> JudgmentSet:
    """What ``to_json`` made, or a first version's payload, which lacks the later fields."""
    queries = {entry[0]: JudgmentQuery(*entry) for entry in payload["queries"]}
    scale = tuple(Grade(*entry) for entry in payload.get("scale", ()))
    rules = Rules(
        scale=scale or Rules().scale,
        guidelines=payload["guidelines"],
        examples=tuple(ExamplePair(*entry) for entry in payload.get("examples", ())),
        overlap=payload.get("overlap", 0),
        calibration=frozenset((query, item) for query, item in payload.get("calibration", ())),
        repeats=payload.get("repeats", 0.0),
    )
    return JudgmentSet(
        set_id=set_id,
        name=payload["name"],
        rules=rules,
        engines=tuple(payload["engines"]),
        depth=payload["depth"],
        pairs=tuple(Pair(queries[query_id], item_id) for query_id, item_id in payload["pairs"]),
        created=created,
        revision=payload.get("revision", 1),
    )
