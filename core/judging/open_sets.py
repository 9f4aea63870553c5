"""Sets that somebody may still judge: what engines find is hidden from that person meanwhile."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import UTC, datetime
from functools import partial

from core.domain import EventKind, JudgmentEvent, JudgmentSet
from core.judging.final_labels import came_graded, lacks_people
from core.judging.judgment_queue import JudgmentQueue
from core.judging.state import PairKey, SetState


def is_open_to(desk: JudgmentQueue, people: Collection[str]) -> bool:
    """Tell whether one of these people may still judge a pair of any set of a catalogue.

    Args:
        desk: The catalogue's queue.
        people: Names of annotators.
    """
    if not people:
        return False
    return any(
        desk.look(
            each.set_id,
            partial(may_judge, each, people=people, graded=came_graded(each, desk.shipped)),
        )
        for each in desk.sets.all()
    )


def may_judge(
    judgment_set: JudgmentSet, state: SetState, *, people: Collection[str], graded: bool = False
) -> bool:
    """Tell whether one of these people may still judge a pair of a set.

    That is a pair which lacks people, and of which they have said nothing, or put it off. That they
    can't tell is an answer: it is final when the lists are shown (``final_labels``).
    """
    rules = judgment_set.rules

    def waits(pair: PairKey) -> bool:
        labels = ((name, state.current(name).get(pair)) for name in people)
        return any(
            (label is None or label.kind is EventKind.SKIP) and not state.is_bound(name, pair)
            for name, label in labels
        )

    return any(
        waits(pair.key) and lacks_people(rules, state, pair.key, graded)
        for pair in judgment_set.pairs
    )


def makes_final(desk: JudgmentQueue, who: str) -> bool:
    """Tell whether labels of an annotator become final if lists are shown to them now."""
    return any(
        desk.look(each.set_id, partial(SetState.has_judged_since, annotator=who))
        for each in desk.sets.all()
    )


def note_shown(desk: JudgmentQueue, people: Collection[str]) -> None:
    """Note that engines' lists are shown to these annotators: see ``final_labels``.

    It is written once for each set and person, and again when they have judged since.

    Raises:
        NotSaved: It could not be written.
    """
    for made in desk.sets.all():
        unaware = desk.look(made.set_id, partial(_not_shown, people)) if made.pairs else []
        if unaware:
            desk.take_in(made.set_id, [_shown(made, name) for name in unaware])


def _not_shown(people: Collection[str], state: SetState) -> list[str]:
    return [name for name in people if not state.is_shown(name)]


def _shown(made: JudgmentSet, name: str) -> JudgmentEvent:
    return JudgmentEvent(
        uuid.uuid4().hex, EventKind.SHOWN, made.set_id, *made.pairs[0].key, name, None, "",
        datetime.now(UTC), 0.0, guidelines=made.revision,
    )  # fmt: skip
