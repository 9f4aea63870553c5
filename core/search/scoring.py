"""Score candidates: their order, how strong each match is, and whether any is close at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.base.title_nouns import TitleNouns
from core.domain import Match, Query, Strength
from core.search.evidence import Evidence
from core.search.query_words import QueryWords
from core.search.relevance import Logistic, Scale, features
from core.search.standing import SMALLEST
from core.search.word_match import WordMatch

#: Kinds of queries, each with scales of its own. ``vector`` is words compared by vector alone.
WORDS, VECTOR, PICTURE, ITEM = "words", "vector", "picture", "item"

#: Standard deviations that having the colours of a query is worth where vectors alone are compared.
COLOUR_WEIGHT = 2.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate with its score.

    Attributes:
        evidence: What speaks for it.
        score: Hits are ordered by it, largest first.
        probability: Estimated probability that it is a right answer.
        photo: How well its photo matches.
        words: How well its words match; ``None`` if they are not compared.
        excluded: Whether it has something that the query excludes.
    """

    evidence: Evidence
    score: float
    probability: float
    photo: Match
    words: Match | None
    excluded: bool


@dataclass(frozen=True, slots=True)
class Scored:
    """All candidates of a query, best first.

    Attributes:
        candidates: The candidates.
        close: Whether the best is likely to be what was asked for.
        unknown: Words of the query that neither the catalogue nor the word lists have, if all are.
    """

    candidates: list[Candidate]
    close: bool
    unknown: tuple[str, ...] = ()


def kind_of(query: Query) -> str:
    """Return the kind of a query."""
    if query.image is not None:
        return PICTURE
    if query.item_id:
        return PICTURE if query.region is not None else ITEM
    return WORDS if query.fulltext else VECTOR


def score(
    gathered: Sequence[Evidence],
    scale: Scale,
    words: QueryWords | None,
    nouns: TitleNouns,
    items: int,
    *,
    foreign: bool = False,
) -> Scored:
    """Score the candidates of a query.

    Args:
        gathered: What speaks for each candidate.
        scale: Weights for the engine and the kind of query.
        words: The query's words; ``None`` if it has none.
        nouns: Word lists, to tell known words from unknown ones.
        items: Number of items that z-scores are taken over.
        foreign: The words are in another language, so that no list tells whether they are words.
    """
    unknown = unknown_words(words, gathered, nouns) if words else ()
    all_unknown = words is not None and len(unknown) == len(words.words) > 0
    candidates = [_scored(evidence, scale) for evidence in gathered]
    candidates.sort(
        key=lambda c: (c.excluded, not c.evidence.same_type, -c.score, c.evidence.item_id)
    )
    likely = max((c.probability for c in candidates if not c.excluded), default=0.0)
    least = scale.close_unknown if all_unknown or foreign else scale.close
    # Among few items no photo is far from the others: there a word that an item has is the sign.
    said = words is None or any(evidence.words.shared for evidence in gathered)
    close = bool(candidates) and (likely >= least if items >= SMALLEST or all_unknown else said)
    if not close:  # a card must not praise what the list calls no close match
        candidates = [
            replace(c, photo=replace(c.photo, strength=Strength.WEAK)) for c in candidates
        ]
    return Scored(candidates, close, unknown if all_unknown and not close else ())


def cut(scored: Scored, scale: Scale, items: int) -> list[Candidate]:
    """Return the candidates without excluded and, where one is close, without improbable ones.

    Args:
        scored: All candidates.
        scale: Weights for the engine and the kind of query.
        items: Number of items that z-scores are taken over; among few nothing is improbable.
    """
    if scored.unknown:
        return []
    kept = [candidate for candidate in scored.candidates if not candidate.excluded]
    if scored.close and items >= SMALLEST:
        return [candidate for candidate in kept if candidate.probability >= scale.cut]
    return kept


def unknown_words(
    words: QueryWords, gathered: Sequence[Evidence], nouns: TitleNouns
) -> tuple[str, ...]:
    """Return the query's words that no candidate has and no word list knows."""
    shared = {word for evidence in gathered for word in evidence.words.shared}
    return tuple(
        word for word in words.words if word not in shared and not nouns.is_known_word(word)
    )


def _scored(evidence: Evidence, scale: Scale) -> Candidate:
    given = features(evidence)
    score = scale.score(given) if scale.ranking else evidence.cosine
    if not scale.ranking and evidence.words.colour is not None:
        score = evidence.zscore + COLOUR_WEIGHT * evidence.words.colour
    return Candidate(
        evidence=evidence,
        score=score,
        probability=scale.both.probability(given),
        photo=_match(scale.photo, given),
        words=_words_match(scale, given, evidence.words),
        excluded=bool(evidence.words.unwanted),
    )


def _words_match(scale: Scale, given: dict[str, float], words: WordMatch) -> Match | None:
    if scale.words is None:
        return None
    match = _match(scale.words, given)
    if words.missing and match.strength is Strength.STRONG:  # "chair" is not all of "red chair"
        return replace(match, strength=Strength.FAIR)
    return match


def _match(logistic: Logistic, given: dict[str, float]) -> Match:
    probability = logistic.probability(given)
    return Match(probability, logistic.strength(probability))
