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

_lock = threading.Lock()
_identifier: LanguageIdentifier | None = None


@lru_cache(maxsize=4096)
def language_of(text: str) -> tuple[str, float]:
    """Return the most likely language of a text (ISO 639-1) and its probability, 0 to 1.

    Short texts with brand names and codes are uncertain, so require a high probability. Text in
    capital letters is lowered first.
    """
    text = text.lower() if text.isupper() else text
    with _lock:
        language, probability = _loaded().classify(text)
    return str(language), float(probability)


def _loaded() -> LanguageIdentifier:
    """Load the model (5 MB) once; the caller holds the lock."""
    global _identifier
    if _identifier is None:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        _identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        _identifier.set_languages(LANGUAGES.split())
    return _identifier
