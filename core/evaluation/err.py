"""Expected reciprocal rank for graded relevance (Chapelle et al., CIKM 2009).

Own code, because the library runs a Perl script for it, which needs Perl on the machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def expected_reciprocal_rank(
    ranking: Sequence[str], grades: Mapping[str, int], depth: int, highest: int
) -> float:
    """Return ERR@depth, 0 to 1.

    Args:
        ranking: Item ids, best first.
        grades: Grade per judged item; unjudged items count as grade 0.
        depth: Number of results that count.
        highest: The scale's highest grade.
    """
    value, unsatisfied = 0.0, 1.0
    for place, item in enumerate(ranking[:depth], start=1):
        satisfied = (2 ** max(grades.get(item, 0), 0) - 1) / 2**highest
        value += unsatisfied * satisfied / place
        unsatisfied *= 1 - satisfied
    return value
