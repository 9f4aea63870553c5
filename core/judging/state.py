"""The state of a set: the current label of every pair, per annotator."""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from core.domain import LABELS, EventKind, JudgmentEvent

#: Query id and item id.
PairKey = tuple[str, str]
#: Query id, item id and round.
TaskKey = tuple[str, str, int]
#: Key within which the latest event wins: group, annotator, pair.
_Slot = tuple[str, str, PairKey]
#: Negated time of an event, its turn, and the event: the latest is the smallest; of equal times,
#: the first.
_Entry = tuple[timedelta, int, JudgmentEvent]
_END = datetime.max.replace(tzinfo=UTC)

_FIRST, _REPEAT, _FLAG, _FINAL = "first", "repeat", "flag", "final"
#: Groups of what annotators say of pairs, which becomes final when lists are shown to them.
_OF_ANNOTATORS = (_FIRST, _REPEAT, _FLAG)
_NOBODY: frozenset[str] = frozenset()
# Looked up once: in a large set each look-up of a kind costs as much as adding the event.
_GRADE, _SKIP = EventKind.GRADE, EventKind.SKIP
_SHOWN, _UNDO = EventKind.SHOWN, EventKind.UNDO
#: A tuple: a set would compute the hash of a kind, which is slow.
_LABEL_KINDS = (_GRADE, *(LABELS - {_GRADE}))
_TAKES_BACK = (_UNDO, EventKind.DELETE)
_NO_ACTS = (*_TAKES_BACK, _SHOWN)


