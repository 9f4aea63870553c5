"""What an event must be to enter the log: events come from browsers and files."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import replace

from core.domain import GRADES, EventKind, JudgmentEvent
from core.errors import JudgmentError

LONGEST_NAME = 200
LONGEST_NOTE = 2_000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_DAY = 86_400.0


def checked(event: JudgmentEvent, pairs: Collection[tuple[str, str]]) -> JudgmentEvent:
    """The event with a clean note and a sane duration.

    Args:
        event: What somebody sent.
        pairs: Query and item ids of the set's pairs.

    Raises:
        JudgmentError: The pair is not in the set, the grade is not on the scale, or nobody is
            named.
    """
    if (event.query_id, event.item_id) not in pairs:
        raise JudgmentError("This pair is not in the judgment set.")
    if event.kind is EventKind.UNDO:
        raise JudgmentError("An undo takes back one's own last event; it can't be sent as one.")
    if event.kind is EventKind.GRADE and event.grade not in GRADES:
        raise JudgmentError(f"A grade is one of {', '.join(map(str, GRADES))}.")
    if event.kind is not EventKind.GRADE and event.grade is not None:
        raise JudgmentError("Only a grade carries a grade.")
    name = event.annotator
    if (
        not name.strip()
        or name != name.strip()
        or len(name) > LONGEST_NAME
        or _CONTROL.search(name)
    ):
        raise JudgmentError(
            f"An annotator's name has 1 to {LONGEST_NAME} characters, no control characters, and "
            "no spaces around it."
        )
    if event.at.tzinfo is None:
        raise JudgmentError("The time of a judgment must say its time zone.")
    if not event.event_id or len(event.event_id) > 64 or _CONTROL.search(event.event_id):
        raise JudgmentError("A judgment needs an id of at most 64 characters.")
    seconds = event.seconds if math.isfinite(event.seconds) else 0.0
    return replace(
        event,
        note=_CONTROL.sub("", event.note)[:LONGEST_NOTE],
        seconds=min(max(seconds, 0.0), _DAY),
    )
