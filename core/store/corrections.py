"""Corrections by people, append-only; the corrected results lie in the stages' own tables."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TypeVar

import lancedb
import pyarrow as pa
from lancedb.expr import col, lit

from core.base.content_key import content_key
from core.domain import Correction, Corrections, Item, Stage
from core.store.database import ensure_table, folder_of, read_rows, version_of
from core.store.durable import Flusher
from core.store.rewrite_runs import RewriteRunTable
from core.store.row_decoding import decoded
from core.store.saving import saving
from core.store.stage_results import StageTable

T = TypeVar("T")

NAME = "corrections"

SCHEMA = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("photo", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("author", pa.string(), nullable=False),
        pa.field("note", pa.string(), nullable=False),
        pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
    ]
)


class CorrectionTable:
    """Corrections of one catalogue; several processes may append at once.

    Args:
        database: The catalogue's database.
        runs: Runs of the rewriting agent; :meth:`standing` includes them.
    """

    def __init__(self, database: lancedb.DBConnection, runs: RewriteRunTable | None = None) -> None:
        self._runs = runs
        self._table = ensure_table(database, NAME, SCHEMA)
        self._flusher = Flusher(folder_of(database) / f"{NAME}.lance")
        self._kept: tuple[tuple[int, int], Corrections] | None = None

    def correct(
        self,
        stage: Stage,
        item: Item,
        results: StageTable[T],
        value: T | None,
        author: str,
        note: str = "",
    ) -> Correction:
        """Store a correction for an item's present photo; ``None`` withdraws it.

        Returning means that the event is on disk. The item is embedded again by
        ``core.pipeline.redo``, or by the next indexing.
        """
        event_id = uuid.uuid4().hex
        key = content_key("correction", event_id) if value is not None else ""
        if value is not None:
            results.append(key, value)  # the result first, so that no event refers to a missing one
        event = Correction(
            event_id, stage, item.item_id, item.photo.sha256, key, author, note, datetime.now(UTC)
        )
        self._append(event)
        return event

    def history(self, item_id: str) -> tuple[Correction, ...]:
        """Return all events of an item, oldest first."""
        rows = read_rows(self._table, SCHEMA.names, col("item_id") == lit(item_id))
        return tuple(_events(rows))

    def standing(self) -> Corrections:
        """Return the corrections in force; read only after a change."""
        version = version_of(self._table), self._runs.version if self._runs is not None else 0
        kept = self._kept
        if kept is None or kept[0] != version:
            kept = self._kept = version, self._standing()
        return kept[1]

    def _standing(self) -> Corrections:
        events = _events(read_rows(self._table, SCHEMA.names))
        latest = {(event.stage, event.item_id, event.photo): event for event in events}
        people = {place: event for place, event in latest.items() if event.key}
        return Corrections(people, self._runs.standing() if self._runs is not None else {})

    def _append(self, event: Correction) -> None:
        row = {name: getattr(event, name) for name in SCHEMA.names} | {"stage": event.stage.value}
        with saving("The correction"):
            self._table.add(pa.Table.from_pylist([row], schema=SCHEMA))
            self._flusher.flush()


def _events(rows: pa.Table) -> Iterator[Correction]:
    """Return the events of rows, oldest first."""
    ordered = rows.sort_by([("at", "ascending")]).to_pylist()
    return (event for _, event in decoded(ordered, _event, NAME, "event_id"))


def _event(row: dict[str, object]) -> Correction:
    return Correction(**{**row, "stage": Stage(str(row["stage"]))})  # type: ignore[arg-type]
