"""Sets that somebody may still judge: what engines find is hidden from that person meanwhile."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import UTC, datetime

from core.domain import EventKind, JudgmentEvent, JudgmentSet
from core.judging.judgment_queue import JudgmentQueue


def is_open_to(desk: JudgmentQueue, people: Collection[str]) -> bool:
    """Tell whether one of these people may still judge a pair of any set of a catalogue.

    Args:
        desk: The catalogue's queue.
        people: Names of annotators.
    """
    return any(part.is_open for _, _, part in desk.parts_of(people))


def makes_final(desk: JudgmentQueue, who: str) -> bool:
    """Tell whether labels of an annotator become final if lists are shown to them now."""
    return any(part.becomes_final for _, _, part in desk.parts_of([who]))


def note_shown(desk: JudgmentQueue, people: Collection[str]) -> None:
    """Note that engines' lists are shown to these annotators: see ``final_labels``.

    It is written once for each set and person, and again when they have judged since.

    Raises:
        NotSaved: It could not be written.
    """
    desk.note(
        _shown(desk.sets.get(set_id), name)
        for set_id, name, part in desk.parts_of(people)
        if not part.is_shown
    )


def _shown(made: JudgmentSet, name: str) -> JudgmentEvent:
    return JudgmentEvent(
        uuid.uuid4().hex, EventKind.SHOWN, made.set_id, *made.pairs[0].key, name, None, "",
        datetime.now(UTC), 0.0, guidelines=made.revision,
    )  # fmt: skip
