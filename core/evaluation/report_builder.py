"""Build a report from runs and relevance judgments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from core.base import significance
from core.domain import (
    EngineScores,
    EvalQuery,
    Item,
    Qrels,
    QueryRow,
    Ranking,
    Report,
    Run,
    Score,
    Slice,
)
from core.evaluation import measures

#: Results kept per query and engine, to show them side by side.
_SHOWN = 5
#: Fewest queries of a slice.
_LEAST = 3
#: Name of the slices by what is asked: words, an item, a picture.
BY_QUERY = "kind of query"
WORDS, ITEM, PICTURE = "words", "an item", "a picture"
#: Fewest queries for an interval, and the number of slices of a kind that get one (the largest).
_FOR_INTERVAL, _WITH_INTERVAL = 10, 12


@dataclass(frozen=True, slots=True)
class EngineRun:
    """The run of one engine.

    Attributes:
        engine: Name of the engine.
        title: The engine's name for people.
        fingerprint: Fingerprint of its vectors; empty for a run read from a file.
        run: The rankings.
    """

    engine: str
    title: str
    fingerprint: str
    run: Run


@dataclass(frozen=True, slots=True)
class Frame:
    """The parts of a report besides its figures; see ``Report``.

    ``pairs`` are the pairs of engines to test; all pairs if not given. ``highest`` is the highest
    grade of the scale; default: the highest that occurs. ``has_grades`` says that the grades leave
    a choice of what is relevant.
    """

    catalog: str
    task: str
    title: str
    ranking: Ranking
    depth: int
    items: int
    measures: tuple[str, ...]
    main: str
    notes: tuple[str, ...]
    relevant_from: int = 1
    highest: int | None = None
    pairs: tuple[tuple[str, str], ...] | None = None
    has_grades: bool = False


def report(
    frame: Frame,
    queries: Sequence[EvalQuery],
    qrels: Qrels,
    runs: Sequence[EngineRun],
    items: Mapping[str, Item],
    texts: Mapping[str, str] | None = None,
) -> Report:
    """Measure the runs and compare them.

    Args:
        frame: Task, catalogue and measures.
        queries: All queries; queries without a judgment in ``qrels`` are left out.
        qrels: Relevance judgments.
        runs: One run per engine, the baseline first.
        items: Known items by id, for labels.
        texts: Text to show for a query instead of its own.
    """
    ids = sorted(query.query_id for query in queries if query.query_id in qrels)
    judged = {query_id: qrels[query_id] for query_id in ids}
    values_by_engine = {
        run.engine: measures.per_query(
            run.run, judged, frame.measures, frame.relevant_from, frame.highest
        )
        for run in runs
    }
    ranks = {
        run.engine: measures.first_relevant(run.run, judged, frame.relevant_from) for run in runs
    }
    by_id = {query.query_id: query for query in queries}
    rows = tuple(
        _row(
            by_id[query_id],
            judged[query_id],
            items,
            {engine: values[frame.main][query_id] for engine, values in values_by_engine.items()},
            {engine: rank_of[query_id] for engine, rank_of in ranks.items() if query_id in rank_of},
            (texts or {}).get(query_id, ""),
            {
                run.engine: tuple(
                    (item, judged[query_id].get(item, 0) >= frame.relevant_from)
                    for item, _ in run.run.get(query_id, ())[:_SHOWN]
                )
                for run in runs
            },
            frame.relevant_from,
        )
        for query_id in ids
    )
    samples = {
        engine: {m: np.array([values[m][i] for i in ids], np.float64) for m in frame.measures}
        for engine, values in values_by_engine.items()
    }
    parts = (*by_query_kind(rows, frame.main, frame.pairs), *slices(rows))
    return assemble(frame, runs, samples, rows, parts)


def assemble(
    frame: Frame,
    runs: Sequence[EngineRun],
    samples: Mapping[str, Mapping[str, significance.Sample]],
    rows: tuple[QueryRow, ...],
    parts: tuple[Slice, ...],
) -> Report:
    """Make a report from per-query values: ``samples[engine][measure]``, in the order of rows."""
    now = datetime.now(UTC)
    tested = [measure for measure in frame.measures if not measures.coverage(measure)]
    engines = tuple(
        EngineScores(
            run.engine,
            run.title,
            run.fingerprint,
            {m: significance.interval(samples[run.engine][m]) for m in frame.measures},
        )
        for run in runs
    )
    return Report(
        report_id=f"{frame.catalog}-{frame.task}-{now:%Y%m%d-%H%M%S-%f}"[:120],
        catalog=frame.catalog,
        task=frame.task,
        title=frame.title,
        ranking=frame.ranking,
        depth=frame.depth,
        items=frame.items,
        queries=len(rows),
        measures=frame.measures,
        main=frame.main,
        engines=engines,
        tests=significance.compare(samples, tested, frame.pairs, main=frame.main),
        rows=rows,
        slices=parts,
        notes=frame.notes,
        created=now.isoformat(timespec="seconds"),
        relevant_from=frame.relevant_from if frame.has_grades else None,
    )


def by_query_kind(
    rows: Sequence[QueryRow], main: str, pairs: Sequence[tuple[str, str]] | None = None
) -> tuple[Slice, ...]:
    """Measure words, items and pictures as queries apart, with tests; nothing if one kind is asked.

    p is corrected over the kinds and the pairs of engines (Benjamini and Hochberg).
    """
    kinds: dict[str, list[QueryRow]] = {WORDS: [], ITEM: [], PICTURE: []}
    for row in rows:
        kinds[ITEM if row.item_id else PICTURE if row.has_image else WORDS].append(row)
    asked = {name: part for name, part in kinds.items() if len(part) >= _LEAST}
    if len(asked) < 2:
        return ()
    parts = [measured_part(BY_QUERY, name, main, part, pairs) for name, part in asked.items()]
    tests = iter(significance.corrected([test for part in parts for test in part.tests]))
    return tuple(replace(part, tests=tuple(next(tests) for _ in part.tests)) for part in parts)


def slices(rows: Sequence[QueryRow]) -> tuple[Slice, ...]:
    """Compute the main measure by department and by product type, most queries first.

    The largest slices get intervals, but no tests: among many slices some differ by chance.
    """
    return (
        *_by("department", rows, lambda row: row.department),
        *_by("product type", rows, lambda row: row.label),
    )


def _by(kind: str, rows: Sequence[QueryRow], name_of: Callable[[QueryRow], str]) -> Iterator[Slice]:
    parts: dict[str, list[QueryRow]] = defaultdict(list)
    for row in rows:
        parts[name_of(row)].append(row)
    named = [(name, part) for name, part in parts.items() if name and len(part) >= _LEAST]
    named.sort(key=lambda part: (-len(part[1]), part[0]))
    for place, (name, part) in enumerate(named):
        with_interval = place < _WITH_INTERVAL and len(part) >= _FOR_INTERVAL
        scores = _scores(part) if with_interval else {}
        yield Slice(kind, name, len(part), _means(part), scores=scores)


def _scores(rows: Sequence[QueryRow]) -> dict[str, Score]:
    """Compute the rows' mean with its interval, per engine."""
    return {
        engine: significance.interval([row.values[engine] for row in rows])
        for engine in rows[0].values
    }


