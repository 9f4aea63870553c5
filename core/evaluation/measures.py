"""Measures under their usual names, computed by ``ir_measures`` (trec_eval's code).

Every measure uses the whole run that is stored. ``hits@k`` is ``Success@k`` of ``ir_measures``, and
``mrr`` is ``RR`` (0 if no relevant item is in the run).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import ir_measures
from ir_measures import AP, RR, Bpref, Judged, Measure, P, R, Success, nDCG

from core.domain import Qrels, Run
from core.errors import EvaluationError, no_such
from core.evaluation.err import expected_reciprocal_rank

#: Per query, the value of each measure: ``values[measure][query_id]``.
Values = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class JudgedRanking:
    """One query's ranking with what is judged, for a measure of our own.

    Attributes:
        items: Item ids, best first.
        grades: Grade per judged item.
        cutoff: Number of results that count; 0 for a measure without a cut-off.
        relevant_from: Smallest grade that counts as relevant.
        highest: The scale's highest grade.
    """

    items: Sequence[str]
    grades: Mapping[str, int]
    cutoff: int
    relevant_from: int
    highest: int


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of measure.

    Attributes:
        label: Its usual spelling.
        explanation: What it says, for readers of a report; ``{k}`` is its cut-off.
        measure: Returns the library's measure, given the smallest grade that counts as relevant.
        cut: Whether it looks at the first k results only, as ``p@5``.
        own: Computes it for one query, in place of ``measure``, where the library can't.
    """

    label: str
    explanation: str
    measure: Callable[[int], Measure] | None = None
    cut: bool = False
    own: Callable[[JudgedRanking], float] | None = None


#: All measures by name; a new one needs an entry here and a worked example in its test.
KINDS = {
    "hits": Kind(
        "HITS",
        "share of queries with a right item among the first {k}",
        lambda rel: Success(rel=rel),
        cut=True,
    ),
    "p": Kind("P", "share of right items among the first {k}", lambda rel: P(rel=rel), cut=True),
    "recall": Kind(
        "Recall",
        "share of all right items that are among the first {k}",
        lambda rel: R(rel=rel),
        cut=True,
    ),
    "ndcg": Kind(
        "nDCG",
        "how good the first {k} are, the best first; 1 is the ideal order",
        lambda rel: nDCG,
        cut=True,
    ),
    "judged": Kind(
        "Judged", "share of the first {k} that anybody judged", lambda rel: Judged, cut=True
    ),
    "err": Kind(
        "ERR",
        "how soon a reader of the first {k} meets a good item; 1 is best",
        cut=True,
        own=lambda ranking: expected_reciprocal_rank(
            ranking.items, ranking.grades, ranking.cutoff, ranking.highest
        ),
    ),
    "mrr": Kind(
        "MRR",
        "how far up the first right item stands: 1 for first, 1/2 for second …",
        lambda rel: RR(rel=rel),
    ),
    "map": Kind(
        "MAP",
        "mean average precision: how far up all right items stand; 1 is ideal",
        lambda rel: AP(rel=rel),
    ),
    "bpref": Kind(
        "bpref",
        "how seldom an item judged wrong stands before a right one; 1 is never",
        lambda rel: Bpref(rel=rel),
    ),
}
_NAME = re.compile(r"([a-z][a-z0-9]*)(?:@([1-9][0-9]{0,3}))?")

#: Default measures of tasks with one relevant item, of similarity tasks, and with grades.
SEARCH = ("hits@1", "hits@5", "hits@10", "mrr", "ndcg@10")
SIMILAR = ("p@1", "p@3", "p@5", "recall@10", "mrr")
GRADED = ("ndcg@10", "p@1", "p@5", "recall@10", "mrr", "judged@10")
#: For pooled human judgments, which are never complete.
POOLED = ("ndcg@10", "p@1", "p@5", "p@10", "recall@10", "mrr", "err@10", "bpref", "judged@10")


def parse(name: str) -> tuple[Kind, int]:
    """Return the kind of a named measure, such as ``hits@5``, and its cut-off (0 without).

    Raises:
        EvaluationError: There is no such measure.
    """
    match = _NAME.fullmatch(name)
    spelled, cutoff = match.groups() if match else ("", None)
    kind = KINDS.get(spelled)
    if kind is None or kind.cut != bool(cutoff):
        names = [f"{kind}@K" if KINDS[kind].cut else kind for kind in KINDS]
        raise no_such(EvaluationError, "measure", name, names)
    return kind, int(cutoff or 0)


def coverage(name: str) -> bool:
    """Whether a measure tells how much was judged, and nothing of an engine's quality."""
    return name.startswith("judged")


def per_query(
    run: Run,
    qrels: Qrels,
    names: Sequence[str],
    relevant_from: int = 1,
    highest: int | None = None,
) -> Values:
    """Compute each measure for each query of the qrels; a query missing in the run counts as 0.

    The order of the run is used, not its scores, so ties keep their order.

    Args:
        run: Rankings by query.
        qrels: Grades by query and item.
        names: Measures.
        relevant_from: Smallest grade that counts as relevant to binary measures.
        highest: The scale's highest grade, for ERR; default: the highest that occurs, with which
            sets of different grades can't be compared.
    """
    ranked = {
        query_id: {item: float(len(hits) - place) for place, (item, _) in enumerate(hits)}
        for query_id, hits in run.items()
        if query_id in qrels and hits
    }
    judged = {query_id: dict(grades) for query_id, grades in qrels.items()}
    values: dict[str, dict[str, float]] = {name: dict.fromkeys(judged, 0.0) for name in names}
    if highest is None:
        highest = max((g for grades in judged.values() for g in grades.values()), default=0)
    library: dict[Measure, str] = {}
    for name in names:
        kind, cutoff = parse(name)
        if kind.measure is not None:
            measure = kind.measure(relevant_from)
            library[measure @ cutoff if cutoff else measure] = name
        elif kind.own is not None:
            for query_id, grades in judged.items():
                items = [item for item, _ in run.get(query_id, ())]
                values[name][query_id] = kind.own(
                    JudgedRanking(items, grades, cutoff, relevant_from, highest)
                )
    for metric in ir_measures.iter_calc(list(library), judged, ranked) if library else ():
        values[library[metric.measure]][metric.query_id] = float(metric.value)
    return values


def first_relevant(run: Run, qrels: Qrels, relevant_from: int = 1) -> dict[str, int]:
    """Rank (from 1) of the first relevant item per query; queries without one are missing."""
    ranks: dict[str, int] = {}
    for query_id, grades in qrels.items():
        for rank, (item, _) in enumerate(run.get(query_id, ()), start=1):
            if grades.get(item, 0) >= relevant_from:
                ranks[query_id] = rank
                break
    return ranks
