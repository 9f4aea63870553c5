"""Stop words of all languages, from `data/vocabularies/stop_words.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).parents[2] / "data" / "vocabularies" / "stop_words.toml"


@cache
def stop_words() -> frozenset[str]:
    """Return the stop words in lower case.

    One list serves all items, because a query has too few words to tell its language: words that
    mean something in another language of shops are not in it.
    """
    lists: dict[str, str] = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return frozenset(word for words in lists.values() for word in words.split())
