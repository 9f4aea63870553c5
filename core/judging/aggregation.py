"""One grade per pair out of several annotators' grades, by a named rule."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean, median_low

from core.domain import EventKind, JudgmentEvent, Label
from core.errors import JudgmentError, no_such
from core.judging.state import PairKey

#: Makes one grade of a pair's grades; ``None`` if the rule leaves the pair out.
Rule = Callable[[Sequence[int]], "float | None"]


def majority(grades: Sequence[int]) -> int:
    """Return the most frequent grade; among equally frequent ones the lowest."""
    counts = Counter(grades)
    most = max(counts.values())
    return min(grade for grade, count in counts.items() if count == most)


def median(grades: Sequence[int]) -> int:
    """Return the median; for an even count, the lower of the two middle grades."""
    return int(median_low(grades))


def minimum_of_top_three(grades: Sequence[int]) -> int:
    """Return the lowest of the three highest grades, so that one strict outlier has no effect."""
    return min(sorted(grades, reverse=True)[:3])


def unanimous(grades: Sequence[int]) -> int | None:
    """Return the grade that all gave, or ``None`` if they disagree."""
    return grades[0] if len(set(grades)) == 1 else None


#: Rules by name; a tie goes to the lower grade, so that doubt does not make results look better.
#: In every rule an adjudicator's label stands before all others; by ``adjudicated`` it is the only
#: way to settle a disagreement.
RULES: dict[str, Rule] = {
    "majority": majority,
    "mean": fmean,
    "median": median,
    "minimum": min,
    "maximum": max,
    "minimum-of-top-three": minimum_of_top_three,
    "adjudicated": unanimous,
}
DEFAULT_RULE = "median"


def labels(
    events: Iterable[JudgmentEvent],
    rule: str = DEFAULT_RULE,
    decisions: Mapping[PairKey, JudgmentEvent] | None = None,
) -> dict[PairKey, Label]:
    """Return one label per judged pair; skips and "can't tell" don't count.

    Args:
        events: Standing labels of all annotators.
        rule: Name of the rule.
        decisions: Adjudications; they win.

    Raises:
        JudgmentError: There is no such rule.
    """
    if rule not in RULES:
        raise no_such(JudgmentError, "rule", rule, RULES)
    grades: dict[PairKey, dict[str, int]] = {}
    for event in events:
        if event.kind is EventKind.GRADE and event.grade is not None:
            pair = (event.query_id, event.item_id)
            grades.setdefault(pair, {})[event.annotator] = event.grade
    by_pair: dict[PairKey, Label] = {}
    for pair, given in grades.items():
        grade = RULES[rule](list(given.values()))
        if grade is not None:
            by_pair[pair] = Label(grade, given)
    for pair, decision in (decisions or {}).items():
        if decision.grade is not None:
            by_pair[pair] = Label(decision.grade, grades.get(pair, {}), adjudicated=True)
    return by_pair


def aggregate(
    events: Iterable[JudgmentEvent],
    rule: str = DEFAULT_RULE,
    decisions: Mapping[PairKey, JudgmentEvent] | None = None,
) -> dict[PairKey, int]:
    """Return one whole grade per judged pair: ``{(query_id, item_id): grade}``; see ``labels``.

    A mean between two grades is rounded to the nearer one, a half to the lower.
    """
    return {
        pair: math.ceil(label.grade - 0.5)
        for pair, label in labels(events, rule, decisions).items()
    }
