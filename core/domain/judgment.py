"""Human relevance judgments, as events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class EventKind(StrEnum):
    """What a person did with a pair."""

    GRADE = "grade"
    SKIP = "skip"
    UNSURE = "unsure"
    UNDO = "undo"
    FLAG = "flag"
    ADJUDICATE = "adjudicate"
    DELETE = "delete"


#: Kinds that say what their annotator holds a pair to be; the latest of them is the label.
LABELS = frozenset({EventKind.GRADE, EventKind.SKIP, EventKind.UNSURE})


@dataclass(frozen=True, slots=True)
class Grade:
    """One step of a grade scale; ``value`` is also the key that is pressed."""

    value: int
    name: str
    help: str = ""


#: Default grade scale (TREC style, higher is better).
DEFAULT_SCALE = (
    Grade(0, "irrelevant", "Nobody who asks for this wants to see it."),
    Grade(1, "related", "Another kind of thing that goes with it or shares its theme."),
    Grade(2, "substitute", "The right kind of thing, but a stated wish is not met."),
    Grade(3, "exact", "The right kind of thing, and every stated wish is met."),
)


@dataclass(frozen=True, slots=True)
class JudgmentEvent:
    """One append-only event; the current label of a pair is its latest event that was not undone.

    Attributes:
        event_id: Random id (hex), made by whoever saw the key press: sent twice, it counts once.
        kind: What happened.
        set_id: The judgment set.
        query_id: The query within the set.
        item_id: The judged item; of the undone pair for ``undo``.
        annotator: Who.
        grade: A value of the set's scale for ``grade`` and ``adjudicate``, else ``None``.
        note: Free text, or the reason of ``skip``, ``unsure``, ``flag`` and ``adjudicate``; for
            ``undo`` and ``delete`` the id of the event that is taken back.
        at: When, UTC, by the server's clock.
        seconds: Time the pair was on screen, as the page measured it.
        round: 0, or 1 for a hidden repeat of a pair that this person graded before.
        page: Version of the page that sent it; empty for imports.
        guidelines: Version of the set's guidelines that were on screen.
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
    round: int = 0
    page: str = ""
    guidelines: int = 1


@dataclass(frozen=True, slots=True)
class JudgmentQuery:
    """A query of a judgment set: words, a catalogue item ("is this similar?"), or a picture.

    ``picture`` is the SHA-256 of a picture in the catalogue's picture store.
    """

    query_id: str
    text: str = ""
    item_id: str = ""
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and an item to be judged; nothing here tells which engine found it, or where."""

    query: JudgmentQuery
    item_id: str

    @property
    def key(self) -> tuple[str, str]:
        """Query id and item id."""
        return self.query.query_id, self.item_id


@dataclass(frozen=True, slots=True)
class Task:
    """A pair that somebody is asked to judge.

    Attributes:
        pair: What.
        round: 1 for a hidden repeat.
        note: Their own note from when they put the pair off.
    """

    pair: Pair
    round: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class ExamplePair:
    """A pair that the guidelines show with its right grade and why."""

    query: str
    item_id: str
    grade: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """How a set is judged.

    Attributes:
        scale: The grades.
        guidelines: Markdown shown beside the task.
        examples: Pairs with their right grade, shown with the guidelines.
        overlap: How many annotators each pair should have; 0 is everybody.
        calibration: Pairs (query id, item id) that everybody judges, whatever the overlap.
        repeats: Share of an annotator's pairs that come a second time, unannounced.
    """

    scale: tuple[Grade, ...] = DEFAULT_SCALE
    guidelines: str = ""
    examples: tuple[ExamplePair, ...] = ()
    overlap: int = 0
    calibration: frozenset[tuple[str, str]] = frozenset()
    repeats: float = 0.0


@dataclass(frozen=True, slots=True)
class JudgmentSet:
    """Queries and the pooled items to judge for each.

    Attributes:
        set_id: Short id, ``[a-z0-9-]+``.
        name: Name for people.
        rules: Scale, guidelines, overlap.
        engines: Engines whose top results were pooled (never shown to annotators).
        depth: How many results of each engine went into the pool.
        pairs: The pool, in the set's own shuffled order.
        created: When, UTC.
        revision: 1, and one more with every change; guidelines are dated by it.
    """

    set_id: str
    name: str
    rules: Rules
    engines: tuple[str, ...]
    depth: int
    pairs: tuple[Pair, ...]
    created: datetime
    revision: int = 1

    @property
    def queries(self) -> tuple[JudgmentQuery, ...]:
        """The queries that have pairs, in their order."""
        return tuple({pair.query.query_id: pair.query for pair in self.pairs}.values())

    @property
    def grades(self) -> Mapping[int, str]:
        """Names by grade."""
        return {grade.value: grade.name for grade in self.rules.scale}


@dataclass(frozen=True, slots=True)
class JudgingProgress:
    """How far one annotator, and the whole set, are.

    Attributes:
        done: Pairs this annotator has labelled (grades and "can't tell"), repeats included.
        total: ``done`` and what is still open to this annotator.
        skipped: Of the open ones, those put off.
        per_minute: This annotator's pace, breaks left out.
        set_done: Labels of everybody that count towards the target.
        set_total: The target: labels that the set wants in all.
        annotators: How many people have labelled something.
    """

    done: int
    total: int
    skipped: int
    per_minute: float
    set_done: int = 0
    set_total: int = 0
    annotators: int = 0


@dataclass(frozen=True, slots=True)
class Label:
    """One pair's grade out of everybody's grades.

    Attributes:
        grade: By the rule; a mean may lie between two grades.
        grades: The single grades by annotator.
        adjudicated: Whether an adjudicator decided it.
    """

    grade: float
    grades: Mapping[str, int] = field(default_factory=dict)
    adjudicated: bool = False
