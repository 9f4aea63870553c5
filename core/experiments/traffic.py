"""How much came in: events and visitors of each experiment, without any result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from core.experiments.event_table import event_database

#: Columns that are read.
COLUMNS = ("experiment", "unit", "kind", "time")
_VISITS = """
    CREATE TABLE visits AS
    SELECT experiment, kind, hash(unit) AS unit, count(*) AS events, min(time) AS first,
        max(time) AS last
    FROM batches WHERE experiment <> '' GROUP BY ALL
"""
_QUERY = """
    WITH kinds AS (
        SELECT experiment, kind, sum(events)::BIGINT AS events, min(first) AS first,
            max(last) AS last
        FROM visits GROUP BY ALL
    ), visitors AS (
        SELECT experiment, count(DISTINCT unit) AS visitors FROM visits GROUP BY ALL
    )
    SELECT experiment, map_from_entries(list((kind, events))), any_value(visitors),
        epoch_us(min(first)), epoch_us(max(last))
    FROM kinds JOIN visitors USING (experiment) GROUP BY experiment
"""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What came in for an experiment.

    Attributes:
        kinds: Kind of event → stored number; an event that was sent twice may count twice.
        visitors: Number of visitors, or of other units, in all variants.
        first: Time of the first event, UTC.
        last: Time of the last one.
    """

    kinds: Mapping[str, int]
    visitors: int
    first: datetime
    last: datetime

    @property
    def events(self) -> int:
        """Number of all events."""
        return sum(self.kinds.values())

    @property
    def days(self) -> float:
        """Days from the first event to the last one."""
        return (self.last - self.first).total_seconds() / 86_400


def traffic_of(batches: pa.RecordBatchReader) -> dict[str, Traffic]:
    """Return the traffic of each experiment of a log with ``COLUMNS``, in bounded memory."""
    with event_database() as database:
        database.execute("SET threads = 2")
        database.register("batches", batches)
        database.execute(_VISITS)
        rows = database.execute(_QUERY).fetchall()
    return {
        name: Traffic(dict(sorted(kinds.items())), visitors, _time(first), _time(last))
        for name, kinds, visitors, first, last in rows
    }


def _time(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)
