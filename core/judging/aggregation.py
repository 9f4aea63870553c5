"""One grade per pair out of several annotators' grades, by a named rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import median_low

from core.domain import EventKind, JudgmentEvent
from core.errors import JudgmentError


def majority(grades: Sequence[int]) -> int:
    """The most frequent grade; among equally frequent ones the lowest."""
    counts = Counter(grades)
    most = max(counts.values())
    return min(grade for grade, count in counts.items() if count == most)


def median(grades: Sequence[int]) -> int:
    """The median; of an even number the lower of the two in the middle, so that it is a grade."""
    return int(median_low(grades))


#: Rules by name; a tie goes to the lower grade, so that doubt does not make results look better.
RULES: dict[str, Callable[[Sequence[int]], int]] = {
    "median": median,
    "majority": majority,
    "minimum": min,
    "maximum": max,
}
DEFAULT_RULE = "median"


def aggregate(
    events: Iterable[JudgmentEvent], rule: str = DEFAULT_RULE
) -> dict[tuple[str, str], int]:
    """One grade per judged pair: ``{(query_id, item_id): grade}``; skips and unsures don't count.

    Raises:
        JudgmentError: There is no such rule.
    """
    if rule not in RULES:
        raise JudgmentError(f"There is no rule “{rule}”; there are: {', '.join(RULES)}.")
    grades: dict[tuple[str, str], list[int]] = {}
    for event in events:
        if event.kind is EventKind.GRADE and event.grade is not None:
            grades.setdefault((event.query_id, event.item_id), []).append(event.grade)
    return {pair: RULES[rule](values) for pair, values in grades.items()}
