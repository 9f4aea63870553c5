"""The log of visitors' events: an append-only LanceDB table, safe with several processes.

At least once: a sender repeats a batch until it is acknowledged, so an event may arrive twice. Its
id then counts once: a repeat among the latest ids is not stored again, also after a restart, and an
older one counts once when it is read (``prepared_events``).
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
from lancedb.expr import Expr, col, lit

from core.base.group_commit import GroupCommit, NotWritten
from core.base.locks import AT_ONCE, WRITE, LockBusy, file_lock
from core.experiments.behaviour_events import SCHEMA, Event
from core.store.damage import reading
from core.store.database import ensure_table, fragments, open_database, version_of
from core.store.durable import Flusher
from core.store.saving import not_saved

NAME = "events"
#: Number of the latest ids that a process remembers; a sender repeats within minutes.
REMEMBERED = 200_000
#: Number of fragments from which they are merged in the background; each commit makes one.
COMPACT_AFTER = 64
#: Number of commits between two looks at the number of fragments.
_LOOK_EVERY = 32
_KEEP_VERSIONS = timedelta(minutes=2)
#: Rows that are read at once.
_READ = 65_536

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Events of one sender as rows, their ids, and whether repeats are left out."""

    ids: Sequence[str]
    rows: pa.Table
    once: bool = False


class EventLog:
    """Events of all experiments of a data directory.

    Args:
        folder: Folder of the database.
    """

    def __init__(self, folder: Path) -> None:
        self._table = ensure_table(open_database(folder), NAME, SCHEMA)
        self._lock_file = folder / f".{NAME}.lock"
        self._turn_file = folder / f".{NAME}.turn.lock"
        self._flusher = Flusher(folder / f"{NAME}.lance")
        self._commits = GroupCommit(self._write, WRITE)
        self._latest: OrderedDict[str, None] = OrderedDict()
        self._commit_count = 0
        self._latest_lock = threading.Lock()
        self._has_read = False

    def append(self, events: Sequence[Event]) -> int:
        """Add events; returning means that they are committed and flushed to disk.

        Events of senders that wait during a commit are written together by the next one.

        Returns:
            How many of them were new, as far as this process remembers.

        Raises:
            NotSaved: They could not be written; they can be sent again.
        """
        self._read_latest()
        unique = {event.event_id: event for event in events}
        new = [event for event_id, event in unique.items() if event_id not in self._latest]
        if new:
            self._submit(_Batch([event.event_id for event in new], rows_of(new), once=True))
        return len(new)

    def append_rows(self, rows: pa.Table) -> None:
        """Add rows of the log's schema, as ``append``; repeats among them are stored, too."""
        self._submit(_Batch(rows["event_id"].to_pylist(), rows))

    def _submit(self, batch: _Batch) -> None:
        try:
            self._commits.submit(batch)
        except NotWritten as problem:
            raise not_saved("The events", problem.__cause__) from problem

    def reader(
        self, experiment_id: str | None = None, columns: Sequence[str] = SCHEMA.names
    ) -> pa.RecordBatchReader:
        """Return the events of an experiment and those of none, or all, in batches.

        Args:
            experiment_id: The experiment; ``None``: all events.
            columns: What is read of them.

        Raises:
            CatalogDamaged: The table's files can't be read.
        """
        with reading(self._table):
            query = self._table.search().select(list(columns))
            if experiment_id is not None:
                query = query.where(_of(experiment_id))
            return query.to_batches(batch_size=_READ)

    @property
    def version(self) -> int:
        """Version of the table, which grows with every commit."""
        return version_of(self._table)

    def count(self, experiment_id: str) -> int:
        """Return the number of stored rows of an experiment."""
        condition = col("experiment") == lit(experiment_id)
        with reading(self._table):
            return int(self._table.count_rows(condition.to_sql()))

    def ids(self) -> Iterator[pa.ChunkedArray]:
        """Yield the ids of all stored events, batch by batch."""
        with reading(self._table):
            for batch in self._table.search().select(["event_id"]).to_batches(batch_size=_READ):
                yield batch.column("event_id")

    def compact(self) -> None:
        """Merge small fragments where there are many; one process does it, the others go on."""
        try:
            if fragments(self._table) < COMPACT_AFTER:
                return
            with file_lock(self._lock_file, AT_ONCE), file_lock(self._turn_file, WRITE):
                self._table.optimize(cleanup_older_than=_KEEP_VERSIONS)
        except (RuntimeError, OSError, LockBusy):
            return  # another process compacts; this changes no event

    def _write(self, batches: Sequence[_Batch]) -> None:
        """Add and flush; rows that were added before a flush failed may be added again."""
        rows = pa.concat_tables(self._without_repeats(batches))
        if rows.num_rows:
            with file_lock(self._turn_file, WRITE):
                self._table.add(rows)
        self._flusher.flush()
        self._remember(event_id for batch in batches for event_id in batch.ids)
        self._commit_count += 1
        if self._commit_count % _LOOK_EVERY == 1:
            self._compact_soon()

    def _without_repeats(self, batches: Sequence[_Batch]) -> list[pa.Table]:
        """Leave out what a sender repeated while its first try was being written."""
        tables, written = [], set[str]()
        for batch in batches:
            new = [id_ not in self._latest and id_ not in written for id_ in batch.ids]
            tables.append(batch.rows.filter(pa.array(new)) if batch.once else batch.rows)
            written.update(batch.ids)
        return tables

    def _read_latest(self) -> None:
        """Remember the ids that were stored before this process began.

        One that was killed may have stored a batch that it did not acknowledge; it is sent again.
        """
        with self._latest_lock:
            if self._has_read:
                return
            with reading(self._table):
                before = max(0, self._table.count_rows() - REMEMBERED)
                ids = self._table.search().select(["event_id"]).offset(before).limit(REMEMBERED)
                self._remember(ids.to_arrow().column("event_id").to_pylist())
            self._has_read = True

    def _remember(self, ids: Iterable[str]) -> None:
        self._latest.update(dict.fromkeys(ids))
        while len(self._latest) > REMEMBERED:
            self._latest.popitem(last=False)

    def _compact_soon(self) -> None:
        try:
            # No daemon, for the reason in ``core.judging.log``.
            threading.Thread(target=self.compact, name="compact-events").start()
        except RuntimeError:  # no free thread: a later commit compacts
            _log.warning("The events are not compacted now", exc_info=True)


def rows_of(events: Iterable[Event]) -> pa.Table:
    """Return events as rows of the log's schema."""
    rows = [{name: getattr(event, name) for name in SCHEMA.names} for event in events]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _of(experiment_id: str) -> Expr:
    """Return the filter for an experiment's events and those outside of all experiments."""
    return col("experiment").isin([lit(experiment_id), lit("")])