class SetState:
    """Folds events, in any order and with repeats, into current labels.

    The current label of a pair for an annotator is the latest of their events that was not taken
    back: an undo counts for its own annotator's events only, a deletion for anybody's. Hidden
    repeats, flags and adjudications are kept apart from labels. Adding an event costs
    nearly the same however many there are.
    """

    def __init__(self, events: Iterable[JudgmentEvent] = ()) -> None:
        self._taken: dict[str, JudgmentEvent] = {}
        self._undone: dict[tuple[str, str], datetime] = {}
        self._deleted: set[str] = set()
        self._histories: dict[_Slot, list[_Entry]] = {}
        #: What was taken back; it counts again where it turns out to have been too late for that.
        self._past: dict[_Slot, list[_Entry]] = {}
        self._standing: dict[str, dict[str, dict[PairKey, JudgmentEvent]]] = {
            group: {} for group in (_FIRST, _REPEAT, _FLAG, _FINAL)
        }
        self._graders: dict[PairKey, set[str]] = {}
        self._turns: dict[str, int] = {}
        self._turn_of: dict[tuple[str, PairKey], int] = {}
        self._shown: dict[str, list[datetime]] = {}
        #: When each annotator said something last, and took something back last.
        self._said: dict[str, datetime] = {}
        self._undid: dict[str, datetime] = {}
        #: When each annotator judged, and flagged, each pair first; putting off says nothing.
        self._judged: dict[tuple[str, PairKey], datetime] = {}
        self._flagged: dict[tuple[str, PairKey], datetime] = {}
        #: The pairs whose labels, repeats or decisions were settled, in turn.
        self.changed: list[PairKey] = []
        self.latest: datetime | None = None
        for event in events:
            self.add(event)

    def __len__(self) -> int:
        """Return the number of events that were added, including undo events."""
        return len(self._taken)

    def __contains__(self, event_id: str) -> bool:
        """Tell whether an event was added."""
        return event_id in self._taken

    def add(self, event: JudgmentEvent) -> None:
        """Add one event; a repeated event has no effect."""
        if event.event_id in self._taken:
            return
        self._taken[event.event_id] = event
        kind, at = event.kind, event.at
        if self.latest is None or at > self.latest:
            self.latest = at
        if kind is _SHOWN:
            self._show(event)
        elif kind in _TAKES_BACK:
            self._take_back(event)
        else:
            self._say(event)

    def _show(self, event: JudgmentEvent) -> None:
        who, at = event.annotator, event.at
        insort(self._shown.setdefault(who, []), at)
        # It says only of later acts that they have no effect; mostly there are none yet.
        if at < max(self._said.get(who, at), self._undid.get(who, at)):
            for slot in self._histories:
                if slot[1] == who and slot[0] in _OF_ANNOTATORS:
                    self._settle(slot)

    def _take_back(self, event: JudgmentEvent) -> None:
        if event.kind is _UNDO:
            _keep_latest(self._undid, event)
            key = (event.annotator, event.note)
            self._undone[key] = min(event.at, self._undone.get(key, event.at))
        else:
            self._deleted.add(event.note)
        target = self.find(event.note)
        if target is not None:
            self._settle(_slot(target))

    def _say(self, event: JudgmentEvent) -> None:
        slot = _slot(event)
        group, who, pair = slot
        entry = (_END - event.at, len(self._taken), event)
        history = self._histories.get(slot)
        if history is None:
            self._histories[slot] = [entry]
        else:
            heapq.heappush(history, entry)
        if group == _FINAL:
            self._settle(slot)
            return
        _keep_latest(self._said, event)
        if group == _FIRST:
            turn = self._turns[who] = self._turns.get(who, 0) + 1
            self._turn_of[(who, pair)] = turn
        is_earlier = event.kind is not _SKIP and self._notes_first(slot, event.at)
        self._settle(slot)
        if is_earlier and who in self._shown:  # what is said of a pair binds the rest of it
            for other in _OF_ANNOTATORS:
                if other != group and (other, who, pair) in self._histories:
                    self._settle((other, who, pair))

    def _notes_first(self, slot: _Slot, at: datetime) -> bool:
        """Note when a pair was judged or flagged first; tell whether that is earlier than known."""
        times, key = self._flagged if slot[0] == _FLAG else self._judged, slot[1:]
        earliest = times.get(key)
        if earliest is not None and earliest <= at:
            return False
        times[key] = at
        return True

    def find(self, event_id: str) -> JudgmentEvent | None:
        """Return what an annotator said, by its id (no undo, no deletion)."""
        event = self._taken.get(event_id)
        return event if event is not None and event.kind not in _NO_ACTS else None

    def taken(self, event_id: str) -> JudgmentEvent | None:
        """Return the event that was added under an id, of any kind."""
        return self._taken.get(event_id)

    def current(self, annotator: str) -> Mapping[PairKey, JudgmentEvent]:
        """Return the standing event of every pair that this annotator has acted on."""
        return self._standing[_FIRST].get(annotator, {})

    def repeated(self, annotator: str) -> Mapping[PairKey, JudgmentEvent]:
        """Return the standing second label of every hidden repeat of this annotator."""
        return self._standing[_REPEAT].get(annotator, {})

    def has_judged(self, annotator: str, task: tuple[str, str, int]) -> bool:
        """Tell whether an annotator judged a pair, or its hidden repeat, and did not put it off."""
        query_id, item_id, number = task
        labels = self.repeated(annotator) if number else self.current(annotator)
        label = labels.get((query_id, item_id))
        return label is not None and label.kind is not EventKind.SKIP

    def graders(self, pair: PairKey) -> set[str] | frozenset[str]:
        """Return the names of a pair's graders."""
        return self._graders.get(pair, _NOBODY)

    def annotators(self) -> tuple[str, ...]:
        """Return all annotators with a standing event, sorted."""
        return tuple(sorted(who for who, labels in self._standing[_FIRST].items() if labels))

    def turns_since(self, annotator: str, pair: PairKey) -> int:
        """Return the number of this annotator's events since labelling a pair."""
        return self._turns.get(annotator, 0) - self._turn_of.get((annotator, pair), 0)

    def all_current(self) -> list[JudgmentEvent]:
        """Return the standing labels of all annotators, by query, item and annotator."""
        return _sorted(self._standing[_FIRST])

    def all_repeated(self) -> list[JudgmentEvent]:
        """Return the standing second labels of all annotators."""
        return _sorted(self._standing[_REPEAT])

    def flags(self) -> list[JudgmentEvent]:
        """Return the standing flags of all annotators."""
        return _sorted(self._standing[_FLAG])

    def decisions(self) -> dict[PairKey, JudgmentEvent]:
        """Return the latest standing adjudication of every adjudicated pair."""
        latest: dict[PairKey, JudgmentEvent] = {}
        for labels in self._standing[_FINAL].values():
            for pair, event in labels.items():
                if pair not in latest or latest[pair].at < event.at:
                    latest[pair] = event
        return latest

    def is_decided(self, pair: PairKey) -> bool:
        """Tell whether an adjudication of a pair stands."""
        return any(pair in decided for decided in self._standing[_FINAL].values())

    def shown_at(self, annotator: str) -> datetime | None:
        """Return when engines' lists were last shown to an annotator; ``None`` if never."""
        return max(self._shown.get(annotator, ()), default=None)

    def is_bound(self, annotator: str, pair: PairKey, flag: bool = False) -> bool:
        """Tell whether an annotator judged a pair before lists were shown to them.

        Whatever they said or took back afterwards has no effect, in whatever order it was stored.

        Args:
            annotator: Name of the annotator.
            pair: The pair.
            flag: Ask whether their flags of the pair are bound: a flag binds those, too, but a pair
                that was only flagged still takes a label.
        """
        return self._bound_at((_FLAG if flag else _FIRST, annotator, pair)) is not None

    def is_shown(self, annotator: str) -> bool:
        """Tell whether engines' lists were shown to an annotator since they said anything."""
        return self.shown_at(annotator) is not None and not self.has_said_since(annotator)

    def has_said_since(self, annotator: str) -> bool:
        """Tell whether an annotator said anything that no list was shown to them after."""
        shown, said = self.shown_at(annotator), self._said.get(annotator)
        return said is not None and (shown is None or shown < said)

    def last(self, annotator: str) -> JudgmentEvent | None:
        """Return this annotator's latest standing label or flag of any pair."""
        flags = self._standing[_FLAG].get(annotator, {}).values()
        acts = [*self.recent(annotator, 1), *flags]
        return max(acts, key=lambda event: event.at, default=None)

    def recent(self, annotator: str, count: int) -> list[JudgmentEvent]:
        """Return this annotator's latest standing labels and repeats, newest first."""
        mine = [*self.current(annotator).values(), *self.repeated(annotator).values()]
        return heapq.nlargest(count, mine, key=lambda event: event.at)

    def _settle(self, slot: _Slot) -> None:
        group, who, pair = slot
        event = self._latest(slot)
        of_group = self._standing[group]
        standing = of_group.get(who)
        if standing is None:
            standing = of_group[who] = {}
        if event is not None:
            standing[pair] = event
        else:
            standing.pop(pair, None)
        if group != _FLAG:
            self.changed.append(pair)
        if group == _FIRST:
            graders = self._graders.get(pair)
            if graders is None:
                graders = self._graders[pair] = set()
            if event is not None and event.kind is _GRADE:
                graders.add(who)
            else:
                graders.discard(who)

    def _latest(self, slot: _Slot) -> JudgmentEvent | None:
        """Return the latest event of a slot that counts and was not taken back."""
        left, bound = self._histories[slot], self._bound_at(slot)
        if bound is None:
            if self._undone or self._deleted:
                while left and self._is_taken_back(left[0][2]):
                    self._past.setdefault(slot, []).append(heapq.heappop(left))
            return left[0][2] if left else None
        counted = (e for e in (*left, *self._past.get(slot, ())) if e[2].at <= bound)
        standing = (e for e in counted if not self._is_taken_back(e[2], bound))
        return min(standing, default=(None, 0, None))[2]

    def _bound_at(self, slot: _Slot) -> datetime | None:
        """Return when lists were first shown to somebody who had judged the pair; else ``None``.

        A label or a hidden repeat, whichever was first, binds both, and flags with them; flags bind
        flags only.
        """
        group, who, pair = slot
        times = self._shown.get(who)
        if not times or group == _FINAL:
            return None
        first = self._judged.get((who, pair))
        if group == _FLAG:
            flagged = self._flagged.get((who, pair))
            first = min(first or flagged, flagged) if flagged else first
        if first is None or first > times[-1]:
            return None
        return times[bisect_left(times, first)]

    def _is_taken_back(self, event: JudgmentEvent, by: datetime | None = None) -> bool:
        """Tell whether an event was deleted, or undone, by a moment where one is given."""
        undone = self._undone.get((event.annotator, event.event_id))
        in_time = undone is not None and (by is None or undone <= by)
        return in_time or event.event_id in self._deleted


def _slot(event: JudgmentEvent) -> _Slot:
    kind = event.kind
    if kind in _LABEL_KINDS:
        group = _REPEAT if event.round else _FIRST
    else:
        group = _FLAG if kind is EventKind.FLAG else _FINAL
    return group, event.annotator, (event.query_id, event.item_id)


def _keep_latest(times: dict[str, datetime], event: JudgmentEvent) -> None:
    latest = times.get(event.annotator)
    if latest is None or event.at > latest:
        times[event.annotator] = event.at


def _sorted(standing: Mapping[str, Mapping[PairKey, JudgmentEvent]]) -> list[JudgmentEvent]:
    events = [event for labels in standing.values() for event in labels.values()]
    return sorted(events, key=lambda event: (event.query_id, event.item_id, event.annotator))
