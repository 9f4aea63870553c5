"""Grades that a vision-language model gives to results of a search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from core.domain.usage import NOTHING, Spent

#: From this grade on a result counts as right (as the paper's judge has only right and wrong).
RELEVANT = 2


@dataclass(frozen=True, slots=True)
class JudgeTask:
    """One result to grade: a query (words, or the photo of an item) and the photo of the result.

    Photos are opened when they are needed: hundreds of queries have thousands of results.

    Attributes:
        query_id: Of the query.
        item_id: Of the result.
        photo: Opens the result's photo.
        text: The query in words; empty where it is an item.
        query_photo: Opens the photo of the query item; ``None`` where the query is words.
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
        query_id: Of the query.
        item_id: Of the result.
        grade: 0 irrelevant, 1 related, 2 good, 3 exact.
        reason: Why, one sentence.
        model: Who graded.
        spent: Tokens and dollars, also where they were paid for earlier.
    """

    query_id: str
    item_id: str
    grade: int
    reason: str
    model: str
    spent: Spent = NOTHING


@dataclass(frozen=True, slots=True)
class JudgeReport:
    """All grades of a job.

    Attributes:
        grades: By ``(query_id, item_id)``.
        problems: Reason per ``query_id → item_id`` that has no grade.
        spent: Paid for in this job.
        stopped: Why it ended before all was graded; empty when all was.
    """

    grades: Mapping[tuple[str, str], JudgeGrade]
    problems: Mapping[str, str]
    spent: Spent
    stopped: str = ""

    def precision_at(
        self, runs: Mapping[str, Sequence[str]], ks: Sequence[int] = (1, 3, 5)
    ) -> dict[int, float | None]:
        """Share of right results among the first k, averaged over queries.

        A query counts only where all of its first k results are graded.

        Args:
            runs: Ranked item ids per query id.
            ks: Depths.

        Returns:
            Per k the mean, or ``None`` where no query counts.
        """
        means: dict[int, float | None] = {}
        for k in ks:
            shares = []
            for query_id, ranked in runs.items():
                found = [self.grades.get((query_id, item_id)) for item_id in ranked[:k]]
                if len(found) == k and all(found):
                    right = sum(g.grade >= RELEVANT for g in found if g is not None)
                    shares.append(right / k)
            means[k] = sum(shares) / len(shares) if shares else None
        return means


@dataclass(frozen=True, slots=True)
class JudgeRecord:
    """What the model judged of some engines in one job, kept with the catalogue.

    Attributes:
        at: When, ISO 8601 UTC.
        model: Who graded.
        about: What was asked: the judgment set's id, or how many queries of which kind.
        queries: How many.
        precision: Engine to depth (as text) to Precision@depth; ``None`` where nothing counts.
        compared: Pairs that people graded, too.
        same: Share of these with the very same grade.
        kappa: Quadratically weighted Cohen's kappa on them.
        stopped: Why it ended before all was graded.
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
