"""What a set's events add up to: the current label of every pair, per annotator."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core.domain import EventKind, JudgmentEvent

#: Query id and item id.
PairKey = tuple[str, str]


class SetState:
    """Folds events, in any order and with repeats, into current labels.

    The current label of a pair for an annotator is the latest of their events that was not undone.
    """

    def __init__(self, events: Iterable[JudgmentEvent] = ()) -> None:
        self._events: dict[str, JudgmentEvent] = {}
        self._undone: set[str] = set()
        self._by_annotator: dict[str, dict[PairKey, list[JudgmentEvent]]] = {}
        self.latest: datetime | None = None
        for event in events:
            self.add(event)

    def add(self, event: JudgmentEvent) -> None:
        """Take one event; a repeat of a known one changes nothing."""
        if event.event_id in self._events:
            return
        self._events[event.event_id] = event
        self.latest = max(self.latest, event.at) if self.latest else event.at
        if event.kind is EventKind.UNDO:
            self._undone.add(event.note)
            return
        pairs = self._by_annotator.setdefault(event.annotator, {})
        history = pairs.setdefault((event.query_id, event.item_id), [])
        history.append(event)
        history.sort(key=lambda one: one.at)

    def current(self, annotator: str) -> dict[PairKey, JudgmentEvent]:
        """The standing event of every pair that this annotator has acted on."""
        pairs = self._by_annotator.get(annotator, {})
        standing = {
            key: [event for event in history if event.event_id not in self._undone]
            for key, history in pairs.items()
        }
        return {key: history[-1] for key, history in standing.items() if history}

    def all_current(self) -> list[JudgmentEvent]:
        """The standing events of all annotators, by query, item and annotator."""
        events = [event for who in self._by_annotator for event in self.current(who).values()]
        return sorted(events, key=lambda one: (one.query_id, one.item_id, one.annotator))

    def last(self, annotator: str) -> JudgmentEvent | None:
        """This annotator's latest standing event, whatever its pair."""
        return max(self.current(annotator).values(), key=lambda one: one.at, default=None)
