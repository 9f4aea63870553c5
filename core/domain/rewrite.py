"""A listing's text, rewritten to what can be seen."""

from __future__ import annotations

from dataclasses import dataclass


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
