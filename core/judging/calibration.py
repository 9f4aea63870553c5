"""Choose calibration pairs, which everybody judges, so that they favour no engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from core.domain import JudgmentQuery, SearchResult
from core.judging.pool import shuffled
from core.judging.state import PairKey


def finders(
    results: Mapping[JudgmentQuery, Sequence[SearchResult]], depth: int
) -> dict[PairKey, frozenset[str]]:
    """Return the names of the engines that found each pair within ``depth`` results."""
    engines_of: dict[PairKey, set[str]] = {}
    for query, answers in results.items():
        for answer in answers:
            for hit in answer.hits[:depth]:
                engines_of.setdefault((query.query_id, hit.item.item_id), set()).add(answer.engine)
    return {pair: frozenset(names) for pair, names in engines_of.items()}


def balanced(
    found_by: Mapping[PairKey, Collection[str]], count: int, seed: str
) -> frozenset[PairKey]:
    """Draw up to ``count`` pairs of which every engine found equally many.

    Pairs are taken in random order, each only if the engines that found it are those with the
    fewest so far; at the end an unfinished round is put back. So fewer than ``count`` may come out
    where engines share little.
    """
    names = sorted({name for engines in found_by.values() for name in engines})
    by_text = {"\t".join(pair): pair for pair in sorted(found_by)}
    order = [by_text[text] for text in shuffled(list(by_text), seed)]
    had, chosen, unfinished = Counter(dict.fromkeys(names, 0)), list[PairKey](), list[PairKey]()
    taken: set[PairKey] = set()
    while len(taken) < count:
        fewest = min(had.values(), default=0)
        fitting = (
            pair for pair in order
            if pair not in taken and all(had[name] == fewest for name in found_by[pair])
        )  # fmt: skip
        pair = next(fitting, None)
        if pair is None:
            break
        taken.add(pair)
        unfinished.append(pair)
        had.update(found_by[pair])
        if len(set(had.values())) == 1:
            chosen, unfinished = [*chosen, *unfinished], []
    of_all = [p for p in order if p not in chosen and len(set(found_by[p])) == len(names)]
    return frozenset([*chosen, *of_all][: max(count, 0)])
