"""A listing's text, rewritten to what can be seen, and the record of how that came about."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.job import Progress
from core.domain.usage import NOTHING, Spent


@dataclass(frozen=True, slots=True)
class Round:
    """One turn of the loop: a draft, and what the evaluator said of it.

    Attributes:
        draft: The description after this turn.
        score: The evaluator's score out of 5, when it gave one.
        justification: Why.
        suggestions: What to change next, in order.
        stop: The evaluator saw nothing left to change.
    """

    draft: str
    score: float | None = None
    justification: str = ""
    suggestions: tuple[str, ...] = ()
    stop: bool = False


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The short visual description of an item, with the trace that led to it.

    Attributes:
        text: One sentence, about ten words.
        rounds: The trace; the last round's draft is ``text``.
        rewriter: Who wrote it, for people (``rules``, ``claude-…``, or a person's name).
        fingerprint: Hash of everything the result depends on besides the item's fields and photo.
    """

    text: str
    rounds: tuple[Round, ...]
    rewriter: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class RewriteRun:
    """The record of one run of the agent over one item; never changed once written.

    Attributes:
        run_id: Its own name.
        at: When it ended, ISO 8601 UTC.
        item_id: The item.
        inputs: Hash of the item's fields and photo, as they were.
        key: Where the rewrite lies in the stage table; empty when there is none.
        model: Who was asked.
        prompts: Hash of the prompts.
        photo: Hash of the photo.
        rewrite: What came out; ``None`` when nothing usable did.
        problem: Why there is none, or why the loop ended early.
        spent: Tokens and dollars of all answers that it is made of, also those paid for earlier.
        seconds: How long it took; 0 where the answers came in batches.
        hint: What a person asked for, in a round that a person asked for.
        asked_by: That person.
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
    """How far a rewriting (or grading) job is, and what it costs; ``done`` ended well.

    Attributes:
        failed: Items without one; each has its reason in its run's record.
        waiting: Items with a question in a batch that is not answered yet.
        spent: Paid for in this job.
        to_go: Estimated dollars for the rest, at the mean so far; ``None`` while unknown.
    """

    failed: int = 0
    waiting: int = 0
    spent: Spent = NOTHING
    to_go: float | None = None

    @property
    def ended(self) -> int:
        """Items that are through, with or without a rewrite."""
        return self.done + self.failed


@dataclass(frozen=True, slots=True)
class RewriteReport:
    """How a rewriting job ended.

    Attributes:
        progress: The last state.
        problems: Reason per item id that has no new rewrite.
        stopped: Why it ended before all was done; empty when all was.
        embedded: Items that were embedded anew.
    """

    progress: RewriteProgress
    problems: dict[str, str]
    stopped: str = ""
    embedded: int = 0
