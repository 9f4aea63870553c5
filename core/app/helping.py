"""Visitors who help to choose: two engines' lists in one, and what is seen and opened in it."""

from __future__ import annotations

import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from core.access.tries import network
from core.app.experimenting import ExperimentService
from core.app.taking_events import ADDRESS_BURST, PER_ADDRESS
from core.base.rates import RateLimit
from core.domain import Hit, Query, SearchResult
from core.errors import EngineUnavailable, EventsRefused, ExperimentError
from core.experiments.assignment import assign
from core.experiments.behaviour_events import BehaviourKind, Event, event_of
from core.experiments.interleaving import Slot, team_draft
from core.experiments.model import Experiment

#: A visitor's random number, as the page makes it.
UNIT = re.compile(r"[0-9a-f]{32}")
#: Mixed lists that are remembered; what is reported of an older one is not recorded.
MOST_LISTS = 10_000
#: Most actions in one report; a list has 200 hits at most.
MOST_ACTIONS = 500
_KINDS = (BehaviourKind.EXPOSURE, BehaviourKind.CLICK)

#: Answers a query with an engine of a catalogue: ``Studio.search``.
Search = Callable[[Query, str, str], SearchResult]


@dataclass(frozen=True, slots=True)
class MixedList:
    """A list of two engines or more, as a visitor got it.

    Attributes:
        list_id: Its random id, which the page reports with.
        result: The hits, without what tells their engine.
    """

    list_id: str
    result: SearchResult


@dataclass(frozen=True, slots=True)
class _Given:
    """What the studio remembers of a mixed list."""

    experiment: str
    unit: str
    query: str
    slots: tuple[Slot, ...]


class HelpingService:
    """Mixes lists for visitors who agreed to help, and records what they see and open.

    Args:
        experiments: The experiments.
        search: Answers a query with one engine.
    """

    def __init__(self, experiments: ExperimentService, search: Search) -> None:
        self._experiments, self._search = experiments, search
        self._lists: OrderedDict[str, _Given] = OrderedDict()
        self._lock = threading.Lock()
        self._rate = RateLimit(PER_ADDRESS, ADDRESS_BURST)

    def offered(self, catalog: str) -> Experiment | None:
        """Return the experiment that visitors of a catalogue may help with, if there is one."""
        running = self._experiments.running()
        return next((e for e in running if e.on_explore and e.catalog == catalog), None)

    def mixed(
        self, experiment: Experiment, unit: str, query: Query, device: str = ""
    ) -> MixedList | None:
        """Answer a query with all engines of an experiment, mixed by team draft.

        The search is recorded. The same visitor gets the same list for the same lists again.

        Args:
            experiment: An offered experiment.
            unit: The visitor's random number.
            query: The query.
            device: ``mobile`` or ``desktop``.

        Returns:
            The list; ``None`` if the visitor takes no part, or an engine can't run here.
        """
        if not UNIT.fullmatch(unit) or not assign(experiment, unit, {"device": device}).variant:
            return None
        try:
            results = {
                variant.name: self._search(query, variant.engine, experiment.catalog)
                for variant in experiment.variants
            }
        except EngineUnavailable:
            return None
        rankings = {
            name: [hit.item.item_id for hit in result.hits] for name, result in results.items()
        }
        dice = Random(f"{experiment.salt}:{unit}:{sorted(rankings.items())}")  # noqa: S311
        slots = team_draft(rankings, query.k, dice)
        list_id, text = secrets.token_hex(16), query.text or ""
        self._remember(list_id, _Given(experiment.id, unit, text, slots))
        search = _event(experiment.id, unit, list_id, text, device)
        self._experiments.record([replace(search, results=len(slots))])
        return MixedList(list_id, _result(list(results.values()), slots))

    def record(
        self, list_id: str, unit: str, actions: Sequence[Any], address: str, device: str = ""
    ) -> int:
        """Store what a visitor saw and opened in a mixed list; return how many were new.

        Args:
            list_id: Id of the list.
            unit: The visitor's random number.
            actions: ``{"kind": "exposure" or "click", "position"}`` each; one that is sent again,
                or done again, counts once.
            address: Address of the visitor, for the limit; it is not stored.
            device: ``mobile`` or ``desktop``.

        Raises:
            ExperimentError: The list is gone or somebody else's, or an action is not usable.
            EventsRefused: Too much was sent.
            NotSaved: They could not be written.
        """
        with self._lock:
            given = self._lists.get(list_id)
        if given is None or given.unit != unit:
            raise ExperimentError("This list is not open any more; search again.")
        if len(actions) > MOST_ACTIONS:
            raise ExperimentError(f"At most {MOST_ACTIONS} actions are reported at once.")
        if wait := self._rate.wait(network(address), max(1, len(actions))):
            raise EventsRefused("That is too much at once.", 429, int(wait) + 1)
        base = _event(given.experiment, unit, list_id, given.query, device)
        events = [_action(base, action, given.slots) for action in actions]
        return self._experiments.record(events) if events else 0

    def _remember(self, list_id: str, given: _Given) -> None:
        with self._lock:
            self._lists[list_id] = given
            if len(self._lists) > MOST_LISTS:
                self._lists.popitem(last=False)


def _event(experiment: str, unit: str, list_id: str, query: str, device: str) -> Event:
    """Return the event of a search; the id of its list is its own id, too."""
    values = {
        "event_id": list_id, "time": datetime.now(UTC), "kind": "search", "unit": unit,
        "experiment": experiment, "query_id": list_id, "query": _printable(query),
        "device": device,
    }  # fmt: skip
    return event_of(values)


def _action(base: Event, action: Any, slots: Sequence[Slot]) -> Event:
    """Return the event of an action; item and team are those of the list, whoever reports.

    Its id is made of list, kind and place, so that nobody can fill the table with one list.
    """
    position = action.get("position") if isinstance(action, Mapping) else None
    if not isinstance(position, int) or not 1 <= position <= len(slots):
        raise ExperimentError(f"An action has “position”, from 1 to {len(slots)}.")
    kind = action.get("kind")
    if kind not in _KINDS:
        raise ExperimentError("An action has “kind”: exposure or click.")
    slot = slots[position - 1]
    return replace(
        base, event_id=f"{base.query_id}-{kind}-{int(position)}", kind=BehaviourKind(kind),
        item_id=slot.item_id, position=int(position), team=slot.team,
    )  # fmt: skip


def _result(results: Sequence[SearchResult], slots: Sequence[Slot]) -> SearchResult:
    """Return the mixed list as a result; reasons and rewrites would tell an item's engine."""
    by_id: dict[str, Hit] = {}
    for result in results:
        for hit in result.hits:
            by_id.setdefault(hit.item.item_id, hit)
    hits = tuple(_plain(by_id[slot.item_id], place, by_id) for place, slot in enumerate(slots, 1))
    first = results[0]
    return replace(
        first,
        hits=hits,
        cut=0,
        encode_ms=sum(result.encode_ms for result in results),
        search_ms=sum(result.search_ms for result in results),
        close=any(result.close for result in results),
        verdict=first.verdict if not any(result.close for result in results) else "",
    )


def _plain(hit: Hit, place: int, shown: Mapping[str, Hit]) -> Hit:
    """Return a hit at its place in the mixed list, without what is there by itself."""
    folded = tuple(item_id for item_id in hit.duplicates if item_id not in shown)
    return replace(hit, rank=place, reasons=(), rewrite="", duplicates=folded)


def _printable(text: str) -> str:
    """Return words without control characters, as an event takes them."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown.encode("utf-8", "ignore").decode()