def measured_part(
    kind: str,
    name: str,
    main: str,
    rows: Sequence[QueryRow],
    pairs: Sequence[tuple[str, str]] | None = None,
    baselines: Mapping[str, float] | None = None,
) -> Slice:
    """Make a slice with intervals and tests.

    Args:
        kind: Kind of the slice.
        name: Name of the slice.
        main: The measure of the rows.
        rows: Queries of the slice.
        pairs: Pairs of engines to test; p is corrected over them.
        baselines: See ``Slice``.
    """
    values = {engine: np.array([row.values[engine] for row in rows]) for engine in rows[0].values}
    samples = {engine: {main: sample} for engine, sample in values.items()}
    tests = significance.compare(samples, (main,), pairs)
    return Slice(kind, name, len(rows), _means(rows), baselines or {}, tests, _scores(rows))


def losses_and_wins(
    report: Report, first: str, second: str, count: int = 8
) -> tuple[tuple[QueryRow, ...], tuple[QueryRow, ...]]:
    """Return the queries with the largest losses and wins of ``second`` against ``first``.

    Sorted by the main measure, then by the rank of the first relevant item.
    """

    def gain(row: QueryRow) -> tuple[float, float]:
        places = [1 / row.ranks[e] if e in row.ranks else 0.0 for e in (first, second)]
        return row.values[second] - row.values[first], places[1] - places[0]

    ordered = sorted(report.rows, key=lambda row: (gain(row), row.query_id))
    losses = [row for row in ordered[:count] if gain(row) < (0.0, 0.0)]
    wins = [row for row in reversed(ordered[-count:]) if gain(row) > (0.0, 0.0)]
    return tuple(losses), tuple(wins)


def _means(rows: Sequence[QueryRow]) -> dict[str, float]:
    engines = rows[0].values
    return {engine: float(np.mean([row.values[engine] for row in rows])) for engine in engines}


def _row(
    query: EvalQuery,
    grades: Mapping[str, int],
    items: Mapping[str, Item],
    values: Mapping[str, float],
    ranks: Mapping[str, int],
    text: str,
    first_hits: Mapping[str, tuple[tuple[str, bool], ...]],
    relevant_from: int,
) -> QueryRow:
    right = (item_id for item_id, grade in grades.items() if grade >= relevant_from)
    relevant = sorted(right, key=lambda item_id: (-grades[item_id], item_id))
    labelled = items.get(query.item_id) or next((items[i] for i in relevant if i in items), None)
    query_item = items.get(query.item_id)
    return QueryRow(
        query_id=query.query_id,
        text=text or query.text or (query_item.title if query_item else ""),
        item_id=query.item_id,
        has_image=query.image is not None,
        label=labelled.product_type if labelled else "",
        department=labelled.department if labelled else "",
        relevant=tuple(relevant[:5]),
        values=values,
        ranks=ranks,
        found=first_hits,
    )
