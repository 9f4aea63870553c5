"""The judging desk of one catalogue: sets, queues, events and exports behind one object."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lancedb

from core.domain import (
    GRADES,
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
from core.judging.log import JudgmentLog
from core.judging.pool import pool
from core.judging.sets import SetTable
from core.judging.state import SetState

#: Other processes' events are looked for this far back: their clocks and commits may lag.
_OVERLAP = timedelta(minutes=5)

#: Answers one query: the results of every pooled engine.
Answer = Callable[[JudgmentQuery], Sequence[SearchResult]]


class JudgingDesk:
    """Judging over one database; safe with several threads and processes."""

    def __init__(self, database: lancedb.DBConnection) -> None:
        self._sets = SetTable(database)
        self._log = JudgmentLog(database)
        self._states: dict[str, tuple[int, SetState]] = {}
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
        return queue.next_pairs(self._sets.get(set_id), self._state(set_id), annotator, count)

    def progress(self, set_id: str, annotator: str) -> JudgingProgress:
        """How far this annotator is."""
        return queue.progress(self._sets.get(set_id), self._state(set_id), annotator)

    def judge(self, event: JudgmentEvent) -> None:
        """Append one event; returning means that it is committed on disk.

        Raises:
            JudgmentError: The pair is not in the set, or the grade is not on the scale.
        """
        pairs = {(pair.query.query_id, pair.item_id) for pair in self._sets.get(event.set_id).pairs}
        if (event.query_id, event.item_id) not in pairs:
            raise JudgmentError("This pair is not in the judgment set.")
        if event.kind is EventKind.GRADE and event.grade not in GRADES:
            raise JudgmentError(f"A grade is one of {', '.join(map(str, GRADES))}.")
        if event.kind is not EventKind.GRADE and event.grade is not None:
            raise JudgmentError("Only a grade carries a grade.")
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
        pairs = self._sets.get(set_id).pairs
        key = (last.query_id, last.item_id)
        return next(pair for pair in pairs if (pair.query.query_id, pair.item_id) == key)

    def current(self, set_id: str) -> list[JudgmentEvent]:
        """The standing events of a set, of all annotators."""
        return self._state(set_id).all_current()

    def write(self, set_id: str, target: Path, format: str) -> Path:
        """Export a set's current labels; see ``core.judging.export``."""
        return export.write(self._sets.get(set_id), self.current(set_id), target, format)

    def _append(self, event: JudgmentEvent) -> None:
        self._log.append([event])
        with self._lock:
            if event.set_id in self._states:
                self._states[event.set_id][1].add(event)

    def _state(self, set_id: str) -> SetState:
        """The set's state with every process's events, read in full only once."""
        with self._lock:
            version = self._log.version
            known = self._states.get(set_id)
            if known is None:
                state = SetState(self._log.events(set_id))
            elif known[0] == version:
                return known[1]
            else:
                state = known[1]
                since = state.latest - _OVERLAP if state.latest else None
                for event in self._log.events(set_id, since):
                    state.add(event)
            self._states[set_id] = (version, state)
            return state


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "set"
