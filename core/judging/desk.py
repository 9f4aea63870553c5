"""The judging desk of one catalogue: sets, queues, events and exports behind one object."""

from __future__ import annotations

import re
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lancedb

from core.domain import (
    EventKind,
    JudgingProgress,
    JudgmentEvent,
    JudgmentQuery,
    JudgmentSet,
    Pair,
    SearchResult,
)
from core.errors import JudgmentError
from core.judging import export, queue
from core.judging.aggregation import DEFAULT_RULE
from core.judging.agreement import Agreement, agreement
from core.judging.checks import checked
from core.judging.log import JudgmentLog
from core.judging.pool import pool
from core.judging.sets import SetTable
from core.judging.state import PairKey, SetState

#: Other processes' events are looked for this far back: their clocks and commits may lag.
_OVERLAP = timedelta(minutes=5)

#: Orders of this many annotators and sets are kept in memory.
_ORDERS_KEPT = 64

#: Answers one query: the results of every pooled engine.
Answer = Callable[[JudgmentQuery], Sequence[SearchResult]]


class JudgingDesk:
    """Judging over one database; safe with several threads and processes."""

    def __init__(self, database: lancedb.DBConnection) -> None:
        self._sets = SetTable(database)
        self._log = JudgmentLog(database)
        self._states: dict[str, tuple[int, SetState]] = {}
        self._pairs: dict[str, dict[PairKey, Pair]] = {}
        self._orders: OrderedDict[tuple[str, str], list[Pair]] = OrderedDict()
        self._lock = threading.RLock()

    def sets(self) -> tuple[JudgmentSet, ...]:
        """All sets, newest first."""
        return self._sets.all()

    def create(
        self,
        name: str,
        queries: Sequence[JudgmentQuery],
        engines: Sequence[str],
        depth: int,
        guidelines: str,
        answer: Answer,
    ) -> JudgmentSet:
        """Pool the engines' results into a new set.

        Raises:
            JudgmentError: No queries or engines, a depth below 1, or nothing was found at all.
        """
        if not queries or not engines:
            raise JudgmentError("A judgment set needs at least one query and one engine.")
        if depth < 1:
            raise JudgmentError("The pool depth must be at least 1.")
        set_id = f"{_slug(name)}-{uuid.uuid4().hex[:6]}"
        pairs = pool({query: answer(query) for query in queries}, depth, set_id)
        if not pairs:
            raise JudgmentError("The engines found nothing for these queries, so nothing to judge.")
        made = JudgmentSet(
            set_id, name.strip(), guidelines, tuple(engines), depth, pairs, datetime.now(UTC)
        )
        self._sets.add(made)
        return made

    def next_pairs(self, set_id: str, annotator: str, count: int = 1) -> tuple[Pair, ...]:
        """The next pairs that this annotator has not judged."""
        ordered = self._order(set_id, annotator)
        with self._lock:
            return queue.next_pairs(ordered, self._state(set_id), annotator, count)

    def progress(self, set_id: str, annotator: str) -> JudgingProgress:
        """How far this annotator is."""
        judgment_set = self._sets.get(set_id)
        with self._lock:
            return queue.progress(judgment_set, self._state(set_id), annotator)

    def judge(self, event: JudgmentEvent) -> None:
        """Append one event; returning means that it is flushed to disk.

        Sending an event twice (with the same ``event_id``) counts once.

        Raises:
            JudgmentError: The event is not valid (see ``core.judging.checks``).
        """
        event = checked(event, self._pairs_of(event.set_id))
        with self._lock:
            if event.event_id in self._state(event.set_id):
                return  # sent again by a page that had no answer the first time
        self._append(event)

    def undo(self, set_id: str, annotator: str) -> Pair | None:
        """Take back this annotator's last event; returns its pair, or ``None``."""
        with self._lock:
            last = self._state(set_id).last(annotator)
            if last is None:
                return None
            self._append(
                replace(
                    last,
                    event_id=uuid.uuid4().hex,
                    kind=EventKind.UNDO,
                    grade=None,
                    note=last.event_id,
                    at=datetime.now(UTC),
                    seconds=0.0,
                )
            )
        return self._pairs_of(set_id)[(last.query_id, last.item_id)]

    def current(self, set_id: str) -> list[JudgmentEvent]:
        """The standing events of a set, of all annotators."""
        self._sets.get(set_id)
        with self._lock:
            return self._state(set_id).all_current()

    def agreement(self, set_id: str) -> Agreement:
        """How far the annotators of a set agree."""
        return agreement(self.current(set_id))

    def write(self, set_id: str, target: Path, format: str, rule: str = DEFAULT_RULE) -> Path:
        """Export a set's current labels; see ``core.judging.export``."""
        return export.write(self._sets.get(set_id), self.current(set_id), target, format, rule)

    def read(self, set_id: str, source: Path) -> int:
        """Take in labels that ``write`` exported as CSV; returns how many were new.

        Raises:
            JudgmentError: A line is no label, or does not belong to this set; nothing is taken
                then.
        """
        pairs = self._pairs_of(set_id)
        events = [checked(replace(e, set_id=set_id), pairs) for e in export.read_csv(source)]
        with self._lock:
            state = self._state(set_id)
            new = list({e.event_id: e for e in events if e.event_id not in state}.values())
            if new:
                self._log.append(new)
                for event in new:
                    state.add(event)
        return len(new)

    def _pairs_of(self, set_id: str) -> dict[PairKey, Pair]:
        if set_id not in self._pairs:
            pairs = self._sets.get(set_id).pairs
            self._pairs[set_id] = {(pair.query.query_id, pair.item_id): pair for pair in pairs}
        return self._pairs[set_id]

    def _order(self, set_id: str, annotator: str) -> list[Pair]:
        """The annotator's order, kept for the few people who judge at one time."""
        key = (set_id, annotator)
        with self._lock:
            if key not in self._orders:
                self._orders[key] = queue.order(self._sets.get(set_id), annotator)
                if len(self._orders) > _ORDERS_KEPT:
                    self._orders.popitem(last=False)
            self._orders.move_to_end(key)
            return self._orders[key]

    def _append(self, event: JudgmentEvent) -> None:
        self._log.append([event])
        with self._lock:
            if event.set_id in self._states:
                self._states[event.set_id][1].add(event)

    def _state(self, set_id: str) -> SetState:
        """The set's state with every process's events, read in full only once.

        New events are looked for by time; where the count then still differs (an import of old
        labels, a clock that is far off), the set is read again.
        """
        with self._lock:
            version = self._log.version
            known = self._states.get(set_id)
            if known is not None and known[0] == version:
                return known[1]
            state = known[1] if known else SetState()
            if state.latest:
                for event in self._log.events(set_id, state.latest - _OVERLAP):
                    state.add(event)
            if len(state) < self._log.count(set_id):
                for event in self._log.events(set_id):
                    state.add(event)
            self._states[set_id] = (version, state)
            return state


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "set"
