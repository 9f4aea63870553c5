"""Queries for a judgment set: typed or pasted lines, CSV files, query logs, sampled items."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from core.domain import JudgmentQuery
from core.errors import JudgmentError
from core.judging.pool import shuffled

LONGEST_QUERY = 500
#: Names that the columns go by, lower case.
_TEXT = ("query", "query_text", "text", "q", "search", "search_term", "keywords", "term")
_COUNT = ("count", "frequency", "freq", "searches", "volume", "hits")
_ITEM = "item:"


def parse_lines(lines: str) -> tuple[JudgmentQuery, ...]:
    """Queries from text, one per line; ``item:<id>`` asks for items similar to that one."""
    return numbered(_query(line) for line in lines.splitlines())


def numbered(queries: Iterable[JudgmentQuery]) -> tuple[JudgmentQuery, ...]:
    """The queries, each once and none empty, with ids ``q1``, ``q2`` … in their order."""
    kept = dict.fromkeys(
        replace(query, query_id="") for query in queries if query.text or query.item_id
        or query.picture
    )  # fmt: skip
    return tuple(replace(query, query_id=f"q{n}") for n, query in enumerate(kept, 1))


def read_file(path: Path, limit: int = 0) -> tuple[JudgmentQuery, ...]:
    """Queries from a CSV or TSV file, or a log with one query per line.

    A CSV needs a column named like ``query`` or ``text``; with a column like ``count``, or where
    queries repeat (a log), the most frequent come first.

    Args:
        path: The file, UTF-8.
        limit: Keep this many of the most frequent; 0 keeps all.

    Raises:
        JudgmentError: The file can't be read, or no column holds queries.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise JudgmentError(f"{path.name} can't be read as UTF-8 text: {error}.") from None
    rows = _table(text, path) if path.suffix.lower() in {".csv", ".tsv"} else _lines(text)
    counts: Counter[str] = Counter()
    for query, times in rows:
        if query.strip():
            counts[query.strip()[:LONGEST_QUERY]] += times
    ranked = [query for query, _ in counts.most_common()]  # ties keep the file's order
    if not ranked:
        raise JudgmentError(f"There are no queries in {path.name}.")
    return numbered(_query(line) for line in (ranked[:limit] if limit else ranked))


def similar_item_queries(
    kinds: Mapping[str, str], count: int, seed: str
) -> tuple[JudgmentQuery, ...]:
    """A seeded sample of items to ask "what is similar?" about, spread over the product types.

    Args:
        kinds: Product type (or whatever the sample is to be spread over) by item id.
        count: How many.
        seed: The same seed draws the same items.
    """
    groups: dict[str, list[str]] = {}
    for item_id, kind in kinds.items():
        groups.setdefault(kind, []).append(item_id)
    decks = [
        shuffled(sorted(groups[name]), f"{seed}/{name}") for name in shuffled(sorted(groups), seed)
    ]
    deepest = max(map(len, decks), default=0)
    dealt = [deck[turn] for turn in range(deepest) for deck in decks if turn < len(deck)]
    return tuple(JudgmentQuery("", item_id=item_id) for item_id in dealt[:count])


def _query(line: str) -> JudgmentQuery:
    line = line.strip()
    if line.lower().startswith(_ITEM):
        return JudgmentQuery("", item_id=line[len(_ITEM) :].strip())
    return JudgmentQuery("", text=line[:LONGEST_QUERY])


def _lines(text: str) -> list[tuple[str, int]]:
    return [(line, 1) for line in text.splitlines()]


def _table(text: str, path: Path) -> list[tuple[str, int]]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(text)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    columns = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
    words = next((columns[name] for name in _TEXT if name in columns), None)
    if words is None:
        if len(columns) == 1:  # one column without a known name: a plain list
            return _lines(text)
        raise JudgmentError(
            f"{path.name} has no column named {', '.join(_TEXT[:4])} …; "
            f"it has: {', '.join(columns) or 'none'}."
        )
    number = next((columns[name] for name in _COUNT if name in columns), None)
    try:
        return [(row[words] or "", _times(row[number]) if number else 1) for row in reader]
    except csv.Error as error:
        raise JudgmentError(f"{path.name} can't be read as CSV: {error}.") from None


def _delimiter(text: str) -> str:
    head = text.split("\n", 1)[0]
    return max(",;\t", key=head.count)


def _times(value: str | None) -> int:
    try:
        return max(int(float(value or 0)), 0)
    except (ValueError, OverflowError):
        return 1
