"""Detect the language of a short text, English or another, and how certain this is."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Container
from dataclasses import dataclass

from core.base.languages import probabilities
from core.base.word_lists import languages_with

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
#: Letters that no language with a word list has: Greek, Cyrillic, Arabic, Chinese …
_OTHER_SCRIPT = re.compile("[\u0370-\u1dff\u2c00-\ua71f\ua800-\ufaff]")
#: Queries of so few words may be no words at all.
SHORT = 3
#: Least sum of likelihood and probability of the language for a word that is on no list: of 1,443
#: words made up from the letters of English and other words, 1 in 20 lies above, of 148 real words
#: on no list half (names of emoji; ``data/word_lists/README.md``).
LEAST_LIKELY = -2.6


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


def short_reading(
    text: str, read_as: Reading, vocabulary: Container[str], likelihood: Callable[[str], float]
) -> Reading:
    """Correct the reading of a query of few words by word lists: "zelt" is German, "plorf" nothing.

    What is a word of no language is read as English, where it is an unknown word.

    Args:
        text: The query.
        read_as: Its reading by letters alone.
        vocabulary: Common English words, in lower case.
        likelihood: Tells how likely a word on no list is (``SentenceEncoder.likelihood``).
    """
    words = _WORD.findall(text[:MOST_CHARACTERS].lower())
    if not 0 < len(words) <= SHORT or _OTHER_SCRIPT.search(text):
        return read_as
    if read_as.english == 1 and all(word in vocabulary for word in words):
        return read_as
    having = [_languages(word, vocabulary) for word in words]
    shared = frozenset.intersection(*having)
    likely = probabilities(text, LANGUAGES)
    if shared:
        if read_as.language in shared:
            return read_as
        language = max(sorted(shared), key=lambda name: likely.get(name, 0.0))
        return Reading(language, float(language == "en"))
    if any(having) or read_as.english == 1 or not text.isascii():
        return read_as
    sure = max(share for name, share in likely.items() if name != "en")
    is_word = min(map(likelihood, words)) + sure >= LEAST_LIKELY
    return read_as if is_word else Reading("en", 1.0)


def _languages(word: str, vocabulary: Container[str]) -> frozenset[str]:
    listed = frozenset(languages_with(word))
    return listed | {"en"} if word in vocabulary else listed
