"""The index of a large vector table, and what was measured of it on the table's own vectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Breadth:
    """How widely an index is searched.

    Attributes:
        candidates: How many candidates the search of the graph keeps.
        recall: Measured share of the truly closest items that are found.
    """

    candidates: int
    recall: float = 0.0


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
    """

    kind: str
    rows: int
    queries: int = 0
    breadths: Mapping[int, Breadth] = field(default_factory=dict)
    milliseconds: float = 0.0
    exact_milliseconds: float = 0.0

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
        return Breadth(candidates, widest.recall)

    @property
    def summary(self) -> str:
        """What was measured, one line for people."""
        if not self.breadths:
            return f"index over {self.rows:,} vectors, not measured yet"
        depth = min(self.breadths)
        return (
            f"index over {self.rows:,} vectors: "
            f"{100 * self.breadths[depth].recall:.1f}\u00a0% of the {depth} "
            f"closest found, {self.milliseconds:.1f} ms (exact: {self.exact_milliseconds:.0f} ms)"
        )
