"""Sets that somebody may still judge: what engines find is hidden from that person meanwhile."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from core.domain import EventKind, JudgmentSet
from core.judging.judgment_queue import JudgmentQueue
from core.judging.sets import CLICK_SETS
from core.judging.state import SetState


def is_open_to(desk: JudgmentQueue, people: Collection[str], graded: str = "") -> bool:
    """Tell whether one of these people may still judge a pair of any set of a catalogue.

    Args:
        desk: The catalogue's queue.
        people: Names of annotators.
        graded: Id of a set that came with its grades; see ``may_judge``.
    """
    if not people:
        return False
    return any(
        desk.look(
            each.set_id, partial(may_judge, each, people=people, graded=each.set_id == graded)
        )
        for each in desk.sets.all()
    )


def may_judge(
    judgment_set: JudgmentSet, state: SetState, *, people: Collection[str], graded: bool = False
) -> bool:
    """Tell whether one of these people may still judge a pair of a set.

    That is a pair which they have not judged, or put off, and which lacks people. Where everybody
    judges a pair, it lacks all who did not; only in a set that came with its grades (a file,
    clicks, the demo's) it is enough that somebody graded it, because most never judge such a set.
    """
    rules = judgment_set.rules
    graded = graded or not judgment_set.engines or judgment_set.set_id.startswith(CLICK_SETS)
    wanted = rules.overlap or (1 if graded else 0)
    own = [state.current(name) for name in people]
    for pair in judgment_set.pairs:
        key = pair.key
        for_everybody = not wanted or key in rules.calibration
        if not for_everybody and len(state.graders(key)) >= wanted:
            continue
        for labels in own:
            label = labels.get(key)
            if label is None or label.kind is EventKind.SKIP:
                return True
    return False
