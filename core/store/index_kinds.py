"""The kinds of index of a large vector table: how each is built, and how widely it is searched.

One keeps full vectors in a graph; it is the fastest and takes the most memory. The other keeps a
bit per number (RaBitQ) in partitions, and ranks the best of them again with the full vectors, which
stay on disk.
"""

from __future__ import annotations

from typing import Protocol, Self, TypeVar

from lancedb.index import HnswFlat, IvfRq

from core.domain.search_index import Breadth

#: The kinds, as LanceDB calls them. With full vectors cosines are exact. A third kind, a graph with
#: 8 bits a number, is a third as large, but its cosines are off by up to 0.21 where a number lies
#: beyond the range that was sampled.
FULL, COMPRESSED = "IvfHnswFlat", "IvfRq"
#: Memory of a graph's edges, bytes a row, beside its vectors of four bytes a number.
_EDGES = 200
#: How many candidates are looked at where nothing was measured, or a filter leaves few rows of a
#: graph.
_WIDE = 800
#: Candidates that are tried with full vectors, as multiples of the number of results.
_STEPS = (1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32)
#: Partitions and candidates that are tried with compressed ones, the latter in the same way.
_COMPRESSED_STEPS = (
    (8, 5), (16, 5), (16, 8), (32, 8), (32, 12), (64, 12), (64, 20), (128, 20), (256, 40),
)  # fmt: skip


class Search(Protocol):
    """What both interfaces of LanceDB, the synchronous and the other one, can be told."""

    def ef(self, ef: int) -> Self:
        """Set how many candidates the search of a graph keeps."""
        ...

    def minimum_nprobes(self, minimum_nprobes: int) -> Self:
        """Set how many partitions are searched."""
        ...

    def maximum_nprobes(self, maximum_nprobes: int) -> Self:
        """Set how many may be searched where a filter leaves few rows; 0 is all."""
        ...

    def refine_factor(self, refine_factor: int) -> Self:
        """Set how many times as many rows are ranked again with their full vectors."""
        ...


S = TypeVar("S", bound=Search)


def kind_for(rows: int, dim: int, most_bytes: int | None) -> str:
    """Return the kind for a table: full vectors where they take no more memory than they may."""
    if most_bytes is None or rows * (4 * dim + _EDGES) <= most_bytes:
        return FULL
    return COMPRESSED


def config_of(kind: str) -> HnswFlat | IvfRq:
    """Return what LanceDB builds a kind from."""
    if kind == FULL:
        return HnswFlat(distance_type="cosine", ef_construction=150)
    return IvfRq(distance_type="cosine")


def steps(kind: str, depth: int) -> list[Breadth]:
    """Return the breadths that are tried for a number of results, the narrowest first."""
    if kind == FULL:
        return [Breadth(round(step * depth)) for step in _STEPS]
    return [Breadth(depth * times, probes=probes) for probes, times in _COMPRESSED_STEPS]


def filtered(breadth: Breadth, count: int) -> Breadth:
    """Return how widely an index that was measured is searched with a filter."""
    return breadth if breadth.probes else Breadth(max(_WIDE, 8 * count))


def unmeasured(count: int) -> Breadth:
    """Return how widely an index of any kind is searched until it is measured."""
    probes, _ = _COMPRESSED_STEPS[-1]
    return Breadth(max(_WIDE, 8 * count), probes=probes)


def widened(search: S, breadth: Breadth, count: int) -> S:
    """Tell a search how widely to look for ``count`` results."""
    search = search.ef(breadth.candidates)
    if not breadth.probes:
        return search
    search = search.maximum_nprobes(0).minimum_nprobes(breadth.probes)
    return search.refine_factor(max(1, -(-breadth.candidates // count)))
