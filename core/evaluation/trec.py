"""Read and write runs and qrels in TREC format."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from core.base.tables import FileReport, Reading, open_lines
from core.domain import Qrels, Run
from core.errors import EvaluationError

#: Largest grade: percent is the finest common scale, and measures compute two to the grade.
_LARGEST_GRADE = 100
_Value = TypeVar("_Value", int, float)


def read_qrels(path: Path, report: FileReport | None = None) -> dict[str, dict[str, int]]:
    """Read lines of ``query_id 0 item_id grade``; other lines are left out.

    Args:
        path: A text file in any encoding that tables may have.
        report: Receives notes on guesses and the lines that were left out.

    Raises:
        EvaluationError: The file can't be read, or has no such line.
    """
    qrels: dict[str, dict[str, int]] = {}
    reading = Reading(path.name, report)
    for number, cells in _lines(path, reading, 4, "query_id, 0, item_id and a whole number"):
        query_id, _, item_id, text = cells
        try:
            grade = whole_grade(text)
        except ValueError as problem:
            reading.leave_out(f"line {number}", "grade", str(problem))
            continue
        put_grade(qrels, query_id, item_id, grade, reading, f"line {number}")
    return _ended(qrels, path, reading, "TREC qrels")


def read_run(path: Path, report: FileReport | None = None) -> dict[str, list[tuple[str, float]]]:
    """Read lines of ``query_id Q0 item_id rank score tag``; sort by score, as trec_eval does.

    Args:
        path: A text file in any encoding that tables may have.
        report: Receives notes on guesses and the lines that were left out.

    Raises:
        EvaluationError: The file can't be read, or has no such line.
    """
    run: dict[str, dict[str, float]] = {}
    reading = Reading(path.name, report)
    for number, cells in _lines(path, reading, 6, "query_id, Q0, item_id, rank, score and tag"):
        query_id, _, item_id, _, text, _ = cells
        score = _score(text)
        if not math.isfinite(score):
            reading.leave_out(f"line {number}", "score", f"“{text[:40]}” is no number")
        elif item_id in run.setdefault(query_id, {}):
            problem = f"“{item_id[:80]}” stands twice under the query “{query_id[:80]}”"
            reading.leave_out(f"line {number}", "item_id", f"{problem}; the first counts")
        else:
            run[query_id][item_id] = score
    return {
        query_id: sorted(scores.items(), key=lambda hit: (-hit[1], hit[0]))
        for query_id, scores in _ended(run, path, reading, "a TREC run").items()
        if scores
    }


def whole_grade(text: str) -> int:
    """Parse a grade: ``2``, ``2.0``.

    Raises:
        ValueError: It is not a whole number, or too large; the text is a part of a sentence.
    """
    try:
        grade = float(text)
    except ValueError:
        grade = math.nan
    if not grade.is_integer():
        raise ValueError(f"“{text[:40]}” is no whole number")
    if abs(grade) > _LARGEST_GRADE:
        raise ValueError(f"the grade {text[:40]} is beyond {_LARGEST_GRADE}")
    return int(grade)


def put_grade(
    qrels: dict[str, dict[str, int]],
    query_id: str,
    item_id: str,
    grade: int,
    reading: Reading,
    place: str,
) -> None:
    """Add a grade; a second, different grade of a pair is left out and reported."""
    grades = qrels.setdefault(query_id, {})
    if grades.setdefault(item_id, grade) != grade:
        reading.leave_out(
            place, "item_id",
            f"“{item_id[:80]}” has two grades for the query “{query_id[:80]}”; the first counts",
        )  # fmt: skip


def _lines(path: Path, reading: Reading, width: int, takes: str) -> Iterator[tuple[int, list[str]]]:
    """Yield numbers and cells of the lines with ``width`` cells; report other lines."""
    file = open_lines(path, EvaluationError)
    reading.guessed(file.notes)
    for line in file.lines():
        cells = line.text.split()
        if line.problem:
            reading.leave_out(f"line {line.number}", "", line.problem)
        elif len(cells) == width:
            yield line.number, cells
        elif cells:
            reading.leave_out(f"line {line.number}", "", f"each line takes {takes}")


def _score(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _ended(
    rows: dict[str, dict[str, _Value]], path: Path, reading: Reading, what: str
) -> dict[str, dict[str, _Value]]:
    taken = sum(map(len, rows.values()))
    if reading.count and not taken:
        raise EvaluationError(f"{path.name} can't be read as {what}: {reading.reasons()}.")
    reading.end(taken)
    return rows


def write_qrels(qrels: Qrels, path: Path) -> None:
    """Write ``query_id 0 item_id grade`` lines, sorted."""
    lines = [
        f"{_word(query)} 0 {_word(item)} {grade}\n"
        for query, grades in sorted(qrels.items())
        for item, grade in sorted(grades.items())
    ]
    _write(path, lines)


def write_run(run: Run, path: Path, tag: str) -> None:
    """Write ``query_id Q0 item_id rank score tag`` lines.

    Tools sort by score, and trec_eval holds scores in 32 bits: a score that is not below the one
    before it there is lowered until it is, so that they see the same order.
    """
    lines = [
        f"{_word(query)} Q0 {_word(item)} {rank} {score!s} {_word(tag)}\n"
        for query, hits in sorted(run.items())
        for rank, ((item, _), score) in enumerate(zip(hits, _falling(hits), strict=True), start=1)
    ]
    _write(path, lines)


def _falling(hits: Sequence[tuple[str, float]]) -> Iterator[np.float32]:
    """Yield the scores of a ranking in 32 bits, each below the one before."""
    least = np.float32(np.inf)
    for _, score in hits:
        least = min(np.float32(score), np.nextafter(least, np.float32(-np.inf)))
        yield least


def write_all(folder: Path, runs: Mapping[str, Run], qrels: Qrels) -> None:
    """Write ``NAME.run`` per engine and ``qrels.txt``, to compute measures with another tool."""
    for name, run in runs.items():
        write_run(run, folder / f"{name}.run", name)
    write_qrels(qrels, folder / "qrels.txt")


def _write(path: Path, lines: list[str]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise EvaluationError(f"{path} can't be written: {error.strerror}.") from None


def _word(name: str) -> str:
    if not name or any(character.isspace() for character in name):
        raise EvaluationError(
            f"The id “{name[:80]}” has a space in it, which TREC files can't hold."
        )
    return name
