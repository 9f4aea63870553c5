"""Read a query's words: their language, their colours, and what items' words are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from core.base.languages import probabilities
from core.base.title_nouns import TitleNouns
from core.domain import Query
from core.ports.encoder import Encoder, ReadsLanguages
from core.search.colour_match import WantedColours
from core.search.colour_words import ColourWords
from core.search.evidence import Evidence
from core.search.query_vector import MOST_CHARACTERS, language_read
from core.search.query_words import QueryWords
from core.search.short_queries import (
    ENGLISH,
    are_english_goods,
    are_english_words,
    query_language,
)
from core.search.translation import Translation
from core.search.word_counts import WordCounts
from core.search.word_families import WordFamilies
from core.search.word_match import WordMatcher
from core.search.words import content_words

#: Share of a query's words from which an item has them.
SAID = 0.9


class QueryReader:
    """Reads queries for one catalogue.

    Args:
        counts: The words of the catalogue.
        folder: Folder of the word lists.
    """

    def __init__(self, counts: WordCounts, folder: Path) -> None:
        self._counts, self._folder = counts, folder

    @property
    def nouns(self) -> TitleNouns:
        """The English word lists."""
        return _nouns(self._folder)

    def in_english(self, query: Query, encoder: Encoder) -> tuple[str, Query]:
        """Return the language of a query whose words are all on the lists, and it in English.

        The language is empty, and the query as it was, where a word is on no list, where the
        words are English or stand in the catalogue, where its items are in another language, and
        where something is excluded.
        """
        text = query.text.strip()
        if not text or query.minus or query.language == ENGLISH:
            return "", query
        if self._counts.language != ENGLISH:
            return "", query
        words = content_words(text)
        if not words or self._counts.have(words):
            return "", query
        if not query.language and are_english_goods(words, self.nouns):
            return "", query
        translation = _translation(self._folder)
        languages = (query.language,) if query.language else self._likely(text, encoder)
        stems = bool(query.language) or not are_english_words(words, self.nouns)
        for language in languages:
            english = translation.english(text, language, stems=stems)
            if english:
                return language, replace(query, text=english, language=ENGLISH)
        return "", query

    def _likely(self, text: str, encoder: Encoder) -> list[str]:
        """Return the languages of the lists, that which the encoder reads first."""
        languages = _translation(self._folder).languages
        read = encoder.language_of(text) if isinstance(encoder, ReadsLanguages) else ""
        likely = probabilities(text, languages)
        return sorted(languages, key=lambda language: (language != read, -likely[language]))

    def read(self, query: Query, encoder: Encoder) -> tuple[str, Query]:
        """Return the language of a query's words, and the query, with it if it is decided here."""
        if query.language or not query.text.strip():
            return language_read(query, encoder), query
        text = query.text.strip()[:MOST_CHARACTERS]
        language, own = query_language(text, encoder, self._counts, self.nouns)
        return language, replace(query, language=language) if own else query

    def without_colours(self, query: Query, language: str) -> Query:
        """Return a query in another language with its thing alone: colours are compared apart."""
        if language in ("", ENGLISH):
            return query
        rest = _colour_words(self._folder).without(query.text)
        if not rest or rest == query.text:
            return query
        return replace(query, text=rest, language=language)

    def is_foreign(
        self, language: str, words: QueryWords | None, evidence: Sequence[Evidence]
    ) -> bool:
        """Tell whether only vectors tell what is close: see ``Gathered.foreign``."""
        if words is None or language in ("", ENGLISH):
            return False
        english = all(word.isascii() and self.nouns.is_known_word(word) for word in words.words)
        return not english and not any(match.words.cover > SAID for match in evidence)

    def matcher(self, words: QueryWords, unwanted: str, language: str) -> WordMatcher:
        """Return what compares items' words with the query's."""
        families = _families(self._folder) if unwanted else None
        rarity = self._counts.rarity(words.words)
        named = _colour_words(self._folder)
        colours = WantedColours(words, named, foreign=language not in ("", ENGLISH))
        return WordMatcher(words, unwanted, rarity, self.nouns, families, colours)


@cache
def _translation(folder: Path) -> Translation:
    return Translation(folder, _colour_words(folder))


@cache
def _nouns(folder: Path) -> TitleNouns:
    return TitleNouns(folder)


@cache
def _colour_words(folder: Path) -> ColourWords:
    return ColourWords(folder, _nouns(folder).things)


@cache
def _families(folder: Path) -> WordFamilies:
    return WordFamilies(folder, _nouns(folder).things)
