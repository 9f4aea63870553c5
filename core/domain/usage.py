"""Usage of a language model: tokens and their cost."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Usage:
    """Number of answers of the Messages API and their tokens, as the API reports them.

    Attributes:
        calls: Answers received (each is paid for, usable or not).
        input_tokens: Input tokens at the full price.
        output_tokens: Output tokens.
        cache_creation_input_tokens: Input tokens written to the prompt cache.
        cache_read_input_tokens: Input tokens read from the prompt cache.
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
        """All tokens, input and output."""
        return sum(int(getattr(self, f.name)) for f in fields(Usage)) - self.calls


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens and dollars; ``dollars`` is ``None`` if the model's price is unknown."""

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
        usage = self.usage
        money = "price unknown" if self.dollars is None else f"${self.dollars:.4f}"
        answers = f"{usage.calls} answer{'' if usage.calls == 1 else 's'}"
        read, written = usage.cache_read_input_tokens, usage.cache_creation_input_tokens
        cache = f" ({read:,} read from the cache, {written:,} written to it)"
        return f"{answers}, {usage.tokens:,} tokens{cache if read or written else ''}, {money}"


#: Nothing spent.
NOTHING = Spent()


@dataclass(frozen=True, slots=True)
class Call:
    """One answered request.

    Attributes:
        key: Hash of the whole request and of the model's name.
        role: ``summarizer``, ``evaluator``, ``refiner`` or ``judge``.
        model: Name of the model.
        body: The answer as received, usable or not.
        spent: Its cost.
        batch: Whether it came in a batch.
    """

    key: str
    role: str
    model: str
    body: dict[str, Any]
    spent: Spent
    batch: bool = False


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch of requests that was submitted and whose answers are not fetched yet.

    Attributes:
        batch_id: The server's id for it.
        roles: Role per key of its requests.
        at: Time of submission.
        most: The most that its answers may cost, as far as that was noted.
    """

    batch_id: str
    roles: dict[str, str]
    at: datetime
    most: Spent = NOTHING


@dataclass(frozen=True, slots=True)
class IntendedBatch:
    """A batch that a process was about to submit; it is unknown whether the server received it.

    Attributes:
        name: Name of this record.
        at: Time of the record.
        roles: Role per key of its requests.
        most: The most that its answers may cost, as far as that was noted.
    """

    name: str
    at: datetime
    roles: dict[str, str]
    most: Spent = NOTHING
