"""Detect the language of a short text, English or another, and how certain this is."""

from __future__ import annotations

import math
import re
from collections.abc import Container
from dataclasses import dataclass

from core.base.languages import probabilities

#: Increase it when the same text would be read in another way.
VERSION = 1
#: The languages that the sentence encoder was trained on (ISO 639-1).
LANGUAGES = (
    "ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh",
)  # fmt: skip
#: Characters that are looked at.
MOST_CHARACTERS = 400
#: Below this probability of English, and above one less it, a text counts as one language alone.
SURE = 0.2

#: A logistic regression, fitted on names of emoji in nine languages and on English listings
#: (``benchmarks/languages.py`` tests it on others): weights of the features, and the constant.
_WEIGHTS = (1.047, 0.884, -0.155, -0.986, 1.583)
_CONSTANT = -0.695
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """The result for a text.

    Attributes:
        language: The most likely language.
        english: How much of the English tower's vector there is in the text's, 0 to 1.
    """

    language: str
    english: float


def reading(text: str, vocabulary: Container[str]) -> Reading:
    """Detect the language of a text.

    Args:
        text: A query or title.
        vocabulary: Common English words, in lower case.
    """
    text = text[:MOST_CHARACTERS]
    words = _WORD.findall(text.lower())
    if not words:
        return Reading("en", 1.0)
    likely = probabilities(text, LANGUAGES)
    other = max((name for name in LANGUAGES if name != "en"), key=lambda name: likely.get(name, 0))
    share = sum(word in vocabulary for word in words) / len(words)
    features = (
        math.log((likely.get("en", 0) + 1e-6) / (likely.get(other, 0) + 1e-6)),
        share,
        float(any(ord(letter) > 127 for word in words for letter in word)),
        math.log(len(words)),
        share * min(len(words), 6),
    )
    logit = _CONSTANT + sum(w * f for w, f in zip(_WEIGHTS, features, strict=True))
    english = 1 / (1 + math.exp(-logit))
    language = "en" if english >= 0.5 else other
    return Reading(language, 1.0 if english > 1 - SURE else 0.0 if english < SURE else english)
