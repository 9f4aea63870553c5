"""Tokens that were spent, counted over threads."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields


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


def usage_of(body: object) -> Usage:
    """The usage that the body of an answer reports; an unusable body counts as a call."""
    reported = body.get("usage") if isinstance(body, Mapping) else None
    if not isinstance(reported, Mapping):
        return Usage(calls=1)
    names = [field.name for field in fields(Usage) if field.name != "calls"]
    numbers = {name: reported.get(name) for name in names}
    return Usage(1, **{n: v for n, v in numbers.items() if isinstance(v, int) and v > 0})


class Meter:
    """A running total; safe with several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._total = Usage()

    def add(self, usage: Usage) -> None:
        """Count an answer."""
        with self._lock:
            self._total += usage

    @property
    def total(self) -> Usage:
        """Everything so far."""
        with self._lock:
            return self._total
