"""Say counts and lists in English: `1 row`, `3 rows`, `2 matches`, `1 category`, `1, 2 and 3`."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Nouns with a plural of their own.
_IRREGULAR = {"person": "people", "child": "children", "vertex": "vertices"}


def plural(word: str) -> str:
    """Return the plural of an English noun; of a phrase, that of its last word."""
    start, _, last = word.rpartition(" ")
    if last in _IRREGULAR:
        return f"{start} {_IRREGULAR[last]}".strip()
    if re.search(r"(?:s|x|z|ch|sh)$", word):
        return word + "es"
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + "s"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 match``, ``3 matches``, ``2,000 items``."""
    return f"{count:,} {noun if count == 1 else plural(noun)}"


def verb(count: int, singular: str, several: str) -> str:
    """Return the verb that goes with a count: ``verb(1, "is", "are")`` gives ``is``."""
    return singular if count == 1 else several


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
