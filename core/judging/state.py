"""The state of a set: the current label of every pair, per annotator."""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from core.domain import LABELS, EventKind, JudgmentEvent

#: Query id and item id.
PairKey = tuple[str, str]
#: Key within which the latest event wins: group, annotator, pair.
_Slot = tuple[str, str, PairKey]
#: Negated time of an event, its turn, and the event: the latest is the smallest; of equal times,
#: the first.
_Entry = tuple[timedelta, int, JudgmentEvent]
_END = datetime.max.replace(tzinfo=UTC)

_FIRST, _REPEAT, _FLAG, _FINAL = "first", "repeat", "flag", "final"
#: Groups of what annotators say of pairs, which becomes final when lists are shown to them.
_OF_ANNOTATORS = (_FIRST, _REPEAT, _FLAG)
#: Those of them that judge a pair.
_LABELS = (_FIRST, _REPEAT)
_NOBODY: frozenset[str] = frozenset()
_TAKES_BACK = (EventKind.UNDO, EventKind.DELETE)
_NO_ACTS = (*_TAKES_BACK, EventKind.SHOWN)


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
        #: The slots of what each annotator said; the keys of a dictionary, in turn.
        self._slots: dict[str, dict[_Slot, None]] = {}
        self._standing: dict[str, dict[str, dict[PairKey, JudgmentEvent]]] = {
            group: {} for group in (_FIRST, _REPEAT, _FLAG, _FINAL)
        }
        self._graders: dict[PairKey, set[str]] = {}
        self._turns: dict[str, int] = {}
        self._turn_of: dict[tuple[str, PairKey], int] = {}
        self._shown: dict[str, list[datetime]] = {}
        self._said: dict[str, datetime] = {}
        #: When each annotator said something last, or took something back.
        self._acted: dict[str, datetime] = {}
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
        self.latest = max(self.latest, event.at) if self.latest else event.at
        if event.kind is EventKind.SHOWN:
            insort(self._shown.setdefault(event.annotator, []), event.at)
            # It says only of later acts that they have no effect; mostly there are none yet.
            if event.at < self._acted.get(event.annotator, event.at):
                for slot in self._slots.get(event.annotator, ()):
                    self._settle(slot)
            return
        if event.kind in _TAKES_BACK:
            if event.kind is EventKind.UNDO:
                _keep_latest(self._acted, event)
                key = (event.annotator, event.note)
                self._undone[key] = min(event.at, self._undone.get(key, event.at))
            else:
                self._deleted.add(event.note)
            target = self.find(event.note)
            if target is not None:
                self._settle(_slot(target))
            return
        slot = _slot(event)
        entry = (_END - event.at, len(self._taken), event)
        heapq.heappush(self._histories.setdefault(slot, []), entry)
        if slot[0] in _OF_ANNOTATORS:
            _keep_latest(self._said, event)
            _keep_latest(self._acted, event)
        if slot[0] == _FIRST:
            turn = self._turns[event.annotator] = self._turns.get(event.annotator, 0) + 1
            self._turn_of[(event.annotator, slot[2])] = turn
        self._settle(slot)
        if slot[0] in _OF_ANNOTATORS:
            self._slots.setdefault(event.annotator, {})[slot] = None
            if event.annotator in self._shown:  # what is said of a pair binds the rest of it
                for other in _slots_of(slot, _OF_ANNOTATORS):
                    if other != slot and other in self._histories:
                        self._settle(other)

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
        standing = self._standing[group].setdefault(who, {})
        if event is not None:
            standing[pair] = event
        else:
            standing.pop(pair, None)
        if group != _FLAG:
            self.changed.append(pair)
        if group == _FIRST:
            graders = self._graders.setdefault(pair, set())
            if event is not None and event.kind is EventKind.GRADE:
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
        times = self._shown.get(slot[1])
        if not times or slot[0] not in _OF_ANNOTATORS:
            return None
        said = [
            event.at
            for each in _slots_of(slot, _OF_ANNOTATORS if slot[0] == _FLAG else _LABELS)
            for *_, event in (*self._histories.get(each, ()), *self._past.get(each, ()))
            if event.kind is not EventKind.SKIP
        ]
        place = bisect_left(times, min(said)) if said else len(times)
        return times[place] if place < len(times) else None

    def _is_taken_back(self, event: JudgmentEvent, by: datetime | None = None) -> bool:
        """Tell whether an event was deleted, or undone, by a moment where one is given."""
        undone = self._undone.get((event.annotator, event.event_id))
        in_time = undone is not None and (by is None or undone <= by)
        return in_time or event.event_id in self._deleted


def _slot(event: JudgmentEvent) -> _Slot:
    if event.kind in LABELS:
        group = _REPEAT if event.round else _FIRST
    else:
        group = _FLAG if event.kind is EventKind.FLAG else _FINAL
    return group, event.annotator, (event.query_id, event.item_id)


def _slots_of(slot: _Slot, groups: Iterable[str]) -> list[_Slot]:
    """Return the slots of some groups with the annotator and the pair of a slot."""
    return [(group, *slot[1:]) for group in groups]


def _keep_latest(times: dict[str, datetime], event: JudgmentEvent) -> None:
    times[event.annotator] = max(times.get(event.annotator, event.at), event.at)


def _sorted(standing: Mapping[str, Mapping[PairKey, JudgmentEvent]]) -> list[JudgmentEvent]:
    events = [event for labels in standing.values() for event in labels.values()]
    return sorted(events, key=lambda event: (event.query_id, event.item_id, event.annotator))
