"""Queries for a judgment set: typed or pasted lines, CSV files, query logs, sampled items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

from core.base.tables import FileReport, Reading, Table, open_lines, open_table
from core.domain import JudgmentQuery
from core.errors import JudgmentError
from core.judging.pool import shuffled

LONGEST_QUERY = 500
#: Accepted names of the columns, in lower case.
_TEXT = ("query", "query_text", "text", "q", "search", "search_term", "keywords", "term")
_COUNT = ("count", "frequency", "freq", "searches", "volume", "hits")
_ITEM = "item:"
#: Endings of files with columns; all other files have a query per line.
_TABLES = {".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".gz"}


def parse_lines(lines: str) -> tuple[JudgmentQuery, ...]:
    """Parse queries, one per line; ``item:<id>`` asks for items similar to that item."""
    return numbered(_query(line) for line in lines.splitlines())


def numbered(queries: Iterable[JudgmentQuery]) -> tuple[JudgmentQuery, ...]:
    """Number the queries ``q1``, ``q2`` …; drop repeated and empty ones."""
    kept = dict.fromkeys(
        replace(query, query_id="") for query in queries if query.text or query.item_id
        or query.picture
    )  # fmt: skip
    return tuple(replace(query, query_id=f"q{n}") for n, query in enumerate(kept, 1))


def read_file(
    path: Path, limit: int = 0, report: FileReport | None = None
) -> tuple[JudgmentQuery, ...]:
    """Read queries from a CSV or TSV file, or a log with a query per line.

    A CSV needs a column named like ``query`` or ``text``; with a column like ``count``, or where
    queries repeat (a log), the most frequent come first.

    Args:
        path: The file.
        limit: Keep this many of the most frequent; 0 keeps all.
        report: Receives notes on guesses and the rows that were left out.

    Raises:
        JudgmentError: The file can't be read, none of its rows can, or no column holds queries.
    """
    reading, taken = Reading(path.name, report), 0
    rows = (_table if path.suffix.lower() in _TABLES else _lines)(path, reading)
    counts: Counter[str] = Counter()
    for query, times in rows:
        if query.strip():
            taken += 1
            counts[query.strip()[:LONGEST_QUERY]] += times
    ranked = [query for query, _ in counts.most_common()]  # ties keep the file's order
    if not ranked:
        raise JudgmentError(f"There are no queries in {path.name}{reading.why()}.")
    reading.end(taken)
    return numbered(_query(line) for line in (ranked[:limit] if limit else ranked))


def similar_item_queries(
    kinds: Mapping[str, str], count: int, seed: str
) -> tuple[JudgmentQuery, ...]:
    """Draw a seeded sample of items as queries, spread over the product types.

    Args:
        kinds: Product type (or another value to spread the sample over) by item id.
        count: Number of items.
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


def _lines(path: Path, reading: Reading) -> Iterator[tuple[str, int]]:
    file = open_lines(path, JudgmentError)
    reading.guessed(file.notes)
    for line in file.lines():
        if line.problem:
            reading.leave_out(f"line {line.number}", "", line.problem)
        else:
            yield line.text, 1


def _table(path: Path, reading: Reading) -> Iterable[tuple[str, int]]:
    table = open_table(path, JudgmentError)
    columns = {name.strip().lower(): name for name in table.columns}
    words = next((columns[name] for name in _TEXT if name in columns), None)
    if table.format == "CSV" and len(columns) == 1:  # a plain list; a comma belongs to the query
        return islice(_lines(path, reading), 0 if words is None else 1, None)
    if words is None:
        raise JudgmentError(
            f"{path.name} has no column named {', '.join(_TEXT[:4])} …; "
            f"it has: {', '.join(columns) or 'none'}."
        )
    number = next((columns[name] for name in _COUNT if name in columns), None)
    reading.guessed(table.notes)
    return _counted(table, words, number, reading)


def _counted(
    table: Table, words: str, number: str | None, reading: Reading
) -> Iterator[tuple[str, int]]:
    for row in table.rows():
        if row.problem:
            reading.leave_out(f"row {row.number}", "", row.problem)
            continue
        query, times = row.cells.get(words), row.cells.get(number) if number else 1
        yield "" if query is None else str(query), _times(str(times))


def _times(value: str | None) -> int:
    try:
        return max(int(float(value or 0)), 0)
    except (ValueError, OverflowError):
        return 1
