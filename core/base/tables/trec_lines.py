"""TREC's text files: lines of qrels among other tables, and topics (the words of queries)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from core.base.tables.text_lines import Line

#: Second column of qrels: an iteration, which nobody uses, or ``Q0``.
_ITERATION = re.compile(r"[Qq]?[0-9]+")
#: Where a topic begins: ``<top>`` of the ad hoc tracks, ``<topic number="1">`` of later ones.
_BEGIN = re.compile(r"<(?=top>|topic\b)", re.IGNORECASE)
_END = re.compile(r"</topi?c?>", re.IGNORECASE)
_NUMBER = re.compile(r"<num>\s*(?:number\s*:\s*)?([^\s<]+)", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"\b(?:number|num|id)\s*=\s*[\"']([^\"']+)", re.IGNORECASE)
#: The words that a person would type; a tag ends them, closing or not.
_WORDS = re.compile(r"<(?:title|query)>\s*(?:topic\s*:)?([^<]*)", re.IGNORECASE)
_HEAD = re.compile(r"\s*(?:<\?xml[^>]*\?>\s*)?<top(?:ics?\b|>)", re.IGNORECASE)


def is_qrels_line(text: str) -> bool:
    """Tell whether a line is ``query 0 item grade``, and so no row of column names."""
    cells = text.split()
    return len(cells) == 4 and _ITERATION.fullmatch(cells[1]) is not None


def is_topics(lines: Iterable[Line]) -> bool:
    """Tell whether the first lines of a file are those of TREC topics."""
    return _HEAD.match("\n".join(line.text for line in lines)) is not None


def topics(lines: Iterable[Line]) -> Iterator[tuple[str, str]]:
    """Yield the number and the words of each topic: its title, its query, or all of its text."""
    text = "\n".join(line.text for line in lines)
    for part in _BEGIN.split(text)[1:]:
        tag, _, body = _END.split(part)[0].partition(">")
        number = _ATTRIBUTE.search(tag) or _NUMBER.search(body)
        words = _WORDS.search(body)
        query = words.group(1) if words else "" if "<" in body else body
        if number and query.strip():
            yield html.unescape(number.group(1)).strip(), " ".join(html.unescape(query).split())
