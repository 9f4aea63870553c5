"""Check the input of an evaluation, and say in its notes what it leaves out or counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.base.counts import counted, verb
from core.domain import EvalQuery, Item, Qrels, Ranking
from core.errors import EvaluationError


def threshold_note(qrels: Qrels, relevant_from: int) -> tuple[str, ...]:
    """Return what counts as relevant, where the grades leave a choice."""
    if all(grade <= 1 for grades in qrels.values() for grade in grades.values()):
        return ()
    return (
        f"Measures of relevant or not (HITS, P, Recall, MRR, MAP, bpref) count grades from "
        f"{relevant_from} on as relevant; nDCG and ERR use the grades themselves.",
    )


def usable_queries(
    queries: Sequence[EvalQuery], qrels: Qrels, relevant_from: int
) -> tuple[EvalQuery, ...]:
    """Return the queries that have a relevant item (without one, no engine can be right)."""
    if not queries:
        raise EvaluationError("There is no query to evaluate.")
    for query in queries:
        if not (query.text.strip() or query.image is not None or query.item_id):
            raise EvaluationError(f"The query “{query.query_id}” has nothing to look for.")
    usable = tuple(
        query
        for query in queries
        if any(grade >= relevant_from for grade in qrels.get(query.query_id, {}).values())
    )
    if not usable:
        given = [g for query in queries for g in qrels.get(query.query_id, {}).values()]
        if given:
            raise EvaluationError(
                f"No query has a relevant item in the judgments: grades count as relevant from "
                f"{relevant_from} on, and the highest grade is {max(given)}. Choose a smaller one "
                "(Relevant from grade, --relevant-from)."
            )
        raise EvaluationError(
            "None of the queries is in the judgments. Do the query ids of both files agree?"
        )
    return usable


def scale_note(names: Sequence[str], qrels: Qrels, highest: int | None) -> tuple[str, ...]:
    """Return which scale ERR takes, where it is measured: its figures depend on it.

    Args:
        names: The measures.
        qrels: The judgments.
        highest: The scale's highest grade; ``None`` where nobody said it.
    """
    if not any(name.startswith("err") for name in names):
        return ()
    if highest is not None:
        return (f"ERR takes {highest} as the highest grade of the scale.",)
    occurs = max((grade for judged in qrels.values() for grade in judged.values()), default=0)
    return (
        f"ERR takes {occurs} as the highest grade of the scale, the highest that occurs. Say what "
        "the scale's is (--highest-grade) to compare the figure with that of other judgments.",
    )


def _relevant(asked: Sequence[EvalQuery], qrels: Qrels, relevant_from: int) -> set[str]:
    return {
        item_id
        for query in asked
        for item_id, grade in qrels[query.query_id].items()
        if grade >= relevant_from
    }


def check_item_ids(
    asked: Sequence[EvalQuery],
    qrels: Qrels,
    items: Mapping[str, Item],
    catalog: str,
    relevant_from: int,
) -> None:
    """Check that the judgments are of this catalogue: some relevant item must be in it."""
    relevant = _relevant(asked, qrels, relevant_from)
    if not relevant & set(items):
        raise EvaluationError(
            f"None of the {len(relevant)} relevant items is in the catalogue “{catalog}” "
            f"(“{min(relevant)[:60]}” is not). Are these the catalogue's item ids?"
        )


def missing_notes(
    queries: Sequence[EvalQuery],
    asked: Sequence[EvalQuery],
    qrels: Qrels,
    items: Mapping[str, Item],
    relevant_from: int,
) -> tuple[str, ...]:
    """Return what is left out of an evaluation: queries, and relevant items."""
    notes = []
    if len(asked) < len(queries):
        without = len(queries) - len(asked)
        have = verb(without, "has no relevant item and is", "have no relevant item and are")
        notes.append(f"{counted(without, 'query')} {have} left out.")
    relevant = _relevant(asked, qrels, relevant_from)
    missing = len(relevant - set(items))
    if missing:
        notes.append(
            f"{missing} of {len(relevant)} relevant items are not in the catalogue, so not "
            "findable."
        )
    return tuple(notes)


def given_away_note(ranking: Ranking) -> str:
    """Return a warning for tasks whose answers stand in the question."""
    return (
        f"Ranked by {'item vectors' if ranking is Ranking.VECTOR else 'vectors and full text'}, "
        "which hold the words that are asked with: these figures are too good to be true."
    )
