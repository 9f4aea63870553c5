"""Find the row of column names where a file has lines above it, or two such rows."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence

#: Returns how many of a row's cells are expected column names.
NameScore = Callable[[Sequence[str]], int]

#: Fewest known names by which a row below the first counts as the one of column names.
_ENOUGH = 3


def header_rows(rows: Sequence[Sequence[str]], score: NameScore) -> tuple[int, int]:
    """Return the position of the row of column names, and of the first row below all such rows.

    The first row has the names, unless a later one has at least three known ones and more of them.
    Where several rows of names stand together (Amazon's templates have names for people, and below
    them those for machines), the last one counts that has nearly as many.

    Args:
        rows: The first rows of a file.
        score: Counts known names in a row.
    """
    if not rows:
        return 0, 1
    scores = [score(row) for row in rows]
    best = max(range(len(rows)), key=lambda at: (scores[at], -at))
    if best and (scores[best] < _ENOUGH or scores[best] <= scores[0]):
        best = 0
    below = best + 1
    while below < len(rows) and scores[below] >= max(_ENOUGH, scores[best] / 2):
        below += 1
    return max(at for at in range(best, below) if scores[at] + 2 > scores[best]), below


def split_line(text: str, delimiter: str) -> list[str]:
    """Return the cells of one line; none where it is no row by itself."""
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []
