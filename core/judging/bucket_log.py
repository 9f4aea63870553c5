"""The judgment log of a data directory in a bucket: a row of objects, of which the last one grows.

An object holds events as an Arrow stream. Who appends replaces the last object in the version that
they read, by a conditional write, or begins the next one where it is full. Where another server was
quicker, they read what it wrote and try again. So all servers see the same order, a batch is stored
whole or not at all, nothing waits for a lock, and a look asks the store once, however many events
there are. (A LanceDB table needs a lock, nine questions and three objects for each append, and each
look at what others wrote reads all of its fragments.)
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import lancedb
import pyarrow as pa
import pyarrow.compute as pc

from core.base.atomic import atomic_write
from core.base.buckets import Tag, bucket_of
from core.base.group_commit import GroupCommit, NotWritten
from core.base.locks import BUSY, WRITE, LockBusy
from core.domain import JudgmentEvent
from core.errors import CatalogDamaged
from core.judging.event_rows import NAME, SCHEMA, by_set, events_of, oldest_first, rows_of
from core.store.damage import plain_reason
from core.store.database import find_table, folder_of, read_rows
from core.store.saving import not_saved

#: Folder of the objects, beside the catalogue's tables.
FOLDER = "judgment-log"
#: An object with so many events is full; a later batch begins the next one. All servers must agree
#: on it, so another number needs another folder.
FULL = 256
#: Longest pause before an append is tried again, seconds.
_PAUSE = 0.05
#: Full objects that are read at once when a server begins.
_AT_ONCE = 8

_log = logging.getLogger(__name__)

#: Called with the events of one batch and the log's version after it.
OnWritten = Callable[[Sequence[JudgmentEvent], int], None]


@dataclass(frozen=True, slots=True)
class _Last:
    """The last object that was read: its number, its version, its rows; no version: none yet."""

    number: int
    tag: Tag | None
    rows: pa.Table

    @property
    def full(self) -> bool:
        return bool(self.rows.num_rows >= FULL)


class BucketLog:
    """Events of all sets of one catalogue; the methods of ``JudgmentLog``.

    Args:
        database: The catalogue's tables; one of judgments of an earlier version is read, too.
        on_written: Called with each batch of any server, in the log's order.
        lock: Held while batches are read and handed on.
    """

    def __init__(
        self,
        database: lancedb.DBConnection,
        on_written: OnWritten | None = None,
        lock: threading.RLock | None = None,
    ) -> None:
        self._folder = folder_of(database).parent / FOLDER
        bucket = bucket_of(self._folder)
        if bucket is None:
            raise ValueError(f"{self._folder} is in no bucket")
        self._bucket = bucket
        self._on_written, self._lock = on_written, lock or threading.RLock()
        self._commits = GroupCommit(self._write, WRITE)
        self._last = _Last(0, None, SCHEMA.empty_table())
        self._batches, self._counts = 0, Counter[str]()
        #: Rows per set that the last full read had to leave out.
        self.unreadable: dict[str, int] = {}
        older = find_table(database, NAME)
        self._older = SCHEMA.empty_table() if older is None else _older_rows(older)
        self._count(self._older)
        self._fetch_full()

    def append(self, events: Sequence[JudgmentEvent]) -> None:
        """Add events; returning means that they are stored.

        Events of callers that wait during a write are written together by the next one.

        Raises:
            JudgmentError: A value fits no column.
            NotSaved: They could not be written.
        """
        rows = rows_of(events)
        try:
            self._commits.submit(rows)
        except NotWritten as problem:
            raise not_saved("The judgment", problem.__cause__) from problem

    def flush(self) -> None:
        """Do nothing: a store acknowledges only what it keeps."""

    def compact(self) -> None:
        """Do nothing: full objects stay as they are."""

    @property
    def version(self) -> int:
        """Number of batches that were read, of all servers; asks the store for new ones."""
        with self._lock:
            self._poll()
            return self._batches

    def events(self, set_id: str, since: datetime | None = None) -> list[JudgmentEvent]:
        """Return the events of a set, oldest first, or only those at or after ``since``."""
        with self._lock:
            self._poll()
            wanted = pc.field("set_id") == set_id
            if since is not None:
                wanted &= pc.field("at") >= pa.scalar(since, SCHEMA.field("at").type)
            rows = pa.concat_tables([part.filter(wanted) for part in self._parts()])
        events = events_of(oldest_first(rows))
        if since is None:
            self.unreadable[set_id] = rows.num_rows - len(events)
        return events

    def events_of_sets(self, set_ids: Collection[str]) -> dict[str, list[JudgmentEvent]]:
        """Return all events of several sets that were read, oldest first, by set."""
        with self._lock:
            wanted = pc.field("set_id").isin(list(set_ids))
            rows = pa.concat_tables([part.filter(wanted) for part in self._parts()])
        return by_set(rows, set_ids, self.unreadable)

    def counted(self) -> tuple[int, Mapping[str, int]]:
        """Return a version, and the number of rows of each set as of it; asks the store."""
        with self._lock:
            self._poll()
            return self._batches, dict(self._counts)

    def _write(self, batches: Sequence[pa.Table]) -> None:
        """Append rows; those that are there already, though the answer was lost, only once."""
        rows, until = pa.concat_tables(batches), time.monotonic() + WRITE
        while True:
            with self._lock:
                last = self._last
            added = rows if last.full else pa.concat_tables([last.rows, rows])
            number = last.number + last.full
            tag = self._put(number, added, None if last.full else last.tag)
            with self._lock:
                if tag is not None and self._last is last:
                    self._advance(_Last(number, tag, added), rows)
                    return
                stored = set[str]()
                for new in self._poll():
                    stored.update(new["event_id"].to_pylist())
            if tag is not None:  # another thread's look has read it meanwhile
                return
            rows = rows.filter(
                pc.invert(pc.is_in(rows["event_id"], pa.array(list(stored), pa.string())))
            )
            if not rows.num_rows:
                return
            if time.monotonic() >= until:
                raise LockBusy(BUSY)
            time.sleep(random.uniform(0, _PAUSE))  # noqa: S311 (no secret)

    def _put(self, number: int, rows: pa.Table, over: Tag | None) -> Tag | None:
        path, data = self._path(number), _packed(rows)
        if over is None:
            return self._bucket.put_new(path, data)
        return self._bucket.put_over(path, data, over)

    def _poll(self) -> list[pa.Table]:
        """Read what was written since the last look and hand it on; the lock is held."""
        read: list[pa.Table] = []
        while True:
            last = self._last
            number = last.number + last.full
            stored = self._bucket.newer(self._path(number), None if last.full else last.tag)
            if stored is None:
                return read
            rows = self._unpacked(number, stored.data)
            new = rows if last.full else rows.slice(last.rows.num_rows)
            read.append(new)
            self._advance(_Last(number, stored.tag, rows), new)
            if not self._last.full:
                return read

    def _advance(self, last: _Last, new: pa.Table) -> None:
        """Take the last object in its new version."""
        if last.full:
            self._keep(last.number, _packed(last.rows))
        self._last, self._batches = last, self._batches + 1
        self._count(new)
        if self._on_written is not None:
            try:
                self._on_written(events_of(new), self._batches)
            except Exception:  # they are stored, so the states can read them there
                _log.exception("What was written could not be counted at once")

    def _count(self, rows: pa.Table) -> None:
        self._counts.update(rows["set_id"].to_pylist())

    def _parts(self) -> Iterator[pa.Table]:
        """Yield the rows of all objects that were read, oldest first."""
        yield self._older
        for number in range(self._last.number):
            yield self._full_part(number)
        yield self._last.rows

    def _full_part(self, number: int) -> pa.Table:
        """Return the rows of a full object, from this server's copy where it has one."""
        path = self._path(number)
        if not path.is_file():
            stored = self._bucket.get(path)
            if stored is None:
                raise self._damaged(number, "an object is missing")
            self._keep(number, stored.data)
        return self._unpacked(number, path.read_bytes())

    def _fetch_full(self) -> None:
        """Read what is there when the server begins, several full objects at once."""
        last = max(map(_number, self._bucket.files(self._folder)), default=0)
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            parts = list(threads.map(self._full_part, range(last)))
        for part in parts:
            self._count(part)
        if parts:
            self._last = _Last(last - 1, {}, parts[-1])
        self._batches = len(parts)

    def _unpacked(self, number: int, data: bytes) -> pa.Table:
        try:
            return _unpacked(data)
        except (pa.ArrowException, ValueError, KeyError, OSError) as error:
            raise self._damaged(number, plain_reason(error)) from error

    def _damaged(self, number: int, reason: str) -> CatalogDamaged:
        return CatalogDamaged(
            f"The judgments of the catalogue “{self._folder.parent.name}” can't be read "
            f"({reason}). Put {self._bucket.uri(self._path(number))} back from a backup."
        )

    def _keep(self, number: int, data: bytes) -> None:
        path = self._path(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, data, fsync=False)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08d}.arrow"


def _packed(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, SCHEMA, options=options) as stream:
        stream.write_table(rows.combine_chunks())
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def _unpacked(data: bytes) -> pa.Table:
    with pa.ipc.open_stream(data) as stream:
        rows = stream.read_all()
    rows.validate(full=True)
    return rows.select(SCHEMA.names).cast(SCHEMA)


def _number(name: str) -> int:
    stem = name.removesuffix(".arrow")
    return int(stem) if stem.isdecimal() else 0


def _older_rows(table: lancedb.table.Table) -> pa.Table:
    """Return the rows of a table of an earlier version, in the present columns."""
    rows = read_rows(table, [name for name in SCHEMA.names if name in table.schema.names])
    for field in SCHEMA:
        if field.name not in rows.column_names:
            rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    return rows.select(SCHEMA.names).cast(SCHEMA)
