"""Runs and qrels in TREC format, in and out (``ir_measures`` reads, a few lines write)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import ir_measures

from core.domain import Qrels, Run
from core.errors import EvaluationError


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """``query_id 0 item_id grade`` per line.

    Raises:
        EvaluationError: The file can't be read, or is no such file.
    """
    qrels: dict[str, dict[str, int]] = {}
    try:
        for entry in ir_measures.read_trec_qrels(str(path)):
            qrels.setdefault(entry.query_id, {})[entry.doc_id] = int(entry.relevance)
    except OSError as error:
        raise EvaluationError(f"{path} can't be read: {error.strerror}.") from None
    except ValueError:
        raise EvaluationError(
            f"{path.name} can't be read as TREC qrels: each line takes query_id, 0, item_id and a "
            "whole number."
        ) from None
    return qrels


def read_run(path: Path) -> dict[str, list[tuple[str, float]]]:
    """``query_id Q0 item_id rank score tag`` per line; the scores decide, as in trec_eval.

    Raises:
        EvaluationError: The file can't be read, or is no such file.
    """
    found: dict[str, dict[str, float]] = {}
    try:
        for entry in ir_measures.read_trec_run(str(path)):
            found.setdefault(entry.query_id, {})[entry.doc_id] = float(entry.score)
    except OSError as error:
        raise EvaluationError(f"{path} can't be read: {error.strerror}.") from None
    except ValueError:
        raise EvaluationError(
            f"{path.name} can't be read as a TREC run: each line takes query_id, Q0, item_id, "
            "rank, score and tag."
        ) from None
    return {
        query_id: sorted(scores.items(), key=lambda hit: (-hit[1], hit[0]))
        for query_id, scores in found.items()
    }


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

    Scores are written so that a tool that sorts by them keeps the order: equal cosines get a
    step of a billionth per rank.
    """
    lines = [
        f"{_word(query)} Q0 {_word(item)} {rank} {score - rank * 1e-9:.9f} {_word(tag)}\n"
        for query, hits in sorted(run.items())
        for rank, (item, score) in enumerate(hits, start=1)
    ]
    _write(path, lines)


def write_all(folder: Path, runs: Mapping[str, Run], qrels: Qrels) -> None:
    """Write ``NAME.run`` per engine and ``qrels.txt``: what another tool needs to measure again."""
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
