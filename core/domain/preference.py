"""Blind preferences: which of two engines' result lists a person prefers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain.search import SearchResult


class Side(StrEnum):
    """The chosen side."""

    LEFT = "left"
    RIGHT = "right"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Duel:
    """Two engines' results for one query, placed left and right at random."""

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
    """A sign test between two engines over queries; queries without a preference are left out.

    Attributes:
        first: Name of the first engine.
        second: Name of the second engine.
        wins: Number of queries on which most people preferred ``first``.
        losses: Number of queries on which most people preferred ``second``.
        same: Number of queries on which neither was preferred by more people.
        p: Two-sided exact p-value; ``None`` if no query prefers an engine.
        share: Share of ``first`` among the queries that prefer one, and its 95 % interval
            (Wilson).
        people: Number of people who chose.
        votes: Number of their choices.
    """

    first: str
    second: str
    wins: int
    losses: int
    same: int
    p: float | None
    share: tuple[float, float, float] | None
    people: int
    votes: int = 0
