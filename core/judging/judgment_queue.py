"""The judging desk of one catalogue: sets, queues and events behind one object."""

from __future__ import annotations

import re
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import lancedb

from core.base.locks import WRITE, file_lock
from core.domain import (
    EventKind,
    JudgingProgress,
    JudgmentEvent,
    JudgmentQuery,
    JudgmentSet,
    Pair,
    Rules,
    SearchResult,
)
from core.errors import JudgmentError, NotSaved
from core.judging import queue
from core.judging.checks import check_rules, checked, clean
from core.judging.leases import Leases
from core.judging.pool import pool, shuffled
from core.judging.sets import SetTable
from core.judging.state import PairKey, SetState
from core.judging.states import States

#: Pairs of this many sets are kept in memory.
_SETS_KEPT = 16
#: Orders of this many annotators and sets are kept in memory.
_ORDERS_KEPT = 64

_USED = "This judgment's id was used for another one, so it is not saved."
_SET_ID = re.compile(r"[a-z0-9-]{1,80}")
_T = TypeVar("_T")

#: Answers one query: the results of every pooled engine.
Answer = Callable[[JudgmentQuery], Sequence[SearchResult]]


class JudgmentQueue:
    """Judging over one database; safe with several threads and processes."""

    def __init__(self, database: lancedb.DBConnection) -> None:
        folder = Path(str(database.uri))
        self._sets = SetTable(database)
        self._sets_lock = folder / ".judgment_sets.lock"
        self._states = States(database)
        self._log = self._states.log
        self._leases = Leases(folder.parent / "judging-leases.sqlite")
        self._pairs: OrderedDict[str, tuple[int, dict[PairKey, Pair]]] = OrderedDict()
        self._orders: OrderedDict[tuple[str, int, str], list[Pair]] = OrderedDict()
        self._under_way: dict[tuple[str, str], JudgmentEvent] = {}
        self._lock = threading.Lock()

    # ── sets ─────────────────────────────────────────────────────────────────────────────────
    def sets(self) -> tuple[JudgmentSet, ...]:
        """All sets, newest first."""
        return self._sets.all()

    def get(self, set_id: str) -> JudgmentSet:
        """One set; raises ``JudgmentError`` when it is not there."""
        return self._sets.get(set_id)

    def create(
        self,
        name: str,
        queries: Sequence[JudgmentQuery],
        engines: Sequence[str],
        depth: int,
        rules: Rules,
        answer: Answer,
        calibration: int = 0,
    ) -> JudgmentSet:
        """Pool the engines' results into a new set.

        Args:
            name: For people.
            queries: What was asked.
            engines: Whose results are pooled.
            depth: How many results of each.
            rules: How it is judged.
            answer: Asks the engines.
            calibration: This many pairs, drawn by the set's seed, are judged by everybody.

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
        drawn = shuffled([_joined(pair.key) for pair in pairs], f"{set_id}/calibration")
        chosen = {_split(key) for key in drawn[: max(calibration, 0)]}
        rules = replace(rules, calibration=rules.calibration | chosen)
        made = JudgmentSet(
            set_id, name.strip(), rules, tuple(engines), depth, pairs, datetime.now(UTC)
        )
        return self.add(made)

    def add(self, made: JudgmentSet) -> JudgmentSet:
        """Store a set that was made elsewhere (an import).

        Raises:
            JudgmentError: Its scale or its other rules make no sense.
        """
        if not _SET_ID.fullmatch(made.set_id):
            raise JudgmentError("A set's id has 1 to 80 small letters, digits and dashes.")
        check_rules(made.rules)
        self._sets.add(made)
        return made

    def revise(
        self,
        set_id: str,
        change: Callable[[JudgmentSet], JudgmentSet],
        start: JudgmentSet | None = None,
    ) -> JudgmentSet:
        """Store a changed revision of a set; pairs that are there already stay.

        ``start`` is what is changed where there is no such set yet.

        Raises:
            JudgmentError: There is no such set, or the change makes no sense.
        """
        with file_lock(self._sets_lock, WRITE):
            old = self._sets.get(set_id) if start is None else self._sets.find(set_id) or start
            new = replace(change(old), set_id=set_id, created=old.created,
                          revision=old.revision + 1)  # fmt: skip
            gone = {pair.key for pair in old.pairs} - {pair.key for pair in new.pairs}
            if gone:
                raise JudgmentError("A judgment set only grows: its pairs can't be removed.")
            return self.add(new)

    def extend(self, set_id: str, wanted: Iterable[Pair]) -> JudgmentSet:
        """Add pairs to judge, shuffled in among those that nobody has judged yet."""

        def grown(old: JudgmentSet) -> JudgmentSet:
            known = {pair.key for pair in old.pairs}
            new = {pair.key: pair for pair in wanted if pair.key not in known}
            keys = shuffled([_joined(key) for key in sorted(new)], f"{set_id}/{old.revision}")
            added = tuple(new[_split(key)] for key in keys)
            return replace(old, pairs=(*old.pairs, *added))

        return self.revise(set_id, grown)

    # ── judging ──────────────────────────────────────────────────────────────────────────────
    def deal(
        self,
        set_id: str,
        annotator: str,
        count: int = 1,
        without: Collection[tuple[str, str, int]] = (),
        one_query: bool = False,
        first: str = "",
    ) -> queue.Hand:
        """The next pairs for this annotator, held for them for some minutes."""
        judgment_set = self._sets.get(set_id)
        ordered = self._order(judgment_set, annotator)
        rules = judgment_set.rules

        def dealt(state: SetState, held: Mapping[PairKey, set[str]]) -> queue.Hand:
            return queue.deal(
                ordered, state, rules, annotator, count, held, without, one_query, first
            )

        if not rules.overlap:
            return self._states.look(set_id, lambda state: dealt(state, {}))
        # Events are read before others have to wait. What is judged meanwhile is leased still, so
        # its slot counts as taken even in a state that lacks the label.
        self._states.look(set_id, len)
        with self._leases.dealing(set_id) as leases:
            held = leases.held()
            hand = self._states.look_again(set_id, lambda state: dealt(state, held))
            leases.take(annotator, [task.pair.key for task in hand.tasks if not task.round])
        return hand

    def release(self, set_id: str, annotator: str, pairs: Collection[PairKey]) -> None:
        """Give pairs back that were dealt to this annotator and will not be judged now."""
        if pairs and self._sets.get(set_id).rules.overlap:
            with self._leases.dealing(set_id) as leases:
                leases.release(annotator, pairs)

    def next_pairs(self, set_id: str, annotator: str, count: int = 1) -> tuple[Pair, ...]:
        """The next pairs for this annotator."""
        return tuple(task.pair for task in self.deal(set_id, annotator, count).tasks)

    def progress(self, set_id: str, annotator: str) -> JudgingProgress:
        """How far this annotator is, and the set."""
        judgment_set = self._sets.get(set_id)
        return self._states.look(
            set_id, lambda state: queue.progress(judgment_set, state, annotator)
        )

    def judge(self, event: JudgmentEvent) -> None:
        """Append one event; returning means that it is flushed to disk.

        Sending an event twice (with the same ``event_id``) counts once.

        Raises:
            JudgmentError: The event is not valid (see ``core.judging.checks``), or its id was used
                for another one.
            NotSaved: It could not be written; it may be sent again.
        """
        if event.kind in (EventKind.UNDO, EventKind.DELETE):
            raise JudgmentError("An undo takes back one's own last event; it can't be sent as one.")
        judgment_set = self._sets.get(event.set_id)
        event = checked(event, self._pairs_of(judgment_set), judgment_set.grades)
        self._append(event)
        if event.kind is EventKind.SKIP:
            with suppress(JudgmentError):
                self.release(event.set_id, event.annotator, [(event.query_id, event.item_id)])

    def undo(self, set_id: str, annotator: str, event_id: str = "") -> JudgmentEvent | None:
        """Take back this annotator's last event; returns that event, or ``None``.

        ``event_id`` is the undo's own id: sent twice, it takes back one event, the same both times.

        Raises:
            JudgmentError: The id was used for something else.
            NotSaved: It could not be written.
        """
        self._sets.get(set_id)
        sent, last = self._states.look(
            set_id, lambda state: (state.taken(event_id), state.last(annotator))
        )
        if sent is not None:
            if (sent.kind, sent.annotator) != (EventKind.UNDO, annotator):
                raise JudgmentError(_USED)
            self._log.flush()
            return self._states.look(set_id, lambda state: state.find(sent.note))
        if last is None:
            return None
        self._append(
            replace(
                last,
                event_id=event_id or uuid.uuid4().hex,
                kind=EventKind.UNDO,
                grade=None,
                note=last.event_id,
                at=datetime.now(UTC),
                seconds=0.0,
            )
        )
        return last

    def delete(self, set_id: str, event_ids: Iterable[str], who: str, why: str = "") -> int:
        """Take labels out, whoever gave them; the log keeps both. Returns how many.

        Raises:
            JudgmentError: An event is not in this set.
        """
        found = self._states.look(set_id, lambda state: [state.find(one) for one in event_ids])
        if None in found:
            raise JudgmentError("One of these labels is not in the judgment set.")
        now = datetime.now(UTC)
        gone = [
            replace(event, event_id=uuid.uuid4().hex, kind=EventKind.DELETE, grade=None,
                    annotator=who, note=event.event_id, page=clean(why)[:40], at=now, seconds=0.0)
            for event in found if event is not None
        ]  # fmt: skip
        if gone:
            self._log.append(gone)
        return len(gone)

    # ── what there is ────────────────────────────────────────────────────────────────────────
    def current(self, set_id: str) -> list[JudgmentEvent]:
        """The standing labels of a set, of all annotators."""
        return self.look(set_id, SetState.all_current)

    def look(self, set_id: str, at: Callable[[SetState], _T]) -> _T:
        """What a function sees in the set's newest state (it must not keep the state)."""
        self._sets.get(set_id)
        return self._states.look(set_id, at)

    def events(self, set_id: str) -> list[JudgmentEvent]:
        """Every event of a set, oldest first, each once."""
        self._sets.get(set_id)
        return list({event.event_id: event for event in self._log.events(set_id)}.values())

    def take_in(self, set_id: str, events: Sequence[JudgmentEvent]) -> int:
        """Append events that come from a file; returns how many were new.

        Raises:
            JudgmentError: An event does not belong to this set; nothing is taken then.
        """
        judgment_set = self._sets.get(set_id)
        pairs, grades = self._pairs_of(judgment_set), judgment_set.grades
        kept = [checked(replace(event, set_id=set_id), pairs, grades) for event in events]
        new = self._states.look(
            set_id,
            lambda state: list({e.event_id: e for e in kept if e.event_id not in state}.values()),
        )
        if len(new) < len(kept):
            self._log.flush()  # those that are there already count as saved now, too
        if new:
            self._log.append(new)
        return len(new)

    # ── inside ───────────────────────────────────────────────────────────────────────────────
    def _append(self, event: JudgmentEvent) -> None:
        """Store an event; one that was sent before is answered by what is stored under its id."""
        key = (event.set_id, event.event_id)
        if self._under_way.setdefault(key, event) is not event:
            raise NotSaved("This judgment is being saved already. It is sent again by itself.")
        try:
            stored = self._states.look(event.set_id, lambda state: state.taken(event.event_id))
            if stored is None:
                self._log.append([event])
                return
            if _identity(stored) != _identity(event):
                raise JudgmentError(_USED)
            self._log.flush()  # sent again by a page that had no answer the first time
        finally:
            del self._under_way[key]

    def _pairs_of(self, judgment_set: JudgmentSet) -> dict[PairKey, Pair]:
        """The pairs by key, kept for the newest revision of the sets that were used last."""
        set_id, revision = judgment_set.set_id, judgment_set.revision
        with self._lock:
            kept = self._pairs.get(set_id)
            if kept is None or kept[0] != revision:
                kept = revision, {pair.key: pair for pair in judgment_set.pairs}
                self._pairs[set_id] = kept
                if len(self._pairs) > _SETS_KEPT:
                    self._pairs.popitem(last=False)
            self._pairs.move_to_end(set_id)
            return kept[1]

    def _order(self, judgment_set: JudgmentSet, annotator: str) -> list[Pair]:
        """The annotator's order, kept for the few people who judge at one time."""
        key = (judgment_set.set_id, judgment_set.revision, annotator)
        with self._lock:
            if key not in self._orders:
                self._orders[key] = queue.order(judgment_set, annotator)
                if len(self._orders) > _ORDERS_KEPT:
                    self._orders.popitem(last=False)
            self._orders.move_to_end(key)
            return self._orders[key]


def _identity(event: JudgmentEvent) -> tuple[object, ...]:
    """What makes two events with one id the same judgment."""
    pair = event.query_id, event.item_id
    return event.kind, event.annotator, pair, event.round, event.grade, event.note


def _joined(key: PairKey) -> str:
    return "\t".join(key)


def _split(key: str) -> PairKey:
    query_id, _, item_id = key.partition("\t")
    return query_id, item_id


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "set"
