"""Turn a judgment set into the input of an evaluation, and into lists with grades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.domain import EvalQuery, Item, JudgmentQuery, JudgmentSet, Label, Qrels, SearchResult
from core.judging.state import PairKey
from core.store.image_store import ImageStore


@dataclass(frozen=True, slots=True)
class JudgedHit:
    """A result and its grade; ``None`` is a result that nobody has judged."""

    item: Item
    grade: float | None


@dataclass(frozen=True, slots=True)
class JudgedList:
    """One engine's results for a query, best first."""

    engine: str
    hits: tuple[JudgedHit, ...]

    @property
    def unjudged(self) -> int:
        """Number of results that nobody has judged."""
        return sum(hit.grade is None for hit in self.hits)


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """One query of a set with every engine's results."""

    query: JudgmentQuery
    lists: tuple[JudgedList, ...]


def judged_query(
    query: JudgmentQuery,
    results: Sequence[SearchResult],
    labels: Mapping[PairKey, Label],
    depth: int,
) -> JudgedQuery:
    """Return each engine's first results with their grades."""

    def grade(item_id: str) -> float | None:
        label = labels.get((query.query_id, item_id))
        return None if label is None else label.grade

    lists = (
        JudgedList(
            result.engine,
            tuple(JudgedHit(hit.item, grade(hit.item.item_id)) for hit in result.hits[:depth]),
        )
        for result in results
    )
    return JudgedQuery(query, tuple(lists))


def questions(
    made: JudgmentSet, grades: Mapping[PairKey, int], images: ImageStore
) -> tuple[Qrels, tuple[EvalQuery, ...]]:
    """Return grades by query and item, and the set's queries that have any."""
    qrels: dict[str, dict[str, int]] = {}
    for (query_id, item_id), grade in grades.items():
        qrels.setdefault(query_id, {})[item_id] = grade
    asked = tuple(
        EvalQuery(
            query.query_id,
            query.text,
            images.path(query.picture) if query.picture else None,
            query.item_id,
        )
        for query in made.queries
        if query.query_id in qrels
    )
    return qrels, asked
