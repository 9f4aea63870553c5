"""Protocol of the log of paid answers, so that no question is paid for twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from core.domain.usage import Call


class CallLog(Protocol):
    """A store of answers."""

    def get(self, key: str) -> Call | None:
        """Return the stored answer to a question, or ``None``."""
        ...

    def add(self, calls: Iterable[Call]) -> None:
        """Store answers; when this returns, they are on disk."""
        ...
