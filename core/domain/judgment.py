"""Human relevance judgments, as events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EventKind(StrEnum):
    """What a person did with a pair."""

    GRADE = "grade"
    SKIP = "skip"
    UNSURE = "unsure"
    UNDO = "undo"


#: Default grade scale: name per grade (TREC style, higher is better).
GRADES: dict[int, str] = {0: "irrelevant", 1: "related", 2: "substitute", 3: "exact"}


@dataclass(frozen=True, slots=True)
class JudgmentEvent:
    """One append-only event; the current label of a pair is its latest event that was not undone.

    Attributes:
        event_id: Random UUID (hex), made by the server.
        kind: What happened.
        set_id: The judgment set.
        query_id: The query within the set.
        item_id: The judged item; of the undone pair for ``undo``.
        annotator: Who.
        grade: 0 … 3 for ``grade``, else ``None``.
        note: Free text, or the reason of ``skip`` and ``unsure``; for ``undo`` the undone event id.
        at: When, UTC.
        seconds: Time the pair was on screen, as the page measured it.
    """

    event_id: str
    kind: EventKind
    set_id: str
    query_id: str
    item_id: str
    annotator: str
    grade: int | None
    note: str
    at: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class JudgmentQuery:
    """A query of a judgment set: words, or a catalogue item ("is this similar?")."""

    query_id: str
    text: str = ""
    item_id: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and an item to be judged; nothing here tells which engine found it, or where."""

    query: JudgmentQuery
    item_id: str


@dataclass(frozen=True, slots=True)
class JudgmentSet:
    """Queries and the pooled items to judge for each.

    Attributes:
        set_id: Short id, ``[a-z0-9-]+``.
        name: Name for people.
        guidelines: Markdown shown beside the task.
        engines: Engines whose top results were pooled (never shown to annotators).
        depth: How many results of each engine went into the pool.
        pairs: The pool, in the set's own shuffled order.
        created: When, UTC.
    """

    set_id: str
    name: str
    guidelines: str
    engines: tuple[str, ...]
    depth: int
    pairs: tuple[Pair, ...]
    created: datetime


@dataclass(frozen=True, slots=True)
class JudgingProgress:
    """How far one annotator is with a set."""

    done: int
    total: int
    skipped: int
    per_minute: float
