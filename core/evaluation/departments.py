"""The transfer task: leave out each department in turn, if it is large enough to measure on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from core.domain import Item

TRANSFER, TRANSFER_TITLE = "transfer", "Transfer: own words → its item, on a department left out"
#: Fewest items of a department that is left out.
LEAST_LEFT_OUT = 30


def departments(items: Iterable[Item]) -> set[str]:
    """Return the departments with enough items to be left out and measured on."""
    counts = Counter(item.department for item in items)
    return {name for name, count in counts.items() if name and count >= LEAST_LEFT_OUT}
