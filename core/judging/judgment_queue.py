"""The judgment queue of one catalogue: pairs are dealt to annotators, events are stored."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar
from weakref import WeakKeyDictionary

import lancedb

from core.domain import (
    LABELS,
    EventKind,
    JudgingProgress,
    JudgmentEvent,
    JudgmentSet,
    Pair,
)
from core.errors import JudgmentError, NotSaved
from core.judging import queue
from core.judging.checks import check_name, checked, clean
from core.judging.final_labels import came_graded, check_final
from core.judging.judgment_sets import JudgmentSets
from core.judging.leases import Deal, Held, Leases
from core.judging.own_parts import OwnParts, SetPart
from core.judging.pair_order import Order
from core.judging.progress_tally import Tally, progress
from core.judging.state import PairKey, SetState, TaskKey
from core.judging.states import States
from core.judging.task_keys import TaskKeys
from core.store.database import folder_of

#: Pairs of this many sets are kept in memory.
_SETS_KEPT = 16
#: Orders of this many annotators and sets are kept in memory.
_ORDERS_KEPT = 64

#: How long a judgment waits for itself, when it was sent twice at once, seconds.
_PATIENCE = 10.0
_USED = "This judgment's id was used for another one, so it is not saved."
_T = TypeVar("_T")
_Version = tuple[datetime, int]
#: Kinds of events that a removed set loses.
_COUNTED = LABELS | {EventKind.FLAG, EventKind.ADJUDICATE}


class JudgmentQueue:
    """Judging over one database; safe with several threads and processes.

    ``shipped`` is the id of the set that ships with the catalogue; empty where none does.
    """

    def __init__(self, database: lancedb.DBConnection, shipped: str = "") -> None:
        self.shipped = shipped
        folder = folder_of(database)
        self.sets = JudgmentSets(database)
        self._states = States(database)
        self._log = self._states.log
        self._parts = OwnParts(self.sets, self._states)
        self.task_keys = TaskKeys(folder.parent / "judging-task-keys")
        self._leases = Leases(folder.parent / "judging-leases.sqlite")
        self._pairs: OrderedDict[str, tuple[_Version, dict[PairKey, Pair]]] = OrderedDict()
        self._orders: OrderedDict[tuple[str, datetime, str, bool], Order] = OrderedDict()
        self._tallies: WeakKeyDictionary[SetState, dict[str, Tally]] = WeakKeyDictionary()
        self._under_way: dict[tuple[str, str], threading.Event] = {}
        self._lock = threading.Lock()

    # ── judging ──────────────────────────────────────────────────────────────────────────────
    def deal(
        self,
        set_id: str,
        annotator: str,
        count: int = 1,
        without: Collection[TaskKey] = (),
        one_query: bool = False,
        first: str = "",
        tab: str = "",
        in_hand: Collection[TaskKey] = (),
    ) -> queue.Hand:
        """Return the next pairs for this annotator and reserve them for some minutes.

        Pairs that are reserved for another ``tab`` of the annotator are left out, and so are those
        of ``without``. Of these, ``in_hand`` were dealt to the tab: they stay reserved for as long
        as it asks for more. What a page only says it has reserves nothing.
        """
        judgment_set = self.sets.get(set_id)
        ordered = self._order(judgment_set, annotator, one_query)
        rules = judgment_set.rules

        def dealt(state: SetState, held: Held) -> queue.Hand:
            return queue.deal(
                ordered, state, rules, annotator, count, held.holders if rules.overlap else {},
                without, one_query, first, held.elsewhere, self.task_keys.repeat_seed(set_id),
                came_graded(judgment_set, self.shipped),
            )  # fmt: skip

        in_bucket = self._leases.in_bucket

        def take(leases: Deal) -> queue.Hand:
            if in_bucket:
                self._states.look(set_id, lambda state: leases.drop_judged(state.has_judged))
            held = leases.held(annotator, tab)
            hand = self._states.look_again(set_id, lambda state: dealt(state, held))
            tasks = [(*task.pair.key, task.round) for task in hand.tasks]
            # The new ones last: where there are too many, the first end.
            leases.take(annotator, tab, [*(set(in_hand) - held.elsewhere), *tasks])
            return hand

        # Events are read before the lock is taken. A pair that is judged meanwhile is still leased,
        # so its slot counts as taken even if its label was not read.
        if not in_bucket:
            self._states.look(set_id, len)
        return self._leases.deal(set_id, take)

    def release(
        self, set_id: str, annotator: str, tasks: Collection[TaskKey], tab: str | None = None
    ) -> None:
        """Release pairs that were dealt to this annotator and will not be judged now."""
        if tasks:
            self._leases.deal(set_id, lambda leases: leases.release(annotator, tasks, tab))

    def next_pairs(self, set_id: str, annotator: str, count: int = 1) -> tuple[Pair, ...]:
        """Return the next pairs for this annotator."""
        return tuple(task.pair for task in self.deal(set_id, annotator, count).tasks)

    def progress(self, set_id: str, annotator: str) -> JudgingProgress:
        """Return the progress of this annotator and of the set."""
        judgment_set = self.sets.get(set_id)
        return self._states.look(
            set_id,
            lambda state: progress(
                judgment_set, state, annotator, self.task_keys.repeat_seed(set_id),
                self._tally(judgment_set, state, annotator),
            ),
        )  # fmt: skip

    def judge(self, event: JudgmentEvent) -> None:
        """Append one event; returning means that it is flushed to disk.

        Sending an event twice (with the same ``event_id``) counts once.

        Raises:
            JudgmentError: The event is not valid (see ``core.judging.checks``), its id was used
                for another one, or its pair is final for this annotator (``final_labels``).
            NotSaved: It could not be written; it may be sent again.
        """
        if event.kind in (EventKind.UNDO, EventKind.DELETE, EventKind.SHOWN):
            raise JudgmentError(f"A judgment of the kind “{event.kind}” can't be sent.")
        judgment_set = self.sets.get(event.set_id)
        if (event.query_id, event.item_id) not in self._pairs_of(judgment_set):
            self.sets.look_again()  # another server may have added it within the last second
            judgment_set = self.sets.get(event.set_id)
        event = checked(event, self._pairs_of(judgment_set), judgment_set.grades)
        graded = came_graded(judgment_set, self.shipped)
        self._states.look(
            event.set_id, partial(check_final, judgment_set.rules, event=event, graded=graded)
        )
        self._append(event)
        if event.kind is EventKind.SKIP:
            with suppress(JudgmentError):
                self.release(
                    event.set_id, event.annotator, [(event.query_id, event.item_id, event.round)]
                )

    def undo(self, set_id: str, annotator: str, event_id: str = "") -> JudgmentEvent | None:
        """Take back this annotator's last event; returns that event, or ``None``.

        ``event_id`` is the undo's own id: sent twice, it takes back one event, the same both times.

        Raises:
            JudgmentError: The id was used for something else, or the pair is final for this
                annotator (``final_labels``).
            NotSaved: It could not be written.
        """
        judgment_set = self.sets.get(set_id)
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
        graded = came_graded(judgment_set, self.shipped)
        undone = partial(check_final, judgment_set.rules, event=last, graded=graded, again=True)
        self._states.look(set_id, undone)
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
        """Delete labels of any annotator; the log keeps labels and deletions. Returns how many.

        Raises:
            JudgmentError: An event is not in this set.
        """
        events = self._states.look(set_id, lambda state: [state.find(name) for name in event_ids])
        if None in events:
            raise JudgmentError("One of these labels is not in the judgment set.")
        now = datetime.now(UTC)
        gone = [
            replace(event, event_id=uuid.uuid4().hex, kind=EventKind.DELETE, grade=None,
                    annotator=who, note=event.event_id, page=clean(why)[:40], at=now, seconds=0.0)
            for event in events if event is not None
        ]  # fmt: skip
        if gone:
            self._log.append(gone)
        return len(gone)

    def remove(self, set_id: str, who: str) -> JudgmentSet:
        """Remove a set with its labels and return what it was.

        The log keeps labels and their deletion, so the set's id is not used again by an import.

        Raises:
            JudgmentError: There is no such set, or ``who`` is no name.
            NotSaved: It could not be written.
        """
        check_name(who)
        gone = self.sets.remove(set_id)
        events = self._log.events(set_id)
        now = datetime.now(UTC)
        self.note(
            replace(event, event_id=uuid.uuid4().hex, kind=EventKind.DELETE, grade=None,
                    annotator=who, note=event.event_id, page="", at=now, seconds=0.0)
            for event in events if event.kind in _COUNTED
        )  # fmt: skip
        return gone

    def is_spent(self, set_id: str) -> bool:
        """Tell whether an id was that of a set which was removed since."""
        _, rows = self._log.counted()
        return self.sets.find(set_id) is None and rows.get(set_id, 0) > 0

    # ── what there is ────────────────────────────────────────────────────────────────────────
    def current(self, set_id: str) -> list[JudgmentEvent]:
        """Return the standing labels of a set, of all annotators."""
        return self.look(set_id, SetState.all_current)

    def look(self, set_id: str, at: Callable[[SetState], _T]) -> _T:
        """Return what a function returns for the set's newest state; it must not keep the state."""
        self.sets.get(set_id)
        return self._states.look(set_id, at)

    def events(self, set_id: str) -> list[JudgmentEvent]:
        """Return every event of a set, oldest first, each once."""
        self.sets.get(set_id)
        return list({event.event_id: event for event in self._log.events(set_id)}.values())

    def take_in(self, set_id: str, events: Sequence[JudgmentEvent]) -> int:
        """Append events from a file; return the number of new ones.

        Raises:
            JudgmentError: An event does not belong to this set; nothing is taken then.
        """
        judgment_set = self.sets.get(set_id)
        pairs, grades = self._pairs_of(judgment_set), judgment_set.grades
        kept = [checked(replace(event, set_id=set_id), pairs, grades) for event in events]
        new = self._states.look(
            set_id,
            lambda state: list({e.event_id: e for e in kept if e.event_id not in state}.values()),
        )
        if len(new) < len(kept):
            self._log.flush()  # existing events count as saved, too
        if new:
            self._log.append(new)
        return len(new)

    def note(self, events: Iterable[JudgmentEvent]) -> None:
        """Append the studio's own notes, of one or several sets, at once.

        Raises:
            JudgmentError: A name is none.
            NotSaved: They could not be written.
        """
        noted = list(events)
        for event in noted:
            check_name(event.annotator)
        if noted:
            self._log.append(noted)

    def parts_of(self, people: Collection[str]) -> Iterator[tuple[str, str, SetPart]]:
        """Yield each set's id and each annotator, with how far they are."""
        return self._parts.of(people, self.shipped)

    # ── inside ───────────────────────────────────────────────────────────────────────────────
    def _tally(self, judgment_set: JudgmentSet, state: SetState, annotator: str) -> Tally:
        """Return an annotator's counts, which are kept as long as the state is."""
        kept = self._tallies.setdefault(state, {})
        if annotator not in kept:
            graded = came_graded(judgment_set, self.shipped)
            seed = self.task_keys.repeat_seed(judgment_set.set_id)
            kept[annotator] = Tally(annotator, seed, graded)
        return kept[annotator]

    def _append(self, event: JudgmentEvent) -> None:
        """Store an event; if it was sent before, return the stored one."""
        key, done = (event.set_id, event.event_id), threading.Event()
        # Two tabs of one browser send what waits there, each on its own.
        while (earlier := self._under_way.setdefault(key, done)) is not done:
            if not earlier.wait(_PATIENCE):
                raise NotSaved("This judgment is being saved, which takes long.")
        try:
            stored = self._states.look(event.set_id, lambda state: state.taken(event.event_id))
            if stored is None:
                self._log.append([event])
                return
            if _identity(stored) != _identity(event):
                raise JudgmentError(_USED)
            self._log.flush()  # sent again because the page got no answer the first time
        finally:
            del self._under_way[key]
            done.set()

    def _pairs_of(self, judgment_set: JudgmentSet) -> dict[PairKey, Pair]:
        """Return the pairs by key, from the cache of recently used sets if possible."""
        set_id, version = judgment_set.set_id, _version(judgment_set)
        with self._lock:
            kept = self._pairs.get(set_id)
            if kept is None or kept[0] != version:
                kept = version, {pair.key: pair for pair in judgment_set.pairs}
                self._pairs[set_id] = kept
                if len(self._pairs) > _SETS_KEPT:
                    self._pairs.popitem(last=False)
            self._pairs.move_to_end(set_id)
            return kept[1]

    def _order(
        self, judgment_set: JudgmentSet, annotator: str, one_query: bool = False
    ) -> list[Pair]:
        """Return the annotator's order, from the cache of recent annotators if possible."""
        key = judgment_set.set_id, judgment_set.created, annotator, one_query
        with self._lock:
            if key not in self._orders:
                self._orders[key] = Order(annotator, self.task_keys.secret, one_query)
                if len(self._orders) > _ORDERS_KEPT:
                    self._orders.popitem(last=False)
            self._orders.move_to_end(key)
            return self._orders[key].of(judgment_set)


def _version(judgment_set: JudgmentSet) -> _Version:
    """Return what differs between revisions, and from an earlier set of the id."""
    return judgment_set.created, judgment_set.revision


def _identity(event: JudgmentEvent) -> tuple[object, ...]:
    """Return the fields in which two events with one id must be equal."""
    pair = event.query_id, event.item_id
    return event.kind, event.annotator, pair, event.round, event.grade, event.note
