"""Grades that a vision-language model gives to search results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from core.domain.usage import NOTHING, Spent

#: Smallest grade that counts as relevant (the paper's judge only has relevant and not relevant).
RELEVANT = 2


@dataclass(frozen=True, slots=True)
class JudgeTask:
    """One result to grade: a query (text, or the photo of an item) and the photo of the result.

    Photos are opened only when needed, because hundreds of queries have thousands of results.

    Attributes:
        query_id: Id of the query.
        item_id: Id of the result.
        photo: Opens the result's photo.
        text: Text of the query; empty if the query is an item.
        query_photo: Opens the photo of the query item; ``None`` if the query is text.
    """

    query_id: str
    item_id: str
    photo: Callable[[], Image.Image]
    text: str = ""
    query_photo: Callable[[], Image.Image] | None = None


@dataclass(frozen=True, slots=True)
class JudgeGrade:
    """The model's grade of one result.

    Attributes:
        query_id: Id of the query.
        item_id: Id of the result.
        grade: 0 irrelevant, 1 related, 2 good, 3 exact.
        reason: Reason for the grade, one sentence.
        model: Name of the model.
        spent: Tokens and dollars, including those paid for in an earlier job.
    """

    query_id: str
    item_id: str
    grade: int
    reason: str
    model: str
    spent: Spent = NOTHING


@dataclass(frozen=True, slots=True)
class JudgeReport:
    """The grades of one job.

    Attributes:
        grades: Grades by ``(query_id, item_id)``.
        problems: Reason per ``query_id → item_id`` that has no grade.
        spent: Tokens and dollars of this job.
        stopped: Why the job ended before all results were graded; empty if all were.
    """

    grades: Mapping[tuple[str, str], JudgeGrade]
    problems: Mapping[str, str]
    spent: Spent
    stopped: str = ""

    def precision_at(
        self, runs: Mapping[str, Sequence[str]], ks: Sequence[int] = (1, 3, 5)
    ) -> dict[int, float | None]:
        """Return the share of relevant results among the first k, averaged over queries.

        A query counts only if all of its first k results are graded.

        Args:
            runs: Ranked item ids per query id.
            ks: Depths k.

        Returns:
            The mean per k, or ``None`` if no query counts.
        """
        means: dict[int, float | None] = {}
        for k in ks:
            shares = []
            for query_id, ranked in runs.items():
                grades = [self.grades.get((query_id, item_id)) for item_id in ranked[:k]]
                if len(grades) == k and all(grades):
                    relevant = sum(g.grade >= RELEVANT for g in grades if g is not None)
                    shares.append(relevant / k)
            means[k] = sum(shares) / len(shares) if shares else None
        return means


@dataclass(frozen=True, slots=True)
class JudgeRecord:
    """The figures of one grading job over some engines, stored with the catalogue.

    Attributes:
        at: Time, ISO 8601 UTC.
        model: Name of the model.
        about: The judgment set's id, or the number and kind of the queries.
        queries: Number of queries.
        precision: Engine → depth (as text) → Precision@depth; ``None`` if no query counts.
        compared: Number of pairs that people graded, too.
        same: Share of these pairs with the same grade.
        kappa: Quadratically weighted Cohen's kappa on these pairs.
        stopped: Why the job ended before all results were graded; empty if all were.
        paid: What the job cost, in words; empty in records of earlier versions.
    """

    at: str
    model: str
    about: str
    queries: int
    precision: Mapping[str, Mapping[str, float | None]]
    compared: int = 0
    same: float | None = None
    kappa: float | None = None
    stopped: str = ""
    paid: str = ""
