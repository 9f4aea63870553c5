"""Tokens that a language model reports, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Usage:
    """Answers of the Messages API and their tokens, as it reports them.

    Attributes:
        calls: Answers received (each is paid for, usable or not).
        input_tokens: Read at the full price.
        output_tokens: Written.
        cache_creation_input_tokens: Written to the prompt cache.
        cache_read_input_tokens: Read from the prompt cache.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Usage)))

    def __sub__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(Usage)))

    @property
    def tokens(self) -> int:
        """All tokens, read and written."""
        return sum(int(getattr(self, f.name)) for f in fields(Usage)) - self.calls


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens and dollars; ``dollars`` is ``None`` where the model has no known price."""

    usage: Usage = Usage()
    dollars: float | None = 0.0

    def __add__(self, other: Spent) -> Spent:
        if self.dollars is None or other.dollars is None:
            return Spent(self.usage + other.usage, None)
        return Spent(self.usage + other.usage, self.dollars + other.dollars)

    def __sub__(self, other: Spent) -> Spent:
        if self.dollars is None or other.dollars is None:
            return Spent(self.usage - other.usage, None)
        return Spent(self.usage - other.usage, self.dollars - other.dollars)

    def __str__(self) -> str:
        money = "cost unknown" if self.dollars is None else f"${self.dollars:.4f}"
        return f"{self.usage.calls} answers, {self.usage.tokens} tokens, {money}"


#: Nothing spent.
NOTHING = Spent()


@dataclass(frozen=True, slots=True)
class Call:
    """One answered question.

    Attributes:
        key: Hash of everything that was asked, and of whom.
        role: ``summarizer``, ``evaluator``, ``refiner`` or ``judge``.
        model: Who answered.
        body: The answer as it came, usable or not.
        spent: What it cost.
        batch: It came in a batch.
    """

    key: str
    role: str
    model: str
    body: dict[str, Any]
    spent: Spent
    batch: bool = False


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch of questions that was handed in and not fetched yet.

    Attributes:
        batch_id: The server's name for it.
        roles: Role per key of its questions.
        at: When it was handed in.
    """

    batch_id: str
    roles: dict[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class IntendedBatch:
    """A batch that a process was about to hand in when it was last heard of.

    Attributes:
        name: Of the intention.
        at: When.
        roles: Role per key of its questions.
    """

    name: str
    at: datetime
    roles: dict[str, str]
