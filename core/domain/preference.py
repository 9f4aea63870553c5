"""Blind preferences: which of two engines' result lists a person prefers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain.search import SearchResult


class Side(StrEnum):
    """The chosen side.

    ``IDENTICAL`` is noted where both lists are the same, so nobody is asked; ``UNDONE`` takes the
    person's vote on a query back.
    """

    LEFT = "left"
    RIGHT = "right"
    SAME = "same"
    IDENTICAL = "identical"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Ballot:
    """A person's vote over several queries; votes name it in their ids.

    Attributes:
        ballot_id: Its id.
        queries: What is asked, in order.
        engines: The two engines that are compared.
        annotator: The person.
        started: When it was begun.
    """

    ballot_id: str
    queries: tuple[str, ...]
    engines: tuple[str, str]
    annotator: str
    started: datetime


@dataclass(frozen=True, slots=True)
class Duel:
    """Two engines' results for one query, placed left and right at random."""

    query: str
    left: SearchResult
    right: SearchResult

    @property
    def is_tie(self) -> bool:
        """Whether both lists have the same items in the same order, so there is no choice."""
        left, right = ([hit.item.item_id for hit in side.hits] for side in (self.left, self.right))
        return left == right


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
        return {Side.LEFT: self.left, Side.RIGHT: self.right}.get(self.choice)


@dataclass(frozen=True, slots=True)
class BallotStep:
    """How far a ballot is.

    Attributes:
        ballot: The ballot.
        voted: Number of queries that the person has chosen on.
        ties: Number of queries that both engines gave the same list for.
        duel: The next two lists; ``None`` at the end.
    """

    ballot: Ballot
    voted: int
    ties: int
    duel: Duel | None

    @property
    def done(self) -> int:
        """Number of queries that are settled."""
        return self.voted + self.ties


@dataclass(frozen=True, slots=True)
class PreferenceReport:
    """A sign test between two engines over queries; queries without a preference are left out.

    Attributes:
        first: Name of the first engine.
        second: Name of the second engine.
        wins: Number of queries on which most people preferred ``first``.
        losses: Number of queries on which most people preferred ``second``.
        same: Number of queries on which neither was preferred by more people, or both lists were
            the same.
        p: Two-sided exact p-value; ``None`` if no query prefers an engine.
        share: Share of ``first`` among the queries that prefer one, and its 95 % interval
            (Wilson).
        people: Number of people who chose.
        votes: Number of their choices.
        identical: Number of queries among ``same`` for which both engines gave the same list.
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
    identical: int = 0
