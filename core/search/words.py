"""Find the words that a query and an item share, as a reason for people."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\w+")

#: Stop words; full-text search leaves them out, too.
_STOP = frozenset(
    {
        *("a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is"),
        *("it", "no", "not", "of", "on", "or", "such", "that", "the", "their", "then", "there"),
        *("these", "they", "this", "to", "was", "will", "with"),
    }
)

#: Longest query text for full-text search, characters; the limit bounds the work.
MAX_LENGTH = 400


def clipped(text: str) -> str:
    """Cut a query text to ``MAX_LENGTH``; return an empty text if only stop words are left."""
    text = text[:MAX_LENGTH]
    return text if content_words(text) else ""


def content_words(text: str) -> list[str]:
    """Return the words of a text without stop words, in lower case, in order, without repeats."""
    words = (word.casefold() for word in _TOKEN.findall(text))
    return list(dict.fromkeys(word for word in words if word not in _STOP))


def shared(query: str, text: str) -> list[str]:
    """Return the words of a query that a text has; singular and plural count as equal."""
    stems = {_stem(word) for word in content_words(text)}
    return [word for word in content_words(query) if _stem(word) in stems]


def _stem(word: str) -> str:
    for ending, least in (("es", 5), ("s", 4), ("e", 5)):
        if len(word) >= least and word.endswith(ending) and not word.endswith("ss"):
            return word[: -len(ending)]
    return word
