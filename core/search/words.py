"""Find the words that a query and an item share, as a reason for people."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

from core.base.stop_words import stop_words
from core.base.word_list import read_word_list

#: Vowel signs and accents, which belong to the word that they stand in.
_MARKS = "".join(
    chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code))[0] == "M"
)
_TOKEN = re.compile(rf"\w[\w{_MARKS}\u200c\u200d]*")
#: Scripts without blanks between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
_CHINESE = re.compile("[\u3400-\u9fff\uf900-\ufaff]")

#: Names of one thing: the first name of a line stands for the others.
_SAME_THINGS = Path(__file__).parents[2] / "data" / "vocabularies" / "same_things.txt"

#: Longest query text for full-text search, characters; the limit bounds the work.
MAX_LENGTH = 400


def clipped(text: str) -> str:
    """Cut a query text to ``MAX_LENGTH``; return an empty text if only stop words are left."""
    text = text[:MAX_LENGTH]
    return text if content_words(text) else ""


def content_words(text: str) -> list[str]:
    """Return the words of a text without stop words, in lower case, in order, without repeats.

    A name of several words becomes the first name of the thing: "t-shirt" becomes "tee".
    """
    pattern, names = _phrases()
    text = pattern.sub(lambda match: names[match[1]], text.casefold())
    words = _TOKEN.findall(text)
    return list(dict.fromkeys(word for word in words if word not in stop_words()))


def shared(query: str, text: str) -> list[str]:
    """Return the words of a query that a text has; singular and plural count as equal.

    Where a script has no blanks between words, the longest common parts count as words.
    """
    stems = {stem(word) for word in content_words(text)}
    flat = text.casefold()
    words: dict[str, None] = {}
    for word in content_words(query):
        if stem(word) in stems:
            words[word] = None
        elif UNSPACED.search(word):
            words |= dict.fromkeys(parts(word, flat))
    return list(words)


def parts(word: str, text: str) -> list[str]:
    """Return the longest parts of a word that a text has; two Chinese characters or three letters.

    Quadratic in the length of the word, which is bounded by ``MAX_LENGTH``.
    """
    parts, at = [], 0
    while at < len(word):
        end = at
        while end < len(word) and word[at : end + 1] in text:
            end += 1
        part = word[at:end]
        least = 2 if _CHINESE.search(part) or len(word) < 3 else 3
        if len(part) >= min(least, len(word)) and part not in stop_words():
            parts.append(part)
            at = end
        else:
            at += 1
    return parts


def stem(word: str) -> str:
    """Return a word without its plural's ending, so that singular and plural are equal.

    Names of one thing have one stem: "couch" has that of "sofa".
    """
    plain = _stem(word)
    return _same_stems().get(plain, plain)


def _stem(word: str) -> str:
    for ending, least in (("es", 5), ("s", 4), ("e", 5)):
        if len(word) >= least and word.endswith(ending) and not word.endswith("ss"):
            return word[: -len(ending)]
    return word


@cache
def _same_things() -> tuple[tuple[str, ...], ...]:
    lines = read_word_list(_SAME_THINGS)
    return tuple(tuple(name.strip() for name in line.split(",")) for line in lines)


@cache
def _same_stems() -> dict[str, str]:
    """Return the stem of the first name by that of each other name of one word."""
    return {
        _stem(name): _stem(first)
        for first, *others in _same_things()
        for name in others
        if _TOKEN.fullmatch(name)
    }


@cache
def _phrases() -> tuple[re.Pattern[str], dict[str, str]]:
    """Return a pattern of the names of several words, and the first name by each."""
    names = {
        name: first
        for first, *others in _same_things()
        for name in others
        if not _TOKEN.fullmatch(name)
    }
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})s?\b"), names
