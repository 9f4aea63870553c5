"""Say how the items of an evaluation were ranked."""

from __future__ import annotations

from core.domain import Ranking, Report

_SENTENCES = {
    Ranking.VECTOR: "Items are ranked by their stored vectors (picture and text) alone: no "
    "full-text search, nothing hidden.",
    Ranking.IMAGE: "Items are ranked by the stored vectors of their pictures alone: no full-text "
    "search, nothing hidden.",
    Ranking.WORDS: "Items are ranked as on the pages, by vectors and full text together; nothing "
    "is hidden.",
}
#: Tasks without rankings.
_NO_RANKING = frozenset({"attributes"})


def how_ranked(report: Report) -> str:
    """Return a sentence on the ranking; empty for a task that ranks nothing."""
    return "" if report.task in _NO_RANKING else _SENTENCES[report.ranking]
