"""How often words stand in a catalogue: a word that stands everywhere says little."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping

from core.search.word_match import rarity
from core.search.words import content_words, stem
from core.store.catalog_store import CatalogStore

#: Number of items whose words are counted: enough for the frequent words, and read in a moment.
SAMPLE = 2_000


class WordCounts:
    """Counts of a sample of a catalogue's words, taken again when its items change."""

    def __init__(self, store: CatalogStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._counted: tuple[int, int, Mapping[str, int]] | None = None

    def rarity(self, words: Iterable[str]) -> dict[str, float]:
        """Return the weight of each word's stem."""
        rows, counts = self._counts()
        return rarity(counts, rows, map(stem, words))

    def _counts(self) -> tuple[int, Mapping[str, int]]:
        version = self._store.items.version
        with self._lock:
            if self._counted is None or self._counted[0] != version:
                texts = self._store.items.sample_words(SAMPLE)
                counts: Counter[str] = Counter()
                for text in texts:
                    counts.update(set(map(stem, content_words(text))))
                self._counted = version, len(texts), counts
            return self._counted[1:]
