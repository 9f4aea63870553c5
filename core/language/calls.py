"""Answers that were paid for: kept for ever, so that the same question is never paid for twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from core.domain.usage import Call


class CallLog(Protocol):
    """Where answers are kept."""

    def get(self, key: str) -> Call | None:
        """The answer to a question, where it was ever given."""
        ...

    def add(self, calls: Iterable[Call]) -> None:
        """Keep answers; returning means that they survive the process."""
        ...
