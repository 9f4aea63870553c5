"""Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009)."""

from __future__ import annotations

from collections.abc import Sequence

#: The paper's constant; a larger one gives the first ranks less weight.
K = 60


def reciprocal_ranks(rankings: Sequence[Sequence[str]], k: int = K) -> dict[str, float]:
    """Return ``Σ 1 / (k + rank)`` per id over all rankings, best first; ties keep their order."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, name in enumerate(ranking, start=1):
            scores[name] = scores.get(name, 0.0) + 1 / (k + rank)
    return dict(sorted(scores.items(), key=lambda entry: -entry[1]))
