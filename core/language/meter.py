"""Count the tokens spent by several threads."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import fields

from core.domain.usage import Spent, Usage

__all__ = ["Meter", "Usage", "usage_of"]


def usage_of(body: object) -> Usage:
    """Return the usage that the body of an answer reports; an unusable body counts as a call."""
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
        self._total = Spent()

    def add(self, spent: Spent) -> None:
        """Count an answer."""
        with self._lock:
            self._total += spent

    @property
    def spent(self) -> Spent:
        """The total so far."""
        with self._lock:
            return self._total

    @property
    def total(self) -> Usage:
        """Tokens so far."""
        return self.spent.usage
