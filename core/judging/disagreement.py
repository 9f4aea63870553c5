"""Pairs for an adjudicator, whose label wins: different grades, "can't tell", or a flag."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.domain import EventKind, JudgmentEvent
from core.judging.state import PairKey


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One pair to decide.

    Attributes:
        query_id: The query.
        item_id: The item.
        labels: Standing grades and "can't tell", by annotator.
        spread: Highest grade less the lowest.
        decision: The adjudication, or ``None``.
        flags: Standing flags; their notes say what is wrong.
    """

    query_id: str
    item_id: str
    labels: tuple[JudgmentEvent, ...]
    spread: int
    decision: JudgmentEvent | None = None
    flags: tuple[JudgmentEvent, ...] = ()


def disagreements(
    events: Iterable[JudgmentEvent],
    decisions: Mapping[PairKey, JudgmentEvent],
    flags: Iterable[JudgmentEvent] = (),
) -> tuple[Disagreement, ...]:
    """Return the pairs to decide, the open ones first, of those the widest spread first.

    These are pairs with different grades, with a "can't tell" or with a flag, and decided ones.
    """
    labels: dict[PairKey, list[JudgmentEvent]] = {}
    for event in events:
        if event.kind in (EventKind.GRADE, EventKind.UNSURE):
            labels.setdefault((event.query_id, event.item_id), []).append(event)
    flagged: dict[PairKey, list[JudgmentEvent]] = {}
    for flag in flags:
        flagged.setdefault((flag.query_id, flag.item_id), []).append(flag)
    cases = []
    for pair in labels.keys() | flagged.keys():
        given = labels.get(pair, [])
        grades = [event.grade for event in given if event.grade is not None]
        spread = max(grades) - min(grades) if grades else 0
        if spread or len(grades) < len(given) or pair in flagged or pair in decisions:
            cases.append(
                Disagreement(
                    *pair, tuple(given), spread, decisions.get(pair), tuple(flagged.get(pair, ()))
                )
            )
    return tuple(
        sorted(cases, key=lambda d: (d.decision is not None, -d.spread, d.query_id, d.item_id))
    )
