"""Who judges what next."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, pairwise

from core.domain import EventKind, JudgingProgress, JudgmentSet, Pair
from core.judging.pool import shuffled
from core.judging.state import SetState

#: Pace is told from this many latest events.
_PACE_EVENTS = 30
#: A longer pause than this is a break, no part of the pace, seconds.
_BREAK = 120.0


def order(judgment_set: JudgmentSet, annotator: str) -> list[Pair]:
    """The set in this annotator's own order: one query after the other, both shuffled."""
    groups: dict[str, dict[str, Pair]] = {}
    for pair in judgment_set.pairs:
        groups.setdefault(pair.query.query_id, {})[pair.item_id] = pair
    seed = f"{judgment_set.set_id}/{annotator}"
    return [
        groups[query_id][item_id]
        for query_id in shuffled(list(groups), seed)
        for item_id in shuffled(list(groups[query_id]), f"{seed}/{query_id}")
    ]


def next_pairs(
    ordered: Sequence[Pair], state: SetState, annotator: str, count: int
) -> tuple[Pair, ...]:
    """Pairs that this annotator has not judged, in their order; those put off come last.

    Args:
        ordered: The annotator's own ``order``.
        state: All events of the set.
        annotator: Who.
        count: How many at most.
    """
    current = state.current(annotator)
    fresh = (pair for pair in ordered if (pair.query.query_id, pair.item_id) not in current)
    found = list(islice(fresh, max(count, 0)))
    if len(found) < count:
        later = [
            pair
            for pair in ordered
            if (event := current.get((pair.query.query_id, pair.item_id)))
            and event.kind is EventKind.SKIP
        ]
        later.sort(key=lambda pair: current[(pair.query.query_id, pair.item_id)].at)
        found += later[: count - len(found)]
    return tuple(found)


def progress(judgment_set: JudgmentSet, state: SetState, annotator: str) -> JudgingProgress:
    """How far this annotator is, and how fast (without breaks)."""
    events = sorted(state.current(annotator).values(), key=lambda event: event.at)
    skipped = sum(event.kind is EventKind.SKIP for event in events)
    recent = [event.at.timestamp() for event in events[-_PACE_EVENTS:]]
    gaps = [later - earlier for earlier, later in pairwise(recent)]
    working = [gap for gap in gaps if gap <= _BREAK]
    per_minute = 60 * len(working) / sum(working) if sum(working) > 0 else 0.0
    return JudgingProgress(
        len(events) - skipped, len(judgment_set.pairs), skipped, round(per_minute, 1)
    )
