"""Judgment events as rows of an Arrow table, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from core.domain import EventKind, JudgmentEvent
from core.errors import JudgmentError
from core.store.row_decoding import UNDECODABLE, decoded

NAME = "judgments"

#: The last three columns came later: they may be null, and old tables get them when opened.
SCHEMA = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("set_id", pa.string(), nullable=False),
        pa.field("query_id", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("annotator", pa.string(), nullable=False),
        pa.field("grade", pa.int8()),
        pa.field("note", pa.string(), nullable=False),
        pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("seconds", pa.float64(), nullable=False),
        pa.field("round", pa.int8()),
        pa.field("page", pa.string()),
        pa.field("guidelines", pa.int32()),
    ]
)

_KINDS = {kind.value: kind for kind in EventKind}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rows_of(events: Sequence[JudgmentEvent], seconds: pa.DataType | None = None) -> pa.Table:
    """Return the events as rows; a bad event raises an error for its sender only.

    Args:
        events: The events.
        seconds: Type of the column ``seconds`` where it is that of an old table.

    Raises:
        JudgmentError: A value fits no column.
    """
    schema = SCHEMA
    if seconds is not None:
        position = SCHEMA.get_field_index("seconds")
        schema = SCHEMA.set(position, SCHEMA.field("seconds").with_type(seconds))
    rows = [{name: getattr(event, name) for name in SCHEMA.names} for event in events]
    try:
        return pa.Table.from_pylist(rows, schema=schema)
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        raise JudgmentError(
            f"The judgment could not be saved: a value of it can't be stored ({error})."
        ) from None  # the judgment is faulty, not the disk, so a retry would fail, too


def events_of(rows: pa.Table) -> list[JudgmentEvent]:
    """Build the events of a table, column by column: row by row takes twice the time.

    Where a value can't be read, they are built row by row, and that row is left out.
    """
    try:
        return list(map(JudgmentEvent, *_columns(rows)))
    except UNDECODABLE:
        return [event for _, event in decoded(rows.to_pylist(), _event, NAME, "event_id")]


def oldest_first(rows: pa.Table) -> pa.Table:
    """Return rows in the order of their times; mostly they were stored in it."""
    times = rows["at"].cast(pa.int64()).to_numpy()
    is_sorted = bool((times[1:] >= times[:-1]).all())
    return rows if is_sorted else rows.sort_by([("at", "ascending")])


def by_set(
    rows: pa.Table, set_ids: Iterable[str], unreadable: dict[str, int]
) -> dict[str, list[JudgmentEvent]]:
    """Build the events of several sets, oldest first.

    Args:
        rows: Their rows.
        set_ids: The sets.
        unreadable: Receives each set's number of rows that can't be read.
    """
    counts = Counter(rows["set_id"].to_pylist())
    events: dict[str, list[JudgmentEvent]] = {}
    for event in events_of(oldest_first(rows)):
        events.setdefault(event.set_id, []).append(event)
    for set_id in set_ids:
        unreadable[set_id] = counts[set_id] - len(events.get(set_id, ()))
    return events


def _columns(rows: pa.Table) -> list[list[Any]]:
    """Return the values of each field of ``JudgmentEvent``, in the order of its fields."""
    later = {"round": 0, "page": "", "guidelines": 1}
    columns = {
        name: (rows[name].fill_null(later[name]) if name in later else rows[name])
        .to_numpy()
        .tolist()
        for name in SCHEMA.names
        if name not in ("at", "grade")
    }
    columns["kind"] = [_KINDS[kind] for kind in columns["kind"]]
    times = rows["at"].cast(pa.int64()).to_numpy().astype("timedelta64[us]").tolist()
    columns["at"] = [_EPOCH + time for time in times]
    grades, given = rows["grade"].fill_null(0), rows["grade"].is_valid()
    columns["grade"] = [
        grade if is_given else None
        for grade, is_given in zip(
            grades.to_numpy().tolist(), given.to_numpy().tolist(), strict=True
        )
    ]
    return [columns[name] for name in SCHEMA.names]


def _event(row: dict[str, Any]) -> JudgmentEvent:
    """Build the event of one row."""
    return JudgmentEvent(
        row["event_id"], EventKind(row["kind"]), row["set_id"], row["query_id"], row["item_id"],
        row["annotator"], row["grade"], row["note"], row["at"], row["seconds"], row["round"] or 0,
        row["page"] or "", row["guidelines"] or 1,
    )  # fmt: skip
