"""The newest state of each set: read in full once, then updated with the events of all
processes."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import lancedb

from core.base.buckets import bucket_of
from core.base.collector import collector_paused
from core.domain import JudgmentEvent
from core.judging.bucket_log import BucketLog
from core.judging.log import JudgmentLog
from core.judging.state import SetState
from core.store.database import folder_of

#: How far back other processes' events are searched, because their clocks and commits may lag. If
#: the count still differs (an import of old labels, a wrong clock), all events are read again.
_BACK = (timedelta(seconds=10), timedelta(minutes=5))

#: Most sets, and most events in total, whose states are cached; the least recently used go first.
MOST_SETS, MOST_EVENTS = 1_000, 200_000

#: How often a set is looked at again where something was written meanwhile.
_TRIES = 2

_T = TypeVar("_T")


@dataclass(slots=True)
class _Kept:
    """A set's state.

    Attributes:
        state: The state.
        version: Version of the log that it is of, or -1.
        rows: Number of the set's rows in the log at that version, or -1.
        twice: How many of them are repeated or unreadable.
    """

    state: SetState
    version: int = -1
    rows: int = -1
    twice: int = 0


class States:
    """The states of one catalogue's sets; safe to use from several threads."""

    def __init__(self, database: lancedb.DBConnection) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.RLock()
        #: Where the events are stored.
        self.log = (
            JudgmentLog(database, self._wrote)
            if bucket_of(folder_of(database)) is None
            else BucketLog(database, self._wrote, self._lock)
        )

    def look(self, set_id: str, at: Callable[[SetState], _T]) -> _T:
        """Return what a function returns for the set's newest state; it must not keep the state."""
        with self._lock:
            return at(self._newest(set_id))

    def look_each(self, set_ids: Collection[str], at: Callable[[str, SetState], _T]) -> list[_T]:
        """Return what a function returns for each set's id and newest state.

        Sets that are not in memory are read together: one by one, each costs a search of the log.
        """
        with self._lock:
            version, counts = self.log.counted()
            self._read_together(set_ids, version, counts)
            results = []
            for set_id in set_ids:
                kept = self._kept.get(set_id)
                if kept is not None and version >= 0 and kept.rows == counts.get(set_id, 0):
                    kept.version = version
                    self._kept.move_to_end(set_id)
                    results.append(at(set_id, kept.state))
                else:
                    results.append(at(set_id, self._newest(set_id)))
            self._trim()
            return results

    def look_again(self, set_id: str, at: Callable[[SetState], _T]) -> _T:
        """Return what a function returns for the state that was read last; no file is read."""
        with self._lock:
            kept = self._kept.get(set_id)
            return at(kept.state if kept is not None else self._newest(set_id))

    def _wrote(self, events: Sequence[JudgmentEvent], version: int) -> None:
        """Update the states with this process's own commits, without reading them from disk."""
        added = Counter(event.set_id for event in events)
        with self._lock:
            for event in events:
                kept = self._kept.get(event.set_id)
                if kept is not None:
                    before = len(kept.state)
                    kept.state.add(event)
                    # What a look has read meanwhile is in its rows.
                    kept.twice += len(kept.state) == before and kept.version < version
            for set_id, kept in self._kept.items():
                if kept.version == version - 1:  # nobody else wrote in between
                    kept.version, kept.rows = version, kept.rows + added[set_id]

    def _newest(self, set_id: str) -> SetState:
        kept = self._kept.setdefault(set_id, _Kept(SetState()))
        self._kept.move_to_end(set_id)
        for _ in range(_TRIES):
            version = self.log.version  # asked first: the log may hand on what it reads then
            if kept.version == version:
                break
            self._bring_up_to_date(set_id, kept)
        return kept.state

    def _bring_up_to_date(self, set_id: str, kept: _Kept) -> None:
        version, counts = self.log.counted()
        rows = counts.get(set_id, 0)
        # Most versions are of other sets, or of rows that were only moved together.
        if kept.rows != rows and not self._catch_up(set_id, kept, rows):
            with collector_paused():
                events = self.log.events(set_id)
                for event in events:
                    kept.state.add(event)
            kept.twice = len(events) + self.log.unreadable[set_id] - len(kept.state)
        kept.version, kept.rows = version, rows if version >= 0 else -1
        self._trim()

    def _read_together(
        self, set_ids: Collection[str], version: int, counts: Mapping[str, int]
    ) -> None:
        """Read all events of those of some sets that are not in memory."""
        new = [name for name in set_ids if name not in self._kept and counts.get(name)]
        if version < 0 or not new:
            return
        with collector_paused():
            events = self.log.events_of_sets(new)
            for set_id in new:
                state = SetState(events.get(set_id, ()))
                rows = len(events.get(set_id, ())) + self.log.unreadable[set_id]
                twice = rows - len(state)
                self._kept[set_id] = _Kept(state, version, counts[set_id], twice)

    def _trim(self) -> None:
        """Drop the least recently used states if there are too many; keep one."""
        events = sum(len(kept.state) for kept in self._kept.values())
        while len(self._kept) > 1 and (len(self._kept) > MOST_SETS or events > MOST_EVENTS):
            _, dropped = self._kept.popitem(last=False)
            events -= len(dropped.state)

    def _catch_up(self, set_id: str, kept: _Kept, rows: int) -> bool:
        """Add the latest events; return whether the state then has as many as the log."""
        state = kept.state
        for back in _BACK if state.latest else ():
            for event in self.log.events(set_id, state.latest - back if state.latest else None):
                state.add(event)
            if len(state) + kept.twice >= rows:
                break
        return len(state) + kept.twice == rows
