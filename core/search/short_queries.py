"""Decide which language a short query is in: one or two words rarely tell it alone."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from core.base.languages import probabilities
from core.base.title_nouns import TitleNouns
from core.base.word_list import read_word_list
from core.base.word_lists import is_common_english, languages_with
from core.ports.encoder import Encoder, ReadsLanguages
from core.search.word_counts import WordCounts
from core.search.words import content_words

#: Queries of more words tell their language themselves.
MOST_WORDS = 3
ENGLISH = "en"
#: Probability of another language from which on English word lists don't count: "fauteuil" is in
#: them, too.
SURE = 0.5
_ENGLISH_FIRST = Path(__file__).parents[2] / "data" / "vocabularies" / "english_first.txt"


def query_language(
    text: str, encoder: Encoder, counts: WordCounts, nouns: TitleNouns
) -> tuple[str, bool]:
    """Return the language of a query, and whether it differs from the encoder's own reading.

    Words that stand in the catalogue are in the catalogue's language; words that English word lists
    have are English. The language is empty where the encoder reads one only.
    """
    if not isinstance(encoder, ReadsLanguages) or not text:
        return "", False
    read = encoder.language_of(text)
    words = content_words(text)
    if not words or len(text.split()) > MOST_WORDS:
        return read, False
    if counts.have(words):
        own = counts.language
        language = own if own in encoder.languages else ENGLISH
    elif are_english(text, words, encoder.languages, nouns):
        language = ENGLISH
    else:
        language = read
    return language, language != read


def are_english(text: str, words: list[str], languages: tuple[str, ...], nouns: TitleNouns) -> bool:
    """Tell whether a query is English.

    English words of shops are; others that English word lists have are where no other language is
    more likely.
    """
    if are_english_goods(words, nouns):
        return True
    likely = probabilities(text, languages)
    if any(share >= SURE for language, share in likely.items() if language != ENGLISH):
        return False
    return all(word.isascii() and nouns.is_known_word(word) for word in words)


def are_english_goods(words: list[str], nouns: TitleNouns) -> bool:
    """Tell whether English shoppers use these words, whatever they mean elsewhere: "pan", "gilet".

    One must be of English goods, each other one said often: "grand piano".
    """
    if " ".join(words) in _english_first():
        return True
    goods = [_is_english_goods(word, nouns) for word in words]
    return any(goods) and all(
        is_goods or (word.isascii() and is_common_english(word))
        for is_goods, word in zip(goods, words, strict=True)
    )


def are_english_words(words: list[str], nouns: TitleNouns) -> bool:
    """Tell whether English word lists have all words, however seldom they are said."""
    return all(
        word.isascii() and (nouns.is_known_word(word) or ENGLISH in languages_with(word))
        for word in words
    )


def _is_english_goods(word: str, nouns: TitleNouns) -> bool:
    if not word.isascii():
        return False
    forms = (word, word.removesuffix("s"), word.removesuffix("es"))
    if any(form in _english_first() for form in forms):
        return True
    return nouns.is_known_word(word) and (
        not word.isalpha() or any(is_common_english(form) for form in forms)
    )


@cache
def _english_first() -> frozenset[str]:
    return frozenset(read_word_list(_ENGLISH_FIRST))
