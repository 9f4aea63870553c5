"""Read judgments for learning to rank: ``3 qid:1 1:0.5 # item`` (RankLib, SVM-rank, LETOR).

The words of the queries stand in comments before (``# qid:1: red lamp``), as the demos of
Elasticsearch Learning to Rank have them, or after each item, as Quepid writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import dropwhile, islice

from core.base.tables import Line
from core.domain import JudgmentQuery
from core.judging.judgment_rows import File, Rejected, Row, file_of, graded

_JUDGED = re.compile(r"(\S+)\s+qid:([^\s#]+)([^#]*)(?:#\s*(.*))?")
_NAMED = re.compile(r"#\s*qid:([^\s:]+):\s*(.*)")
_QUOTED = re.compile(r'(\S+); "(.*)"')
_WEIGHT = re.compile(r"\*[0-9]+(\.[0-9]+)?$")
#: Comments before the first judgment.
_HEAD = 100_000


def is_rank_lines(lines: Iterable[Line]) -> bool:
    """Tell whether the first line that is no comment is a judgment for learning to rank."""
    head = islice(lines, _HEAD)
    first = next(dropwhile(lambda line: not _content(line.text), head), None)
    return first is not None and _JUDGED.match(_content(first.text)) is not None


def rank_rows(lines: Iterable[Line]) -> File:
    """Read the judgments of a file's lines."""
    named: dict[str, str] = {}
    judged: list[tuple[int, str, str, str, str]] = []
    rejected: list[Row | Rejected] = []
    for line in lines:
        text = line.text.strip()
        if line.problem:
            rejected.append(Rejected(line.number, f"can't be read: {line.problem}"))
        elif name := _NAMED.fullmatch(text):
            named[name[1]] = name[2].strip()
        elif _content(text):
            parts = _JUDGED.fullmatch(text)
            if parts is None:
                rejected.append(Rejected(line.number, "is not “grade qid:1 # item”"))
            else:
                judged.append((line.number, parts[1], parts[2], *_item(parts[4] or "")))
    if named and all(_WEIGHT.search(words) for words in named.values()):
        named = {query_id: _WEIGHT.sub("", words).strip() for query_id, words in named.items()}
    behind = _same_words([(query_id, words) for _, _, query_id, _, words in judged])
    words_of = named or behind
    rows = (
        graded(number, JudgmentQuery(query_id, words_of.get(query_id, "")), item, grade)
        for number, grade, query_id, item, _ in judged
    )
    file = file_of("judgments for learning to rank", (*rejected, *rows))
    note = "The words after the items were taken for those of the queries."
    return replace(file, notes=(note,)) if behind and not named else file


def _content(text: str) -> str:
    return "" if text.lstrip().startswith("#") else text.strip()


def _item(text: str) -> tuple[str, str]:
    """Return the item and the words after it: ``l1 red lamp``, or ``l1; "red lamp"``."""
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        return quoted[1], quoted[2]
    item, _, words = text.partition(" ") if "\t" not in text else text.partition("\t")
    return item.strip(), words.strip()


def _same_words(given: list[tuple[str, str]]) -> dict[str, str]:
    """Return the words of each query where they are the same on all of its lines.

    Titles of items differ from line to line; one query with two of them says that all are titles.
    """
    words: dict[str, str] = {}
    for query_id, text in given:
        if words.setdefault(query_id, text) != text:
            return {}
    repeated = len(given) > len(words)
    return words if repeated and all(words.values()) else {}
