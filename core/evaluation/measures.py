"""Measures under their usual names, computed by ``ir_measures`` (trec_eval's code).

Every measure uses the whole run that is stored. ``hits@k`` is ``Success@k`` of ``ir_measures``, and
``mrr`` is ``RR`` (0 if no relevant item is in the run).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import ir_measures
from ir_measures import AP, ERR, RR, Bpref, Judged, Measure, P, R, Success, nDCG

from core.domain import Qrels, Run
from core.errors import EvaluationError, no_such
from core.evaluation.err import expected_reciprocal_rank

#: Per query, the value of each measure: ``values[measure][query_id]``.
Values = Mapping[str, Mapping[str, float]]

_AT: dict[str, Callable[[int, int], Measure]] = {
    "hits": lambda k, rel: Success(rel=rel) @ k,
    "p": lambda k, rel: P(rel=rel) @ k,
    "recall": lambda k, rel: R(rel=rel) @ k,
    "ndcg": lambda k, rel: nDCG @ k,
    "judged": lambda k, rel: Judged @ k,
    "err": lambda k, rel: ERR @ k,
}
_PLAIN: dict[str, Callable[[int], Measure]] = {
    "mrr": lambda rel: RR(rel=rel),
    "map": lambda rel: AP(rel=rel),
    "bpref": lambda rel: Bpref(rel=rel),
}
_NAME = re.compile(r"([a-z]+)(?:@([1-9][0-9]{0,3}))?")

#: Default measures of tasks with one relevant item, of similarity tasks, and with grades.
SEARCH = ("hits@1", "hits@5", "hits@10", "mrr", "ndcg@10")
SIMILAR = ("p@1", "p@3", "p@5", "recall@10", "mrr")
GRADED = ("ndcg@10", "p@1", "p@5", "recall@10", "mrr", "judged@10")
#: For pooled human judgments, which are never complete.
POOLED = ("ndcg@10", "p@1", "p@5", "p@10", "recall@10", "mrr", "err@10", "bpref", "judged@10")


def parse(name: str, relevant_from: int = 1) -> Measure:
    """Parse a measure's name, such as ``hits@5``, to a measure of ``ir_measures``.

    Args:
        name: ``hits@k``, ``p@k``, ``recall@k``, ``ndcg@k``, ``judged@k``, ``err@k``, ``mrr``,
            ``map`` or ``bpref``.
        relevant_from: Smallest grade that counts as relevant for binary measures.

    Raises:
        EvaluationError: There is no such measure.
    """
    match = _NAME.fullmatch(name)
    kind, cutoff = match.groups() if match else ("", None)
    if cutoff and kind in _AT:
        return _AT[kind](int(cutoff), relevant_from)
    if not cutoff and kind in _PLAIN:
        return _PLAIN[kind](relevant_from)
    raise no_such(EvaluationError, "measure", name, [*(f"{kind}@K" for kind in _AT), *_PLAIN])


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
    name_by_measure = {parse(name, relevant_from): name for name in names}
    ranked = {
        query_id: {item: float(len(hits) - place) for place, (item, _) in enumerate(hits)}
        for query_id, hits in run.items()
        if query_id in qrels and hits
    }
    judged = {query_id: dict(grades) for query_id, grades in qrels.items()}
    values: dict[str, dict[str, float]] = {name: dict.fromkeys(judged, 0.0) for name in names}
    library = [measure for measure in name_by_measure if measure.NAME != ERR.NAME]
    for metric in ir_measures.iter_calc(library, judged, ranked) if library else ():
        values[name_by_measure[metric.measure]][metric.query_id] = float(metric.value)
    if highest is None:
        highest = max((g for grades in judged.values() for g in grades.values()), default=0)
    for measure, name in name_by_measure.items():
        if measure.NAME == ERR.NAME:
            for query_id, grades in judged.items():
                items = [item for item, _ in run.get(query_id, ())]
                depth = int(measure["cutoff"])
                values[name][query_id] = expected_reciprocal_rank(items, grades, depth, highest)
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
