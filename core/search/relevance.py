"""How likely a candidate is what the query asks for: weights in data, fitted on judged pairs.

``data/calibration/search.toml`` holds them; ``benchmarks/calibrate.py`` writes it. Raw cosines mean
something else in every catalogue and engine, so only what carries over is used: a candidate's place
among all cosines of its query, and what its words have of the query's.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.domain import Match, Strength
from core.errors import SettingsError
from core.search.evidence import Evidence
from core.search.word_match import WordMatch

#: Section of engines that were not measured.
DEFAULT = "default"
#: Largest z-score that counts.
MOST = 30.0


@dataclass(frozen=True, slots=True)
class Logistic:
    """A probability from weighted features: ``1 / (1 + exp(-(bias + Σ weight · feature)))``.

    Attributes:
        weights: Weight of each feature by name; ``bias`` is that of 1.
        fair: Smallest probability of a fair match.
        strong: Smallest probability of a strong match.
    """

    weights: Mapping[str, float]
    fair: float = 0.35
    strong: float = 0.7

    def logit(self, features: Mapping[str, float]) -> float:
        """Return the log-odds."""
        return sum(w * features.get(name, 0.0) for name, w in self.weights.items() if w)

    def probability(self, features: Mapping[str, float]) -> float:
        """Return the probability, 0 to 1."""
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.logit(features)))))

    def strength(self, probability: float) -> Strength:
        """Return the word for a probability."""
        if probability >= self.strong:
            return Strength.STRONG
        return Strength.FAIR if probability >= self.fair else Strength.WEAK


@dataclass(frozen=True, slots=True)
class Scale:
    """What is known of one engine's scores for one kind of query.

    Attributes:
        photo: Probability from the photo's place alone.
        words: Probability from the words alone; ``None`` where a query has none.
        both: Probability from all that is known.
        ranking: Weights of the score that hits are ordered by; empty orders by cosine.
        close: Smallest probability of the best hit; below it there is no close match.
        close_unknown: The same for a query of which no word is known.
        cut: Smallest probability of a hit that is shown.
    """

    photo: Logistic
    words: Logistic | None
    both: Logistic
    ranking: Mapping[str, float]
    close: float
    close_unknown: float
    cut: float

    def score(self, features: Mapping[str, float]) -> float:
        """Return the score that hits are ordered by."""
        return sum(w * features.get(name, 0.0) for name, w in self.ranking.items())


class Relevance:
    """The scales of all engines.

    Args:
        path: The file with the weights.

    Raises:
        SettingsError: It can't be read.
    """

    def __init__(self, path: Path) -> None:
        try:
            table = tomllib.loads(path.read_text("utf-8"))
            self._scales = {
                kind: {engine: _scale(rows) for engine, rows in engines.items()}
                for kind, engines in table["scales"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(
                f"The file of search weights {path} can't be used: {error}."
            ) from None

    def scale(self, kind: str, engine: str) -> Scale:
        """Return the scale of a kind of query (``words``, ``picture``, ``item``) and an engine."""
        engines = self._scales[kind]
        return engines.get(engine) or engines[DEFAULT]


@cache
def relevance(path: Path) -> Relevance:
    """Return the weights of a file, read once."""
    return Relevance(path)


def features(evidence: Evidence) -> dict[str, float]:
    """Return what a candidate's score and probability are made of.

    ``z`` is its place among all cosines; ``cover`` the share of the query's words that it has;
    ``head`` how far it is what the query's noun names, ``exact`` whether it is just that; ``named``
    both; ``z_exact`` and ``z_other`` its place if it is, and if not; ``text`` the cosine of texts;
    ``colour`` how far it has the query's colours.
    """
    words = evidence.words
    head = words.cover if words.head is None else words.head
    exact = head if words.head is None else float(head == 1)
    zscore = min(evidence.zscore, MOST)
    return {
        "bias": 1.0,
        "z": zscore,
        "cover": words.cover,
        "head": head,
        "exact": exact,
        "named": exact * words.cover,
        "z_exact": exact * max(zscore, 0.0),
        "z_other": (1 - exact) * max(zscore, 0.0),
        "text": evidence.text,
        "colour": words.colour or 0.0,
    }


def reasons(
    photo: Match, words: Match | None, shared: WordMatch, *, has_photo: bool = True
) -> tuple[str, ...]:
    """Return the phrases for people: how strong the match of photo and of words is, and why.

    The vector of an item without a photo is that of its words, so it stands for their meaning.
    """
    seen = f" ({', '.join(shared.seen)})" if shared.seen else ""
    phrases = [f"{'photo' if has_photo else 'meaning'}: {photo.strength.value} match{seen}"]
    if words is not None and shared.shared:
        missing = f"; not: {', '.join(shared.missing)}" if shared.missing else ""
        has = ", ".join(shared.shared)
        phrases.append(f"words: {words.strength.value} match ({has}{missing})")
    if shared.unwanted:
        phrases.append(f"has what you leave out: {shared.unwanted}")
    return tuple(phrases)


def _scale(rows: Mapping[str, Any]) -> Scale:
    return Scale(
        photo=_logistic(rows["photo"]),
        words=_logistic(rows["words"]) if "words" in rows else None,
        both=_logistic(rows["both"]),
        ranking={name: float(value) for name, value in rows.get("ranking", {}).items()},
        close=float(rows["close"]),
        close_unknown=float(rows.get("close_unknown", rows["close"])),
        cut=float(rows["cut"]),
    )


def _logistic(row: Mapping[str, Any]) -> Logistic:
    weights = {n: float(v) for n, v in row.items() if n not in ("fair", "strong")}
    return Logistic(weights, float(row.get("fair", 0.35)), float(row.get("strong", 0.7)))
