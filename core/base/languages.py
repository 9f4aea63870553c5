"""Detect the language of a short text, with `py3langid`."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

#: Languages of product feeds; with more of them, short titles would be classified wrongly.
LANGUAGES = (
    "ar bg bn cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv no nl pl pt ro ru sk sl "
    "sr sv ta th tr uk ur vi zh"
)

#: Names of languages for people, by ISO 639-1.
NAMES = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fr": "French",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pl": "Polish",
    "pt": "Portuguese", "ru": "Russian", "th": "Thai", "tr": "Turkish", "zh": "Chinese",
}  # fmt: skip

_lock = threading.Lock()
_identifiers: dict[tuple[str, ...], LanguageIdentifier] = {}


@lru_cache(maxsize=4096)
def language_of(text: str) -> tuple[str, float]:
    """Return the most likely language of a text (ISO 639-1) and its probability, 0 to 1.

    Short texts with brand names and codes are uncertain, so require a high probability. Text in
    capital letters is lowered first.
    """
    with _lock:
        language, probability = _loaded(tuple(LANGUAGES.split())).classify(_lowered(text))
    return str(language), float(probability)


def probabilities(text: str, languages: tuple[str, ...]) -> dict[str, float]:
    """Return the probability of each of these languages, 0 to 1, if there were no others."""
    with _lock:
        ranked = _loaded(languages).rank(_lowered(text))
    return {str(language): float(probability) for language, probability in ranked}


def _lowered(text: str) -> str:
    return text.lower() if text.isupper() else text


def _loaded(languages: tuple[str, ...]) -> LanguageIdentifier:
    """Load the model (5 MB) once per list of languages; the caller holds the lock."""
    if languages not in _identifiers:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        identifier.set_languages(list(languages))
        _identifiers[languages] = identifier
    return _identifiers[languages]
