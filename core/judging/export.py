"""Judgments as files: TREC qrels and CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from statistics import median_low

from core.domain import EventKind, JudgmentEvent, JudgmentSet
from core.errors import JudgmentError

FORMATS = ("qrels", "csv")
#: How the grades of several annotators become one in qrels.
AGGREGATION = "median_low"

_COLUMNS = (
    "set_id", "query_id", "query_text", "query_item_id", "item_id", "annotator", "kind", "grade",
    "note", "at", "seconds", "event_id",
)  # fmt: skip


def write(
    judgment_set: JudgmentSet, events: Iterable[JudgmentEvent], target: Path, format: str
) -> Path:
    """Write the current labels of a set.

    Raises:
        JudgmentError: The format is unknown, the file can't be written, or an id does not fit into
            the format.
    """
    writers = {"qrels": _write_qrels, "csv": _write_csv}
    if format not in writers:
        raise JudgmentError(f"There is no format “{format}”; there are: {', '.join(FORMATS)}.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        writers[format](judgment_set, list(events), target)
    except OSError as error:
        raise JudgmentError(f"{target} can't be written: {error.strerror}.") from None
    return target


def aggregate(events: Iterable[JudgmentEvent]) -> dict[tuple[str, str], int]:
    """One grade per pair: the (lower) median of its annotators' grades."""
    grades: dict[tuple[str, str], list[int]] = {}
    for event in events:
        if event.kind is EventKind.GRADE and event.grade is not None:
            grades.setdefault((event.query_id, event.item_id), []).append(event.grade)
    return {pair: int(median_low(values)) for pair, values in grades.items()}


def _write_qrels(judgment_set: JudgmentSet, events: list[JudgmentEvent], target: Path) -> None:
    """``query_id 0 item_id grade``, one line per judged pair."""
    lines = []
    for (query_id, item_id), grade in sorted(aggregate(events).items()):
        if any(character.isspace() for character in query_id + item_id):
            raise JudgmentError(
                f"The id “{item_id}” has a space in it, which TREC qrels can't hold; export CSV."
            )
        lines.append(f"{query_id} 0 {item_id} {grade}\n")
    target.write_text("".join(lines), encoding="utf-8")


def _write_csv(judgment_set: JudgmentSet, events: list[JudgmentEvent], target: Path) -> None:
    """Every annotator's current label, with what it takes to trace it."""
    queries = {pair.query.query_id: pair.query for pair in judgment_set.pairs}
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for event in events:
            query = queries.get(event.query_id)
            row = (
                event.set_id, event.query_id, query.text if query else "",
                query.item_id if query else "", event.item_id, event.annotator, event.kind.value,
                "" if event.grade is None else event.grade, event.note, event.at.isoformat(),
                f"{event.seconds:.3f}", event.event_id,
            )  # fmt: skip
            writer.writerow([_harmless(value) for value in row])


def _harmless(value: object) -> object:
    """Text that a spreadsheet would run as a formula gets an apostrophe in front."""
    if isinstance(value, str) and value[:1] in {"=", "+", "@", "\t", "\r"}:
        return "'" + value
    return value
