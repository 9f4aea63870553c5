"""Human relevance judgments, as events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class OwnPart(StrEnum):
    """How far an annotator is with the judgment sets of a catalogue.

    ``OPEN``: they may still judge a pair, so no engine's list is shown to them. ``DONE``: no pair
    needs them, and what they said becomes final when lists are shown. ``FINAL``: it is final, or
    they said nothing.
    """

    OPEN = "open"
    DONE = "done"
    FINAL = "final"


class EventKind(StrEnum):
    """Kind of a judgment event."""

    GRADE = "grade"
    SKIP = "skip"
    UNSURE = "unsure"
    UNDO = "undo"
    FLAG = "flag"
    ADJUDICATE = "adjudicate"
    DELETE = "delete"
    SHOWN = "shown"


#: Kinds that are labels; an annotator's latest event of these kinds is the label of a pair.
LABELS = frozenset({EventKind.GRADE, EventKind.SKIP, EventKind.UNSURE})


@dataclass(frozen=True, slots=True)
class Grade:
    """One step of a grade scale; ``value`` is also the key on the keyboard."""

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
    """One append-only event; a pair's current label is its latest event that was not undone.

    Attributes:
        event_id: Random id (hex), made where the key is pressed, so that an event that is sent
            twice counts once.
        kind: Kind of the event.
        set_id: The judgment set.
        query_id: The query within the set.
        item_id: The judged item; for ``undo`` the item of the undone pair. ``shown`` says that
            engines' lists were shown to the annotator: it is about all pairs and names the first.
        annotator: Name of the annotator.
        grade: A value of the set's scale for ``grade`` and ``adjudicate``, else ``None``.
        note: Free text, or the reason of ``skip``, ``unsure``, ``flag`` and ``adjudicate``; for
            ``undo`` and ``delete`` the id of the event that is taken back.
        at: Time, UTC, by the server's clock.
        seconds: Seconds that the pair was on the screen, as the page measured them.
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
    """A query of a judgment set: text, a catalogue item ("is this similar?"), or a picture.

    ``picture`` is the SHA-256 of a picture in the catalogue's picture store.
    """

    query_id: str
    text: str = ""
    item_id: str = ""
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and an item to judge; it does not say which engine returned it, or at which rank."""

    query: JudgmentQuery
    item_id: str

    @property
    def key(self) -> tuple[str, str]:
        """Query id and item id."""
        return self.query.query_id, self.item_id


@dataclass(frozen=True, slots=True)
class Task:
    """A pair that is assigned to an annotator.

    Attributes:
        pair: The pair.
        round: 1 for a hidden repeat.
        note: The annotator's own note from when they skipped the pair.
    """

    pair: Pair
    round: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class ExamplePair:
    """A pair that the guidelines show with its correct grade and the reason."""

    query: str
    item_id: str
    grade: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules by which a set is judged.

    Attributes:
        scale: The grades.
        guidelines: Markdown shown beside the task.
        examples: Pairs with their correct grade, shown with the guidelines.
        overlap: Number of annotators that each pair should have; 0 means everybody.
        calibration: Pairs (query id, item id) that everybody judges, whatever the overlap.
        repeats: Share of an annotator's pairs that are shown a second time without notice.
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
        depth: Number of results of each engine in the pool.
        pairs: The pool, in the set's own shuffled order.
        created: Time of creation, UTC.
        revision: Starts at 1 and grows by 1 with every change; events refer to guidelines by it.
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

    @property
    def highest(self) -> int:
        """The scale's highest grade."""
        return max(self.grades)

    @property
    def relevant_from(self) -> int:
        """Smallest grade that counts as relevant unless told otherwise: the scale's upper half."""
        return min(grade for grade in self.grades if 2 * grade >= self.highest)


@dataclass(frozen=True, slots=True)
class JudgingProgress:
    """Progress of one annotator and of the whole set.

    Attributes:
        done: Pairs that this annotator has labelled (grades and "can't tell"), with repeats.
        total: ``done`` and the pairs that are still open to this annotator.
        skipped: Number of open pairs that this annotator skipped.
        per_minute: This annotator's labels per minute, without breaks.
        set_done: Labels of all annotators that count towards the target.
        set_total: The target: number of labels that the set needs.
        annotators: Number of people who have labelled a pair.
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
    """One pair's grade, aggregated from all annotators' grades.

    Attributes:
        grade: The aggregated grade; a mean may lie between two grades.
        grades: Each annotator's grade.
        adjudicated: Whether an adjudicator decided it.
    """

    grade: float
    grades: Mapping[str, int] = field(default_factory=dict)
    adjudicated: bool = False
