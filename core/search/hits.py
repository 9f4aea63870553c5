"""What of an answer is shown: hits out of ranked candidates, and what is said where none fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.domain import Hit, Query, SearchResult
from core.search.duplicates import fold
from core.search.photo_look import PhotoLooks
from core.search.relevance import reasons
from core.search.scoring import Candidate, Scored
from core.store.items import ItemRecord

#: Items that are read beyond those that are shown.
SPARE = 5
#: Least credit for a colour that counts as having it; a brand that is named so has less.
_HAS_COLOUR = 0.5


@dataclass(frozen=True, slots=True)
class Ranked:
    """An engine's answer before its items are read.

    Attributes:
        result: The answer, without hits.
        candidates: The candidates that pass the cut, best first.
        to_show: Ids of the items that may be shown, or folded under one that is.
    """

    result: SearchResult
    candidates: Sequence[Candidate]
    to_show: frozenset[str]


def hits_of(
    ranked: Ranked, query: Query, records: Mapping[str, ItemRecord], looks: PhotoLooks
) -> tuple[Hit, ...]:
    """Return the hits that are shown; near-duplicates are folded where the query wants it.

    Args:
        ranked: The engine's answer.
        query: The query.
        records: The stored items, at least those of ``to_show`` that are still there.
        looks: Tells whether two photos look the same.
    """
    by_id = {candidate.evidence.item_id: candidate for candidate in ranked.candidates}
    records = {name: records[name] for name in ranked.to_show if name in records}
    if query.fold_duplicates:
        phashes = [(c.evidence.item_id, c.evidence.phash) for c in ranked.candidates]
        groups = fold(phashes, looks.compare(records))
    else:
        groups = {item_id: [] for item_id in by_id}
    leaders = list(groups)[: query.k + SPARE]
    shown = [name for name in leaders if name in records][: query.k]
    return tuple(
        _hit(rank, by_id[name], records[name], groups[name])
        for rank, name in enumerate(shown, start=1)
    )


def _hit(rank: int, candidate: Candidate, record: ItemRecord, duplicates: list[str]) -> Hit:
    evidence = candidate.evidence
    return Hit(
        rank=rank,
        item=record.item,
        score=candidate.score,
        cosine=evidence.cosine,
        zscore=evidence.zscore,
        reasons=reasons(
            candidate.photo, candidate.words, evidence.words, has_photo=record.item.has_photo
        ),
        duplicates=tuple(duplicates),
        rewrite=record.rewrite,
        photo=candidate.photo,
        words=candidate.words,
        probability=candidate.probability,
    )


def verdict(scored: Scored) -> str:
    """Return a sentence where there is no close match; empty if there is one."""
    if scored.close:
        return ""
    if scored.unknown:
        words = ", ".join(f"“{word[:40]}”" for word in scored.unknown[:3])
        verb = "is a word" if len(scored.unknown) == 1 else "are words"
        return f"No close match: {words} {verb} that this catalogue does not have."
    if not scored.candidates:
        return "No close match."
    return "No close match. These are the nearest items."


def off_colour(hits: Sequence[Hit], candidates: Sequence[Candidate]) -> str:
    """Return a sentence where a colour was asked for and no hit has it; empty otherwise."""
    shown = {hit.item.item_id for hit in hits}
    degrees = [c.evidence.words.colour for c in candidates if c.evidence.item_id in shown]
    named = [degree for degree in degrees if degree is not None]
    if not named or max(named) >= _HAS_COLOUR:
        return ""
    return "None of these is known to have the colour that was asked for."
