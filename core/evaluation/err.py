"""Expected reciprocal rank (Chapelle et al., CIKM 2009): how soon is a graded need satisfied?

Own code because the library's provider for it runs a Perl script, which not every machine has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def expected_reciprocal_rank(
    ranking: Sequence[str], grades: Mapping[str, int], depth: int, highest: int
) -> float:
    """ERR@depth, 0 to 1.

    Args:
        ranking: Item ids, best first.
        grades: Grade per judged item; unjudged items satisfy nobody.
        depth: How far people look.
        highest: The scale's highest grade.
    """
    value, unsatisfied = 0.0, 1.0
    for place, item in enumerate(ranking[:depth], start=1):
        satisfied = (2 ** max(grades.get(item, 0), 0) - 1) / 2**highest
        value += unsatisfied * satisfied / place
        unsatisfied *= 1 - satisfied
    return value
