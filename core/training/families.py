"""Group items that belong together, so that a split never separates them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from core.domain import Item
from core.training.corpus.record import bucket

#: Number of ten families that are held out for testing, and for early stopping.
TEST, VALIDATION = 2, 1


def families(items: Sequence[Item]) -> list[str]:
    """Return a family name per item; items with a common title, group or photo share it."""
    return joined(
        [
            (
                f"title:{item.title.casefold()}",
                f"photo:{item.photo.phash}" if item.has_photo else "",
                f"group:{item.group}" if item.group else "",
            )
            for item in items
        ]
    )


def joined(marks: Sequence[Sequence[str]]) -> list[str]:
    """Return a connected-component label per row; rows with a common non-empty mark are connected.

    Args:
        marks: Per row; the first mark names the family.
    """
    number = {mark: at for at, mark in enumerate(sorted({m for row in marks for m in row}))}
    edges = [(at, len(marks) + number[m]) for at, row in enumerate(marks) for m in row if m]
    rows, columns = zip(*edges, strict=True)
    size = len(marks) + len(number)
    graph = coo_array((np.ones(len(edges), np.int8), (rows, columns)), shape=(size, size))
    labels = connected_components(graph, directed=False)[1][: len(marks)]
    # The first mark in order names the family, so that an added row changes no other family.
    names: dict[int, str] = {}
    for label, row in sorted(zip(labels.tolist(), marks, strict=True)):
        names.setdefault(label, row[0])
    return [names[label] for label in labels.tolist()]


def split_of(family: str) -> str:
    """``train``, ``val`` or ``test``, by the family's name only."""
    place = bucket(family, 10)
    return "test" if place < TEST else "val" if place < TEST + VALIDATION else "train"
