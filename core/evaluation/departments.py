"""Transfer: each department is left out in turn, where it is large enough to measure on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from core.domain import Item

TRANSFER, TRANSFER_TITLE = "transfer", "Transfer: own words → its item, on a department left out"
#: A department with fewer items is not left out: too little to measure.
LEAST_LEFT_OUT = 30


def departments(items: Iterable[Item]) -> set[str]:
    """Departments with enough items to be left out and measured on."""
    counts = Counter(item.department for item in items)
    return {name for name, count in counts.items() if name and count >= LEAST_LEFT_OUT}
