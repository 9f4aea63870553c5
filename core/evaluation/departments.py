"""The transfer tasks: which products are left out of fine-tuning, and measured on afterwards.

Departments are left out one by one. Product types are left out by fifths, as there are many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from core.domain import Item

TRANSFER, TRANSFER_TITLE = "transfer", "Transfer: own words → its item, on a department left out"
TRANSFER_TYPES = "transfer-types"
TYPES_TITLE = "Transfer: own words → its item, on product types left out"
#: Fewest items of a part that is left out.
LEAST_LEFT_OUT = 30
#: Number of parts into which product types are divided.
FIFTHS = 5


def departments(items: Iterable[Item]) -> set[str]:
    """Return the departments with enough items to be left out and measured on."""
    counts = Counter(item.department for item in items)
    return {name for name, count in counts.items() if name and count >= LEAST_LEFT_OUT}


def type_parts(items: Iterable[Item]) -> Mapping[str, str]:
    """Return the part of each product type: fifths of about as many items; empty if too small.

    The most frequent type goes first, each to the part that has the fewest items so far. Types
    count as different if their names do; capitals make no difference.
    """
    counts = Counter(item.product_type.casefold() for item in items if item.product_type)
    sizes = dict.fromkeys((f"types {n} of {FIFTHS}" for n in range(1, FIFTHS + 1)), 0)
    parts: dict[str, str] = {}
    for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        smallest = min(sizes, key=sizes.__getitem__)
        parts[name] = smallest
        sizes[smallest] += count
    return parts if min(sizes.values()) >= LEAST_LEFT_OUT else {}


def parts_of(items: Mapping[str, Item], task: str) -> dict[str, str]:
    """Return the part of each item that a transfer task leaves out, by item id."""
    if task == TRANSFER_TYPES:
        of_type = type_parts(items.values())
        placed = {i: of_type.get(item.product_type.casefold(), "") for i, item in items.items()}
    else:
        names = departments(items.values())
        placed = {i: item.department for i, item in items.items() if item.department in names}
    return {item_id: part for item_id, part in placed.items() if part}
