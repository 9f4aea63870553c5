"""Rewritten texts: short visual descriptions of items, and the record of how they were made."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.job import Progress
from core.domain.usage import NOTHING, Spent


@dataclass(frozen=True, slots=True)
class Round:
    """One round of the refinement loop: a draft and the evaluator's verdict on it.

    Attributes:
        draft: The description after this round.
        score: The evaluator's score out of 5, if it gave one.
        justification: The evaluator's reason.
        suggestions: Changes to make next, in order.
        stop: Whether the evaluator had nothing left to change.
    """

    draft: str
    score: float | None = None
    justification: str = ""
    suggestions: tuple[str, ...] = ()
    stop: bool = False


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The short visual description of an item, with the rounds that led to it.

    Attributes:
        text: One sentence, about ten words.
        rounds: All rounds; the last round's draft is ``text``.
        rewriter: Author of the text, for people (``rules``, ``claude-…``, or a person's name).
        fingerprint: Hash of everything that the result depends on besides the item's fields and
            photo.
    """

    text: str
    rounds: tuple[Round, ...]
    rewriter: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class RewriteRun:
    """The record of one run of the agent over one item; it is never changed after writing.

    Attributes:
        run_id: Id of the run.
        at: Time when it ended, ISO 8601 UTC.
        item_id: The item.
        inputs: Hash of the item's fields and photo at that time.
        key: Key of the rewrite in the stage table; empty if there is none.
        model: Name of the model.
        prompts: Hash of the prompts.
        photo: Hash of the photo.
        rewrite: The result; ``None`` if there is no usable one.
        problem: Why there is no result, or why the loop ended early.
        spent: Tokens and dollars of all its answers, including those paid for in earlier jobs.
        seconds: Duration; 0 if the answers came in batches.
        hint: A person's instruction, if a person requested this run.
        asked_by: Name of the person who requested this run; empty for a job.
    """

    run_id: str
    at: str
    item_id: str
    inputs: str
    key: str
    model: str
    prompts: str
    photo: str
    rewrite: Rewrite | None
    problem: str = ""
    spent: Spent = NOTHING
    seconds: float = 0.0
    hint: str = ""
    asked_by: str = ""


@dataclass(frozen=True, slots=True)
class RewriteProgress(Progress):
    """Progress and cost of a rewriting (or grading) job; ``done`` counts the successes.

    Attributes:
        failed: Items without a result; the record of each run has the reason.
        waiting: Items with a question in a batch that is not answered yet.
        spent: Tokens and dollars of this job.
        to_go: Estimated dollars for the remaining items, at the mean so far; ``None`` if unknown.
    """

    failed: int = 0
    waiting: int = 0
    spent: Spent = NOTHING
    to_go: float | None = None

    @property
    def ended(self) -> int:
        """Items that are finished, with or without a result."""
        return self.done + self.failed


@dataclass(frozen=True, slots=True)
class RewriteReport:
    """The result of a rewriting job.

    Attributes:
        progress: The last progress.
        problems: Reason per item id that has no new text.
        stopped: Why the job ended before all items were done; empty if all were.
        embedded: Number of items that were embedded again.
        troubled: Whether it ended because the server could not be asked.
    """

    progress: RewriteProgress
    problems: dict[str, str]
    stopped: str = ""
    embedded: int = 0
    troubled: bool = False
