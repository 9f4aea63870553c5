"""Pairs that annotators disagree on, for an adjudicator whose label wins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.domain import EventKind, JudgmentEvent
from core.judging.state import PairKey


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One pair with its different labels.

    Attributes:
        query_id: The query.
        item_id: The item.
        labels: Standing grades and "can't tell", by annotator.
        spread: Highest grade less the lowest.
        decision: The adjudication, or ``None``.
    """

    query_id: str
    item_id: str
    labels: tuple[JudgmentEvent, ...]
    spread: int
    decision: JudgmentEvent | None = None


def disagreements(
    events: Iterable[JudgmentEvent], decisions: Mapping[PairKey, JudgmentEvent]
) -> tuple[Disagreement, ...]:
    """Return pairs with different grades, the open ones first, of those the widest spread first."""
    labels: dict[PairKey, list[JudgmentEvent]] = {}
    for event in events:
        if event.kind in (EventKind.GRADE, EventKind.UNSURE):
            labels.setdefault((event.query_id, event.item_id), []).append(event)
    cases = []
    for pair, given in labels.items():
        grades = [event.grade for event in given if event.grade is not None]
        spread = max(grades) - min(grades) if grades else 0
        if spread or pair in decisions:
            cases.append(Disagreement(*pair, tuple(given), spread, decisions.get(pair)))
    return tuple(
        sorted(cases, key=lambda d: (d.decision is not None, -d.spread, d.query_id, d.item_id))
    )
