"""Rank stored vectors for many queries at once, with one matrix product per batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from core.store.vectors import Vectors

#: Queries per matrix product.
_ROWS = 256
#: Cosines are rounded to this many decimals, so that rounding errors don't decide the order.
_DECIMALS = 6


def rank(
    query_ids: Sequence[str],
    queries: Vectors,
    item_ids: Sequence[str],
    items: Vectors,
    depth: int,
    without: Mapping[str, str] | None = None,
) -> dict[str, list[tuple[str, float]]]:
    """Return the ``depth`` items closest to each query, best first; ties are sorted by item id.

    Args:
        query_ids: Ids of the rows of ``queries``.
        queries: ``[q, d] float32, L2-normalised``.
        item_ids: Ids of the rows of ``items``, sorted.
        items: ``[n, d] float32, L2-normalised``.
        depth: Number of items per query.
        without: Per query, an item to leave out (the query's own item).
    """
    position = {item_id: row for row, item_id in enumerate(item_ids)}
    run: dict[str, list[tuple[str, float]]] = {}
    for start in range(0, len(query_ids), _ROWS):
        names = query_ids[start : start + _ROWS]
        scores = np.round(queries[start : start + _ROWS] @ items.T, _DECIMALS)
        for row, name in enumerate(names):
            hidden = position.get((without or {}).get(name, ""))
            if hidden is not None:
                scores[row, hidden] = -2.0
        for row, (name, order) in enumerate(zip(names, _best(scores, depth), strict=True)):
            hits = [(item_ids[i], float(scores[row, i])) for i in order]
            run[name] = [(item, score) for item, score in hits if score > -2.0]
    return run


def _best(scores: Vectors, depth: int) -> npt.NDArray[np.intp]:
    """Return the columns of the best scores per row, best first: ``[q, depth] int64``.
    Ties are sorted by column.
    """
    count = scores.shape[1]
    depth = min(depth, count)
    # One integer per cell, unique within its row, so that the order of ties is defined.
    keys = np.rint(scores.astype(np.float64) * 10**_DECIMALS).astype(np.int64) * count
    keys = np.arange(count) - keys
    order: npt.NDArray[np.intp]
    if depth < count:
        best = np.argpartition(keys, depth - 1, axis=1)[:, :depth]
        order = np.take_along_axis(keys, best, axis=1).argsort(axis=1)
        return np.take_along_axis(best, order, axis=1)
    order = keys.argsort(axis=1)
    return order
