"""Forms of a name in another language, so that inflected and quickly typed words are found."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

import snowballstemmer

from core.base.word_list import read_word_list

#: Languages whose words may stand together without blanks.
UNSPACED = ("ja", "zh", "ko", "th")

_STEMMERS = {
    "ar": "arabic", "de": "german", "es": "spanish", "fr": "french", "it": "italian",
    "nl": "dutch", "pl": "polish", "pt": "portuguese", "ru": "russian", "tr": "turkish",
}  # fmt: skip
#: Endings that stemmers leave, and what a name has in their place: plural and "its" in Turkish, an
#: Arabic plural, the plural of Polish and Russian names in "-ka" behind a number or "of".
_ENDINGS = {
    "tr": (re.compile("(?<=...)(?:l[ae]r[ıi]?|s[ıiuü])$"), ""),
    "ar": (re.compile("(?<=...)ات$"), "ة"),
    "pl": (re.compile("(?<=..[^aeiouyąęó])ek$"), "ka"),
    "ru": (re.compile("(?<=..[^аеёиоуыэюя])[еёо]к$"), "ка"),
}
_ALPHABETIC = re.compile("[a-zÀ-ÿĀ-ſЀ-ӿ]")
#: Letters that people type as others, beside those with accents.
_TYPED_AS = str.maketrans(
    {"ł": "l", "ı": "i", "ø": "o", "œ": "oe", "æ": "ae", "أ": "ا", "إ": "ا", "آ": "ا"}
    | {"ى": "ي", "ة": "ه"}
)
#: Hiragana of the same sound by katakana: "イス" and "いす" are chairs.
_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
_LONG_VOWEL = "ー"
#: Pairs of a traditional Chinese character and the simplified one.
_TRADITIONAL = Path(__file__).parents[2] / "data" / "vocabularies" / "traditional_chinese.txt"


def name_forms(name: str, language: str, *, stems: bool = True) -> tuple[str, ...]:
    """Return the forms under which a name is found, the surest first.

    The name itself, without accents, and its stems, so that "Schal" is no "Schale"; in a language
    without blanks, the name without blanks in its usual characters, in Japanese without a last long
    vowel, too.
    """
    words = folded(name.strip(" .,;")).split()
    if language in UNSPACED:
        joined = usual_characters("".join(words), language)
        short = joined.removesuffix(_LONG_VOWEL)
        return (joined, short) if language == "ja" and len(short) > 2 else (joined,)
    written = (" ".join(words), " ".join(map(_plain, words)))
    if not stems:
        return written
    return (
        *written,
        " ".join(_plain(_stem(word, language)) for word in words),
        " ".join(_stem(_plain(word), language) for word in words),
    )


def usual_characters(text: str, language: str) -> str:
    """Return a text of as many characters: simplified ones in Chinese, hiragana in Japanese."""
    if language == "zh":
        return text.translate(_simplified())
    return text.translate(_HIRAGANA) if language == "ja" else text


def folded(text: str) -> str:
    """Return a text in small letters of the usual width."""
    # NFKC takes the Thai vowel am apart, which lists write as one letter.
    return unicodedata.normalize("NFKC", text).casefold().replace("\u0e4d\u0e32", "\u0e33")


def _plain(word: str) -> str:
    """Return a word of Latin, Cyrillic or Arabic letters without accents; others as they are."""
    word = word.translate(_TYPED_AS)
    if not _ALPHABETIC.match(word):
        return word
    letters = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@lru_cache(maxsize=16_384)
def _stem(word: str, language: str) -> str:
    name = _STEMMERS.get(language)
    if name is None:
        return word
    if language in _ENDINGS:
        ending, instead = _ENDINGS[language]
        word = ending.sub(instead, word)
    # A stemmer keeps the word that it works on, so that threads must not share one.
    return str(snowballstemmer.stemmer(name).stemWord(word))


@cache
def _simplified() -> dict[int, str]:
    pairs = " ".join(read_word_list(_TRADITIONAL)).split()
    return {ord(pair[0]): pair[1] for pair in pairs}
