"""Read the words of a query: what is wanted, what is not wanted, and the noun that names it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.base.languages import language_of
from core.base.title_nouns import TitleNouns
from core.search.words import MAX_LENGTH, UNSPACED, content_words, stem

#: Words that exclude what comes after them, up to the next part of the query.
_WITHOUT = re.compile(
    r"(?<=\S)\s+(?:(?:and|but)\s+)?(?:without|w/o|with\s+no|no|not|except(?:\s+for)?|excluding|ohne|senza|"
    r"zonder|sans|sin|sem)\s+(?:an?\s+|any\s+|the\s+)?(?P<unwanted>[^\W\d_][^,;]*?)"
    r"(?=$|[,;]|\s+(?:(?:and\s+)?with|(?:and\s+|or\s+)?without|but|for|in)\s)",
    re.I,
)
#: Excluding words that are also words or names in English.
_SPOKEN = {"sans": "fr", "sin": "es", "sem": "pt"}
_JOINED = re.compile(r"\s+(?:and|or|nor)\s+", re.I)
#: Least probability of the language whose excluding word is also an English word or a name.
_SURE = 0.45
#: "portrait of a woman": the noun stands before.
_OF = re.compile(r"\s+of\s+", re.I)


@dataclass(frozen=True, slots=True)
class QueryWords:
    """The words of a query.

    Attributes:
        wanted: The text to look for.
        unwanted: What the text excludes; empty if nothing.
        words: Content words of ``wanted``, in lower case, in order.
        head: Stem of the noun that names what is wanted; empty if unknown.
    """

    wanted: str
    unwanted: str
    words: tuple[str, ...]
    head: str


def read(text: str, nouns: TitleNouns) -> QueryWords:
    """Read a query's text: "metal chair without cushion" wants a metal chair, and no cushion."""
    text = text.strip()
    wanted, unwanted = split(text[:MAX_LENGTH])
    if not unwanted:
        wanted = text
    words = content_words(wanted[:MAX_LENGTH])
    return QueryWords(wanted, unwanted, tuple(words), _head(wanted[:MAX_LENGTH], words, nouns))


def split(text: str) -> tuple[str, str]:
    """Split a text into what it wants and what it excludes; either may be empty."""
    excluded: list[str] = []

    def take(match: re.Match[str]) -> str:
        spoken = _SPOKEN.get(match.group().split()[0].casefold())
        language, probability = language_of(text)
        if spoken and (language != spoken or probability < _SURE):
            return match.group()
        excluded.extend(part.strip() for part in _JOINED.split(match["unwanted"]))
        return " "

    wanted = re.sub(r"\s+", " ", _WITHOUT.sub(take, text)).strip(" ,;")
    if not content_words(wanted):
        return text, ""
    return wanted, ", ".join(excluded)


def _head(wanted: str, words: list[str], nouns: TitleNouns) -> str:
    before = nouns.head(_OF.split(wanted, maxsplit=1)[0])
    noun = content_words(before or nouns.head(wanted))
    if noun:
        return stem(noun[-1])
    alone = len(words) == 1 and not UNSPACED.search(words[0])
    return stem(words[0]) if alone else ""
