"""Evaluation: queries, relevance judgments and the report."""

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
    """How items are ranked."""

    VECTOR = "vector"
    """By the stored item vector, as in a search without full text."""
    IMAGE = "image"
    """By the stored picture vector alone; the item's text is not used."""
    WORDS = "words"
    """As on the pages: vector and full text, fused."""


@dataclass(frozen=True, slots=True)
class EvalQuery:
    """One query of an evaluation: text, a picture, a catalogue item, or several of these.

    Attributes:
        query_id: Name within the evaluation.
        text: The query's text.
        image: A picture file, or its bytes.
        item_id: Find items similar to this one; the item itself is left out of the results.
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
        fingerprint: Hash of the weights and views that made the vectors; empty for a run file.
        scores: Per measure, in the report's order.
    """

    engine: str
    title: str
    fingerprint: str
    scores: Mapping[str, Score]


@dataclass(frozen=True, slots=True)
class PairedTest:
    """A paired randomisation test over the queries: is ``second`` better than ``first``?

    Attributes:
        measure: The measure that is compared.
        first: The baseline engine.
        second: The other engine.
        difference: Mean of ``second - first``, with its bootstrap interval.
        p: Two-sided.
        corrected: ``p`` after Benjamini and Hochberg: of the main measure over the pairs of
            engines, of the others over all their tests.
    """

    measure: str
    first: str
    second: str
    difference: Score
    p: float
    corrected: float

    @property
    def significant(self) -> bool:
        """Whether the difference is significant at the 5 % level after correction."""
        return self.corrected < 0.05


@dataclass(frozen=True, slots=True)
class QueryRow:
    """The results of one query.

    Attributes:
        query_id: The query.
        text: Its text, or a description of it.
        item_id: Its item; empty if it has none.
        has_image: Whether it has a picture.
        label: The product type that it is counted under; empty if unknown.
        department: The department that it is counted under; empty if unknown.
        relevant: Ids of (at most five) relevant items, best grade first.
        values: The main measure per engine.
        ranks: Rank of the first relevant item per engine; missing if there is none in the results.
        found: The first results per engine: item id, and whether it is relevant.
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
    """The main measure on a subset of the queries.

    Attributes:
        kind: ``product type``, ``department``, ``attribute``, ``photo`` or ``left out``.
        name: Value of that kind, such as the department's name.
        queries: Number of queries.
        values: Mean of the main measure per engine.
        baselines: Named values to compare with (``majority``, ``chance``).
        tests: Paired tests on this subset, if they were requested.
        scores: The same means with their intervals, if they were requested.
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
    """An evaluation's figures; catalogue, task and fingerprints are enough to reproduce them.

    Attributes:
        report_id: Short id, ``[a-z0-9-]+``.
        catalog: Name of the catalogue.
        task: Name of the task (``title``, ``similar``, …; ``queries`` for queries from files).
        title: The task's name for people.
        ranking: How items were ranked.
        depth: Number of results kept per query.
        items: Items in the pool.
        queries: Number of queries.
        measures: Names of the measures, in order.
        main: The measure that rows and slices show.
        engines: Figures per engine, the baseline first.
        tests: Paired tests between engines.
        rows: One per query, by id.
        slices: By product type, department or attribute, most queries first.
        notes: What a reader must know to interpret the figures.
        created: Time of creation, ISO 8601 UTC.
        seconds: Wall time.
        encode_seconds: Share of it inside the encoders.
        relevant_from: Smallest grade that counts as relevant; ``None`` where every judged item is
            either relevant or not.
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
    relevant_from: int | None = None

    def names(self) -> tuple[str, ...]:
        """Return the engines' names, the baseline first."""
        return tuple(entry.engine for entry in self.engines)


@dataclass(frozen=True, slots=True)
class EvalTask:
    """A named task and whether a catalogue has the data for it; ``reason`` says what is missing."""

    name: str
    title: str
    explanation: str
    available: bool
    reason: str = ""
