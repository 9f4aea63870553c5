"""How often words stand in a catalogue: a word that stands everywhere says little."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.base.languages import language_of
from core.search.word_match import rarity
from core.search.words import content_words, stem
from core.store.catalog_store import CatalogStore

#: Number of items whose words are counted: enough for the frequent words, and read in a moment.
SAMPLE = 2_000


#: Number of items whose language is found, and characters that are read of each.
_READ, _CHARACTERS = 60, 400


@dataclass(frozen=True, slots=True)
class _Counted:
    """The words of a sample of items.

    Attributes:
        version: Version of the items.
        rows: Number of items.
        counts: In how many of them a stem stands.
        words: Their words as they are written, in lower case.
        language: The language that most of them are in (ISO 639-1).
    """

    version: int
    rows: int
    counts: Mapping[str, int]
    words: frozenset[str]
    language: str


class WordCounts:
    """Counts of a sample of a catalogue's words, taken again when its items change."""

    def __init__(self, store: CatalogStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._counted: _Counted | None = None

    def rarity(self, words: Iterable[str]) -> dict[str, float]:
        """Return the weight of each word's stem."""
        counted = self._counts()
        return rarity(counted.counts, counted.rows, map(stem, words))

    def have(self, words: Iterable[str]) -> bool:
        """Tell whether each of the words stands in the catalogue, in singular or plural.

        Stems would take "lampe" for "lamp".
        """
        own = self._counts().words
        return all(any(form in own for form in _forms(word)) for word in words)

    @property
    def language(self) -> str:
        """The language that most items are in (ISO 639-1)."""
        return self._counts().language

    def _counts(self) -> _Counted:
        version = self._store.items.version
        with self._lock:
            if self._counted is None or self._counted.version != version:
                texts = self._store.items.sample_words(SAMPLE)
                counts: Counter[str] = Counter()
                own: set[str] = set()
                for text in texts:
                    words = content_words(text)
                    own.update(words)
                    counts.update(set(map(stem, words)))
                self._counted = _Counted(
                    version, len(texts), counts, frozenset(own), _language(texts)
                )
            return self._counted


def _language(texts: Sequence[str]) -> str:
    """Return the commonest language of some texts; English where there are none."""
    chosen = texts[:: max(1, len(texts) // _READ)]
    languages = Counter(language_of(text[:_CHARACTERS])[0] for text in chosen)
    return languages.most_common(1)[0][0] if languages else "en"


def _forms(word: str) -> tuple[str, ...]:
    return word, f"{word}s", f"{word}es", word.removesuffix("s"), word.removesuffix("es")
