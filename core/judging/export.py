"""Judgments as files: TREC qrels and CSV."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from core.domain import EventKind, JudgmentEvent, JudgmentSet
from core.errors import JudgmentError
from core.judging.aggregation import DEFAULT_RULE, aggregate

FORMATS = ("qrels", "csv")

_COLUMNS = (
    "set_id", "query_id", "query_text", "query_item_id", "item_id", "annotator", "kind", "grade",
    "note", "at", "seconds", "event_id",
)  # fmt: skip


def write(
    judgment_set: JudgmentSet,
    events: Iterable[JudgmentEvent],
    target: Path,
    format: str,
    rule: str = DEFAULT_RULE,
) -> Path:
    """Write the current labels of a set.

    Args:
        judgment_set: The set.
        events: Its current labels.
        target: File to write; a half-written file never stands under this name.
        format: ``qrels`` (one grade per pair) or ``csv`` (every annotator's label).
        rule: How several annotators' grades become one in qrels (``core.judging.aggregation``).

    Raises:
        JudgmentError: The format or rule is unknown, the file can't be written, or an id does not
            fit into the format.
    """
    if format not in FORMATS:
        raise JudgmentError(f"There is no format “{format}”; there are: {', '.join(FORMATS)}.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            if format == "qrels":
                _write_qrels(aggregate(events, rule), partial)
            else:
                _write_csv(judgment_set, list(events), partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise JudgmentError(f"{target} can't be written: {error.strerror}.") from None
    return target


def _write_qrels(grades: Mapping[tuple[str, str], int], target: Path) -> None:
    """``query_id 0 item_id grade``, one line per judged pair."""
    lines = []
    for (query_id, item_id), grade in sorted(grades.items()):
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
                repr(event.seconds), event.event_id,
            )  # fmt: skip
            writer.writerow([_harmless(value) for value in row])


#: A cell that starts like this is run as a formula by spreadsheets; an apostrophe prevents it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def _harmless(value: object) -> object:
    """Text that a spreadsheet would run gets an apostrophe in front (and so does one with one)."""
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value


def _restored(value: str) -> str:
    return value[1:] if value.startswith("'") else value


def read_csv(source: Path) -> list[JudgmentEvent]:
    """Read labels back from what ``write`` made as CSV; nothing is lost on the way.

    Raises:
        JudgmentError: The file can't be read, or a line is no label; the sentence names the line.
    """
    try:
        with source.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = set(_COLUMNS) - set(reader.fieldnames or ())
            if missing:
                raise JudgmentError(f"{source} lacks the columns {', '.join(sorted(missing))}.")
            return [_label(row, source, reader.line_num) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise JudgmentError(f"{source} can't be read as CSV: {error}.") from None


def _label(row: Mapping[str, str | None], source: Path, line: int) -> JudgmentEvent:
    cells = {name: _restored(row.get(name) or "") for name in _COLUMNS}
    try:
        return JudgmentEvent(
            event_id=cells["event_id"],
            kind=EventKind(cells["kind"]),
            set_id=cells["set_id"],
            query_id=cells["query_id"],
            item_id=cells["item_id"],
            annotator=cells["annotator"],
            grade=int(cells["grade"]) if cells["grade"] else None,
            note=cells["note"],
            at=datetime.fromisoformat(cells["at"]),
            seconds=float(cells["seconds"]),
        )
    except ValueError as error:
        raise JudgmentError(f"{source}, line {line} is no label: {error}.") from None


def read_qrels(source: Path) -> dict[tuple[str, str], int]:
    """Read TREC qrels: ``{(query_id, item_id): grade}``.

    Raises:
        JudgmentError: The file can't be read, or a line is not ``query 0 item grade``.
    """
    grades: dict[tuple[str, str], int] = {}
    try:
        lines = source.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise JudgmentError(f"{source} can't be read: {error}.") from None
    for number, line in enumerate(lines, 1):
        cells = line.split()
        if not cells:
            continue
        try:
            query_id, _, item_id, grade = cells
            grades[(query_id, item_id)] = int(grade)
        except ValueError:
            raise JudgmentError(f"{source}, line {number} is not “query 0 item grade”.") from None
    return grades
