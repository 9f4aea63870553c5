"""From a judgment set to what evaluation asks for."""

from __future__ import annotations

from collections.abc import Mapping

from core.catalog.images import ImageStore
from core.domain import EvalQuery, JudgmentSet, Qrels
from core.judging.state import PairKey


def questions(
    made: JudgmentSet, grades: Mapping[PairKey, int], images: ImageStore
) -> tuple[Qrels, tuple[EvalQuery, ...]]:
    """Grades by query and item, and the set's queries that have any."""
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
