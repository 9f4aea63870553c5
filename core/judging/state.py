"""What a set's events add up to: the current label of every pair, per annotator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from core.domain import EventKind, JudgmentEvent

#: Query id and item id.
PairKey = tuple[str, str]


class SetState:
    """Folds events, in any order and with repeats, into current labels.

    The current label of a pair for an annotator is the latest of their events that was not undone;
    an undo counts only for its own annotator's events. Adding an event costs the same however many
    there are.
    """

    def __init__(self, events: Iterable[JudgmentEvent] = ()) -> None:
        self._seen: set[str] = set()
        self._undone: set[tuple[str, str]] = set()
        self._pair_of: dict[tuple[str, str], PairKey] = {}
        self._histories: dict[str, dict[PairKey, list[JudgmentEvent]]] = {}
        self._standing: dict[str, dict[PairKey, JudgmentEvent]] = {}
        self.latest: datetime | None = None
        for event in events:
            self.add(event)

    def __len__(self) -> int:
        """How many events were taken, undo events included."""
        return len(self._seen)

    def __contains__(self, event_id: str) -> bool:
        """Whether an event was taken."""
        return event_id in self._seen

    def add(self, event: JudgmentEvent) -> None:
        """Take one event; a repeat of a known one changes nothing."""
        if event.event_id in self._seen:
            return
        self._seen.add(event.event_id)
        self.latest = max(self.latest, event.at) if self.latest else event.at
        who = event.annotator
        if event.kind is EventKind.UNDO:
            self._undone.add((who, event.note))
            pair = self._pair_of.get((who, event.note))
        else:
            pair = (event.query_id, event.item_id)
            self._pair_of[(who, event.event_id)] = pair
            self._histories.setdefault(who, {}).setdefault(pair, []).append(event)
        if pair is not None:
            self._settle(who, pair)

    def current(self, annotator: str) -> Mapping[PairKey, JudgmentEvent]:
        """The standing event of every pair that this annotator has acted on."""
        return self._standing.get(annotator, {})

    def all_current(self) -> list[JudgmentEvent]:
        """The standing events of all annotators, by query, item and annotator."""
        events = [event for standing in self._standing.values() for event in standing.values()]
        return sorted(events, key=lambda one: (one.query_id, one.item_id, one.annotator))

    def last(self, annotator: str) -> JudgmentEvent | None:
        """This annotator's latest standing event, whatever its pair."""
        return max(self.current(annotator).values(), key=lambda one: one.at, default=None)

    def _settle(self, who: str, pair: PairKey) -> None:
        left = [e for e in self._histories[who][pair] if (who, e.event_id) not in self._undone]
        standing = self._standing.setdefault(who, {})
        if left:
            standing[pair] = max(left, key=lambda one: one.at)
        else:
            standing.pop(pair, None)
