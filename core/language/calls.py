"""Answers that were paid for: kept for ever, so that the same question is never paid for twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from core.domain.usage import Call


class CallLog(Protocol):
    """Where answers are kept."""

    def get(self, key: str) -> Call | None:
        """Return the kept answer to a question, or ``None``."""
        ...

    def add(self, calls: Iterable[Call]) -> None:
        """Keep answers; returning means that they survive the process."""
        ...
