"""Evaluation: queries, what is relevant to them, and the report that comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

#: Relevance grades: ``qrels[query_id][item_id]``; 0 is judged and not relevant.
Qrels = Mapping[str, Mapping[str, int]]
#: A ranking per query, best first: ``run[query_id] = [(item_id, score), …]``.
Run = Mapping[str, list[tuple[str, float]]]


class Ranking(StrEnum):
    """What items are ranked by."""

    VECTOR = "vector"
    """The stored item vector, as the engine serves it without full text."""
    IMAGE = "image"
    """The stored picture vector alone: no word of the listing helps."""
    WORDS = "words"
    """As the pages answer: vector and full text, fused."""


@dataclass(frozen=True, slots=True)
class EvalQuery:
    """One query of an evaluation: words, a picture, a catalogue item, or a mix.

    Attributes:
        query_id: Name within the evaluation.
        text: Words.
        image: A picture file, or its bytes.
        item_id: "More like this"; the item itself is never among its answers.
    """

    query_id: str
    text: str = ""
    image: Path | bytes | None = None
    item_id: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """A mean over queries and its 95 % bootstrap interval; no interval for a single query."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class EngineScores:
    """One engine's figures.

    Attributes:
        engine: Its name.
        title: Its name for people.
        fingerprint: Of the weights and views that the vectors were made by; empty for a run file.
        scores: Per measure, in the report's order.
    """

    engine: str
    title: str
    fingerprint: str
    scores: Mapping[str, Score]


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Does ``second`` beat ``first``? A paired randomisation test over the queries.

    Attributes:
        measure: What is compared.
        first: The yardstick.
        second: The other engine.
        difference: Mean of ``second - first``, with its bootstrap interval.
        p: Two-sided.
        corrected: ``p`` after Benjamini and Hochberg, over all tests of the report.
    """

    measure: str
    first: str
    second: str
    difference: Score
    p: float
    corrected: float

    @property
    def significant(self) -> bool:
        """Whether the difference stands at the 5 % level after correction."""
        return self.corrected < 0.05


@dataclass(frozen=True, slots=True)
class QueryRow:
    """One query's outcome.

    Attributes:
        query_id: The query.
        text: Its words, or what it is in words.
        item_id: Its item, where it has one.
        has_image: It came with a picture.
        label: The product type it is counted under; empty where unknown.
        department: The department it is counted under; empty where unknown.
        relevant: Ids of (at most five) relevant items, best grade first.
        values: The main measure per engine.
        ranks: Rank of the first relevant item per engine; missing where none was found.
        found: The first results per engine, and whether each is right.
    """

    query_id: str
    text: str
    item_id: str
    has_image: bool
    label: str
    department: str
    relevant: tuple[str, ...]
    values: Mapping[str, float]
    ranks: Mapping[str, int]
    found: Mapping[str, tuple[tuple[str, bool], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Slice:
    """The main measure on a part of the queries.

    Attributes:
        kind: ``product type``, ``department``, ``attribute``, ``photo`` or ``left out``.
        name: Which.
        queries: How many.
        values: Mean of the main measure per engine.
        baselines: Named values to hold them against (``majority``, ``chance``).
        tests: Who beats whom on this part, where that was asked.
        scores: The same means with their intervals, where that was asked.
    """

    kind: str
    name: str
    queries: int
    values: Mapping[str, float]
    baselines: Mapping[str, float] = field(default_factory=dict)
    tests: tuple[PairedTest, ...] = ()
    scores: Mapping[str, Score] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """An evaluation: reproducible from the catalogue, the task and the fingerprints.

    Attributes:
        report_id: Short id, ``[a-z0-9-]+``.
        catalog: Name of the catalogue.
        task: Name of the task (``title``, ``similar``, …; ``queries`` for queries from files).
        title: The task in words.
        ranking: What items were ranked by.
        depth: How many results per query were kept.
        items: Items in the pool.
        queries: Number of queries.
        measures: In order; the first ``main`` of them is explained per query.
        main: The measure of rows and slices.
        engines: Figures per engine, the yardstick first.
        tests: Who beats whom.
        rows: One per query, by id.
        slices: By product type, department or attribute, most queries first.
        notes: What a reader must know to read the figures right.
        created: When, ISO 8601 UTC.
        seconds: Wall time.
        encode_seconds: Share of it inside the encoders.
    """

    report_id: str
    catalog: str
    task: str
    title: str
    ranking: Ranking
    depth: int
    items: int
    queries: int
    measures: tuple[str, ...]
    main: str
    engines: tuple[EngineScores, ...]
    tests: tuple[PairedTest, ...]
    rows: tuple[QueryRow, ...]
    slices: tuple[Slice, ...]
    notes: tuple[str, ...] = ()
    created: str = ""
    seconds: float = 0.0
    encode_seconds: float = 0.0

    def names(self) -> tuple[str, ...]:
        """Names of the engines, the yardstick first."""
        return tuple(entry.engine for entry in self.engines)


@dataclass(frozen=True, slots=True)
class EvalTask:
    """A named task and whether a catalogue has what it needs; ``reason`` says what is missing."""

    name: str
    title: str
    explanation: str
    available: bool
    reason: str = ""
