"""Check events and rules before they are stored, because they come from browsers and files."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import replace
from datetime import MAXYEAR, UTC, datetime, timedelta

from core.domain import EventKind, JudgmentEvent, Rules
from core.errors import JudgmentError

LONGEST_NAME = 200
LONGEST_NOTE = 2_000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_DAY = 86_400.0
_FIRST_YEAR = 1970
#: Largest version of a set's guidelines.
_LAST_REVISION = 1_000_000
#: Kinds that carry a grade.
_GRADED = (EventKind.GRADE, EventKind.ADJUDICATE)


def checked(
    event: JudgmentEvent, pairs: Collection[tuple[str, str]], grades: Collection[int]
) -> JudgmentEvent:
    """Return the event with a clean note and a sane duration; every other field fits its column.

    Args:
        event: The event as it was sent.
        pairs: Query and item ids of the set's pairs.
        grades: Values of the set's scale.

    Raises:
        JudgmentError: The pair is not in the set, the grade is not on the scale, nobody is named,
            or a value is none of its kind.
    """
    if (event.query_id, event.item_id) not in pairs:
        raise JudgmentError("This pair is not in the judgment set.")
    if event.kind in _GRADED and not (_is_whole(event.grade, 0, 9) and event.grade in grades):
        raise JudgmentError(f"A grade is one of {', '.join(map(str, sorted(grades)))}.")
    if event.kind not in _GRADED and event.grade is not None:
        raise JudgmentError("Only a grade carries a grade.")
    if not _is_whole(event.guidelines, 1, _LAST_REVISION):
        raise JudgmentError("The guidelines' version is a whole number, 1 or more.")
    if not isinstance(event.seconds, int | float) or isinstance(event.seconds, bool):
        raise JudgmentError("The time on a pair is a number of seconds.")
    if not _is_whole(event.round, 0, 1):
        raise JudgmentError("A pair is judged once, or a second time as a hidden repeat.")
    check_name(event.annotator)
    _check_time(event.at)
    if not event.event_id or len(event.event_id) > 64 or _CONTROL.search(event.event_id):
        raise JudgmentError("A judgment needs an id of at most 64 characters.")
    # Compared first: a whole number may be too large for a float.
    seconds = event.seconds if 0 <= event.seconds <= _DAY else _DAY * (event.seconds > _DAY)
    return replace(
        event,
        note=clean(event.note),
        page=clean(event.page)[:40],
        seconds=0.0 if seconds != seconds or event.seconds == math.inf else float(seconds),
    )


def _check_time(at: datetime) -> None:
    if at.tzinfo is None:
        raise JudgmentError("The time of a judgment must say its time zone.")
    # The year first: near the ends of the calendar a time zone can't be taken into account.
    if not _FIRST_YEAR <= at.year < MAXYEAR or at > datetime.now(UTC) + timedelta(days=1):
        raise JudgmentError(
            f"The time of a judgment lies between the year {_FIRST_YEAR} and today; "
            f"this one says {at.isoformat()}."
        )


def _is_whole(value: object, lowest: int, highest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def check_name(name: str) -> None:
    """Raise ``JudgmentError`` if the text can't be a person's name."""
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


def clean(text: str) -> str:
    """Return text without control characters, at most as long as a note may be."""
    return _CONTROL.sub("", text)[:LONGEST_NOTE]


def check_rules(rules: Rules) -> None:
    """Raise ``JudgmentError`` if a set's rules are not valid."""
    values = [grade.value for grade in rules.scale]
    if not 2 <= len(values) <= 10 or sorted(set(values)) != values:
        raise JudgmentError("A scale has 2 to 10 different grades, the lowest first.")
    if values[0] < 0 or values[-1] > 9:
        raise JudgmentError("A grade is a digit, 0 to 9: it is also the key that is pressed.")
    if any(not grade.name.strip() for grade in rules.scale):
        raise JudgmentError("Every grade needs a name.")
    if not 0 <= rules.overlap <= 100:
        raise JudgmentError("The overlap is a number of people, 0 (everybody) to 100.")
    if not 0 <= rules.repeats <= 0.5:
        raise JudgmentError("At most half of the pairs can be repeated.")
