"""Leases of pairs, so that two people don't get the same last free slot, and one person in two tabs
never gets a pair twice.

Leases are short-lived and cost at worst a label too many when they are lost, so they live in a
SQLite file beside the database: its transactions hold between all processes on one file system.
A lease is not released when its pair is judged; it expires. Until then its holder counts
once, as holder or as grader, so a process that has not read the newest label yet can't hand the
slot out again.

In a bucket the file is an object, which is replaced only in the version that was read; where it is
another one by then, the deal is made again. It travels with each deal, so leases of judged pairs
are dropped there: events are read after the leases, so whoever misses a lease sees its label. On a
disk a file lock guards the database: SQLite
itself retries at growing intervals, so the newest waiter wins, and under load the oldest one failed
with "database is locked".
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from core.base.buckets import bucket_of
from core.base.locks import BUSY, WRITE, LockBusy, file_lock
from core.errors import JudgmentError
from core.judging.state import PairKey, TaskKey

#: Duration of a lease, seconds.
LEASE_SECONDS = 600.0
#: Most pairs of a set that one annotator reserves, in all tabs; those that were dealt or asked
#: about last stay. A page has 24 at most; the rest are for pairs judged in the last moments.
MOST_LEASES = 64

#: Longest pause before a deal is made again, seconds.
_PAUSE = 0.1
_T = TypeVar("_T")

#: A table of its own name: one of before leases knew tabs is left alone and ends by itself.
_TABLE = """
create table if not exists tab_leases (
  set_id text, query_id text, item_id text, round integer, annotator text, tab text, until real,
  primary key (set_id, query_id, item_id, round, annotator)
)
"""


@dataclass(frozen=True, slots=True)
class Held:
    """The leases of a set, as one tab of an annotator sees them.

    Attributes:
        holders: The present holders of each pair.
        elsewhere: What the annotator has in other tabs.
    """

    holders: Mapping[PairKey, set[str]]
    elsewhere: frozenset[TaskKey]


class DealOutdated(JudgmentError):
    """Another process changed the leases between reading and writing them."""


class Leases:
    """Leases of one catalogue; safe with several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()

    @property
    def in_bucket(self) -> bool:
        """Whether the leases are an object that several servers replace."""
        return bucket_of(self._path) is not None

    def deal(self, set_id: str, work: Callable[[Deal], _T]) -> _T:
        """Return what ``work`` makes of the leases; where they change meanwhile it is called again.

        Raises:
            JudgmentError: The file can't be used, or others were quicker for a minute.
        """
        until = time.monotonic() + WRITE
        while True:
            try:
                with self.dealing(set_id) as deal:
                    result = work(deal)
            except DealOutdated:
                if time.monotonic() >= until:
                    raise
                time.sleep(random.uniform(0, _PAUSE))  # noqa: S311 (no secret)
            else:
                return result

    @contextmanager
    def dealing(self, set_id: str) -> Iterator[Deal]:
        """Read and take leases while no other process does; what is taken counts at the end.

        Raises:
            DealOutdated: In a bucket another process took some meanwhile; nothing is stored.
            JudgmentError: The file can't be used.
        """
        turn = (
            nullcontext() if self.in_bucket else file_lock(self._path.with_suffix(".lock"), WRITE)
        )
        try:
            with self._threads, turn, self._opened() as connection:
                connection.execute("begin immediate")
                connection.execute(_TABLE)
                yield Deal(connection, set_id)
                connection.execute("commit")
        except LockBusy as error:
            raise JudgmentError(str(error)) from None
        except (sqlite3.Error, OSError) as error:
            raise JudgmentError(f"The queue can't be used: {error}. Try again.") from None

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        bucket = bucket_of(self._path)
        if bucket is None:
            with closing(self._open()) as connection:
                yield connection
            return
        stored = bucket.get(self._path)
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            if stored is not None:
                connection.deserialize(stored.data)
            yield connection
            if connection.total_changes == 0:
                return
            data = connection.serialize()
        if stored is None:
            written = bucket.put_new(self._path, data)
        else:
            written = bucket.put_over(self._path, data, stored.tag)
        if written is None:
            raise DealOutdated(BUSY)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=WRITE, isolation_level=None)
        connection.execute("pragma synchronous = off")
        return connection


class Deal:
    """The leases of one set within one transaction."""

    def __init__(self, connection: sqlite3.Connection, set_id: str) -> None:
        self._connection = connection
        self._set_id = set_id

    def held(self, annotator: str, tab: str) -> Held:
        """Return the leases of the set; delete expired ones."""
        self._connection.execute("delete from tab_leases where until < ?", (time.time(),))
        rows = self._connection.execute(
            "select query_id, item_id, round, annotator, tab from tab_leases where set_id = ?",
            (self._set_id,),
        )
        holders: dict[PairKey, set[str]] = {}
        elsewhere: set[TaskKey] = set()
        for query_id, item_id, number, holder, holding_tab in rows:
            if not number:
                holders.setdefault((query_id, item_id), set()).add(holder)
            if holder == annotator and holding_tab != tab:
                elsewhere.add((query_id, item_id, number))
        return Held(holders, frozenset(elsewhere))

    def take(self, annotator: str, tab: str, tasks: Iterable[TaskKey]) -> None:
        """Lease these tasks to a tab of an annotator; beyond ``MOST_LEASES`` the oldest end."""
        until = time.time() + LEASE_SECONDS
        self._connection.executemany(
            "insert or replace into tab_leases values (?, ?, ?, ?, ?, ?, ?)",
            [(self._set_id, *task, annotator, tab, until) for task in tasks],
        )
        self._connection.execute(
            "delete from tab_leases where rowid in (select rowid from tab_leases where set_id = ? "
            "and annotator = ? order by until desc, rowid desc limit -1 offset ?)",
            (self._set_id, annotator, MOST_LEASES),
        )

    def drop_judged(self, is_judged: Callable[[str, TaskKey], bool]) -> None:
        """End the leases whose holder has judged the task, as far as the caller has read."""
        rows = self._connection.execute(
            "select annotator, query_id, item_id, round from tab_leases where set_id = ?",
            (self._set_id,),
        ).fetchall()
        self._connection.executemany(
            "delete from tab_leases where set_id = ? and annotator = ? and query_id = ? "
            "and item_id = ? and round = ?",
            [(self._set_id, who, *task) for who, *task in rows if is_judged(who, _key(task))],
        )

    def release(self, annotator: str, tasks: Iterable[TaskKey], tab: str | None = None) -> None:
        """End an annotator's leases of these tasks, or only those of one tab."""
        self._connection.executemany(
            "delete from tab_leases where set_id = ? and query_id = ? and item_id = ? "
            "and round = ? and annotator = ? and (? is null or tab = ?)",
            [(self._set_id, *task, annotator, tab, tab) for task in tasks],
        )


def _key(task: list[Any]) -> TaskKey:
    query_id, item_id, number = task
    return query_id, item_id, number
