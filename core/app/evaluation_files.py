"""Queries and grades from files, for an evaluation: two files, or one that has both."""

from __future__ import annotations

import filecmp
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.app.library import Catalog
from core.base.counts import counted, verb
from core.base.tables import FileReport
from core.domain import EvalQuery, Qrels
from core.errors import EvaluationError
from core.evaluation import query_files
from core.judging import importing, measuring
from core.judging.aggregation import aggregate
from core.judging.import_plan import ImportPlan
from core.judging.judgment_rows import Rejected
from core.judging.label_export import facts_path
from core.judging.query_texts import is_beside, read_beside, words_alone
from core.judging.set_words import bare_queries
from core.judging.state import SetState


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked, and what is right.

    Attributes:
        queries: The queries.
        qrels: Grades by query and item.
        notes: What a reader of the report must know of the files.
        highest: Highest grade of the scale; ``None`` where the files don't say.
    """

    queries: tuple[EvalQuery, ...]
    qrels: Qrels
    notes: tuple[str, ...] = ()
    highest: int | None = None


def read_questions(
    catalog: Catalog, queries: Path, qrels: Path | None = None, pictures: bool = True
) -> Questions:
    """Read queries and grades.

    Args:
        catalog: The catalogue that is asked.
        queries: The queries; or one file that has both: an export of a judgment set, or labels of
            another tool with the queries' words; or what an export wrote beside ``qrels``.
        qrels: The grades; ``None`` where the other file has them.
        pictures: Whether picture paths are allowed; must be false for uploaded files.

    Raises:
        EvaluationError: A file can't be read, or holds nothing of what is needed.
        JudgmentError: A file of labels can't be read.
    """
    if qrels is None or _is_same(queries, qrels):
        return _labelled(catalog, queries)
    if is_beside(queries):
        return _labelled(catalog, qrels, queries)
    read = FileReport()
    asked = query_files.read_queries(queries, pictures, read)
    return Questions(asked, query_files.read_qrels(qrels, read), tuple(read.notes))


def _is_same(first: Path, second: Path) -> bool:
    try:
        return filecmp.cmp(first, second, shallow=False)
    except OSError:
        return False  # reading it says what is wrong


def _labelled(catalog: Catalog, source: Path, beside: Path | None = None) -> Questions:
    """Read a file of labels; items that the catalogue lacks count as in files of qrels."""
    if words_alone(source) is not None:
        raise EvaluationError(
            f"{source.name} holds queries and no grades: give a second file, with query_id, "
            "item_id and relevance (--qrels)."
        )
    facts = facts_path(source)
    beside = beside or (facts if facts.is_file() else None)
    plan = importing.plan(
        catalog.judgment_queue, source, lambda ids: ids,
        beside=read_beside(beside) if beside else None,
    )  # fmt: skip
    state, made = SetState(plan.events), plan.judgment_set
    grades = aggregate(state.all_current(), decisions=state.decisions())
    qrels, asked = measuring.questions(made, grades, catalog.images)
    if not asked:
        raise EvaluationError(f"There is no grade in {source.name}{_why(plan.rejected)}.")
    bare = bare_queries(made) & qrels.keys()
    if len(bare) == len(asked):
        raise EvaluationError(
            f"{source.name} names its queries by their ids alone, such as “{min(bare)[:60]}”: give "
            "their words as the queries, and this file as the judgments (--qrels)."
        )
    return Questions(asked, qrels, (*_notes(source, plan), *_bare_note(bare)), made.highest)


def _bare_note(bare: Collection[str]) -> tuple[str, ...]:
    if not bare:
        return ()
    count = len(bare)
    return (
        f"Of {counted(count, 'query')} only the id is known, such as “{min(bare)[:60]}”: "
        f"{verb(count, 'it is', 'they are')} asked with it.",
    )


def _notes(source: Path, plan: ImportPlan) -> tuple[str, ...]:
    mapped = plan.mapping is not None and not plan.mapping.is_identity
    left_out = len(plan.rejected)
    return (
        *plan.notes,
        *((f"Labels of {source.name} became grades: {plan.mapping}.",) if mapped else ()),
        *(
            (
                f"{counted(left_out, 'row')} of {source.name} {verb(left_out, 'is', 'are')} left "
                f"out{_why(plan.rejected)}.",
            )
            if left_out
            else ()
        ),
    )


def _why(rejected: Sequence[Rejected]) -> str:
    return f" (line {rejected[0].line}: {rejected[0].reason})" if rejected else ""
