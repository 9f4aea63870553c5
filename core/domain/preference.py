"""Which of two ranked lists somebody prefers, without knowing whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain.search import SearchResult


class Side(StrEnum):
    """What was chosen."""

    LEFT = "left"
    RIGHT = "right"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Duel:
    """Two answers to one query, on sides drawn by chance."""

    query: str
    left: SearchResult
    right: SearchResult


@dataclass(frozen=True, slots=True)
class Preference:
    """One choice between two engines; the latest per person and query counts."""

    event_id: str
    query: str
    left: str
    right: str
    choice: Side
    annotator: str
    at: datetime
    seconds: float

    @property
    def winner(self) -> str | None:
        """The preferred engine; ``None`` for no difference."""
        return {Side.LEFT: self.left, Side.RIGHT: self.right, Side.SAME: None}[self.choice]


@dataclass(frozen=True, slots=True)
class PreferenceReport:
    """A sign test of two engines; queries without a difference stay out of it.

    Attributes:
        one: An engine.
        other: The other one.
        wins: How often ``one`` was preferred.
        losses: How often ``other`` was.
        same: How often neither.
        p: Two-sided exact p-value; ``None`` without a decided choice.
        share: Share of ``one`` among the decided choices, with its 95 % interval (Wilson).
        people: How many people chose.
    """

    one: str
    other: str
    wins: int
    losses: int
    same: int
    p: float | None
    share: tuple[float, float, float] | None
    people: int
