"""Sets that somebody may still judge: what engines find is hidden from that person meanwhile."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from core.domain import EventKind, JudgmentSet
from core.judging.judgment_queue import JudgmentQueue
from core.judging.sets import CLICK_SETS
from core.judging.state import SetState

_JUDGED = (EventKind.GRADE, EventKind.UNSURE)


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

    That is a pair which lacks people, which they have not graded, and which nobody has decided.
    Where everybody judges a pair, it lacks all who did not judge it, or put it off; only in a set
    that came with its grades (a file, clicks, the demo's) it is enough that somebody graded it,
    because most never judge such a set.
    """
    rules = judgment_set.rules
    graded = graded or not judgment_set.engines or judgment_set.set_id.startswith(CLICK_SETS)
    wanted = rules.overlap or (1 if graded else 0)
    own = [state.current(name) for name in people]
    decided = state.decisions()
    for pair in judgment_set.pairs:
        key = pair.key
        everybodys = not wanted or key in rules.calibration
        if key in decided or (not everybodys and len(state.graders(key)) >= wanted):
            continue
        # Else one could say of every pair that one can't tell, read the lists and come back.
        done = _JUDGED if everybodys else (EventKind.GRADE,)
        if any(key not in labels or labels[key].kind not in done for labels in own):
            return True
    return False
