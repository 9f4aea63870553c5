"""The index of a large vector table, and what was measured of it on the table's own vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Breadth:
    """How widely an index is searched.

    Attributes:
        candidates: How many candidates the search of a graph keeps, or are ranked again with their
            full vectors where the index is compressed.
        recall: Measured share of the truly closest items that are found.
        probes: How many partitions of a compressed index are searched; 0 where it is not one.
    """

    candidates: int
    recall: float = 0.0
    probes: int = 0


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """The measured index of one engine in one catalogue.

    Attributes:
        kind: Its kind, as LanceDB calls it.
        rows: Number of vectors when it was measured.
        queries: Number of queries it was measured with: pictures and texts of items.
        breadths: Chosen breadth by number of results.
        milliseconds: Median time of a search for the fewest results.
        exact_milliseconds: The same without the index.
        unchecked: Number of rows that were added since the index was measured or new items were
            looked at.
        new_recall: Share of the truly closest items that new items found when they were looked at
            last; 0 before that.
        too_coarse: Whether a compressed index was tried here and found too little.
    """

    kind: str
    rows: int
    queries: int = 0
    breadths: Mapping[int, Breadth] = field(default_factory=dict)
    milliseconds: float = 0.0
    exact_milliseconds: float = 0.0
    unchecked: int = 0
    new_recall: float = 0.0
    too_coarse: bool = False

    def breadth(self, count: int) -> Breadth | None:
        """Breadth for ``count`` results; wider in proportion where more are asked for."""
        depths = sorted(self.breadths)
        for depth in depths:
            if depth >= count:
                return self.breadths[depth]
        if not depths:
            return None
        widest = self.breadths[depths[-1]]
        candidates = -(-widest.candidates * count // depths[-1])
        return Breadth(candidates, widest.recall, -(-widest.probes * count // depths[-1]))

    @property
    def summary(self) -> str:
        """What was measured, one line for people."""
        if not self.breadths:
            return f"index over {self.rows:,} vectors, not measured yet"
        depth = min(self.breadths)
        kind = "compressed index" if self.breadths[depth].probes else "index"
        return (
            f"{kind} over {self.rows:,} vectors: "
            f"{100 * self.breadths[depth].recall:.1f}\u00a0% of the {depth} "
            f"closest found, {self.milliseconds:.1f} ms (exact: {self.exact_milliseconds:.0f} ms)"
        )
