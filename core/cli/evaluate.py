"""``evaluate``: measure engines on a named task, or on queries and judgments from files."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from core.app.ablation import TASK as ABLATION
from core.app.attribute_report import ATTRIBUTES
from core.app.evaluating import DEPTH
from core.app.studio import Studio
from core.app.tasks import TUNED_ABLATION
from core.base.counts import counted
from core.base.percentages import percent
from core.base.tables import FileReport
from core.cli.bar import ProgressBar
from core.domain import JudgeRecord, OnProgress, Ranking, Report, Score
from core.errors import EvaluationError
from core.evaluation import query_files, trec
from core.evaluation.departments import TRANSFER, TRANSFER_TYPES
from core.evaluation.ranking_sentence import how_ranked
from core.evaluation.report_html import gaps, label, verdicts

_TRANSFERS = (TRANSFER, TRANSFER_TYPES)


def evaluate(
    context: typer.Context,
    task: Annotated[
        str,
        typer.Option(
            help="title, rewrite, own, similar, same-type, attributes, ablation, transfer or "
            "transfer-types."
        ),
    ] = "title",
    queries: Annotated[
        Path | None,
        typer.Option(
            help="File of queries: query_id, text[, image][, item_id]; or, without --qrels, one "
            "that has grades, too: an export of a judgment set, or labels with words."
        ),
    ] = None,
    qrels: Annotated[
        Path | None, typer.Option(help="File of judgments: query_id, item_id, relevance; or TREC.")
    ] = None,
    engines: Annotated[
        str, typer.Option(help="Engines, with commas; the first is the baseline.")
    ] = "clip,vl-clip",
    catalog: Annotated[str | None, typer.Option(help="Catalogue.")] = None,
    fine_tuned: Annotated[
        bool, typer.Option("--fine-tuned", help="ablation: also fine-tune each part (minutes).")
    ] = False,
    epochs: Annotated[
        int, typer.Option(min=1, max=1000, help="Of fine-tuning for ablation and transfer.")
    ] = 12,
    words: Annotated[
        bool,
        typer.Option(help="Rank as the pages do, by vectors and full text; else by vectors alone."),
    ] = False,
    depth: Annotated[int, typer.Option(min=1, max=1000, help="Results kept per query.")] = DEPTH,
    measure: Annotated[
        list[str] | None,
        typer.Option(
            help="In place of the task's own: hits@5, mrr, ndcg@10, p@5, recall@10 …; repeatable."
        ),
    ] = None,
    relevant_from: Annotated[
        int, typer.Option("--relevant-from", min=1, help="Smallest grade that counts as relevant.")
    ] = 1,
    highest_grade: Annotated[
        int | None,
        typer.Option(
            "--highest-grade",
            min=1,
            max=100,
            help="Highest grade of the judgments' scale, for ERR (default: the highest there is).",
        ),
    ] = None,
    run: Annotated[
        list[str] | None, typer.Option(help="Also measure a TREC run: NAME=FILE; repeatable.")
    ] = None,
    runs_out: Annotated[
        Path | None, typer.Option(help="Folder for a TREC run per engine, and the qrels.")
    ] = None,
    report_html: Annotated[
        Path | None, typer.Option("--html", help="Write the report as one HTML file.")
    ] = None,
    per_query: Annotated[
        Path | None, typer.Option(help="Write a CSV row per query: each engine's value and rank.")
    ] = None,
    keep: Annotated[bool, typer.Option(help="Keep the report for the Evaluate page.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure engines side by side: figures, intervals, and whether a difference could be chance.

    Items are ranked by vectors alone, as in the paper; with --words, as the pages and `judgments
    evaluate` rank them.
    """
    studio = Studio(context.obj)
    names = [name.strip() for name in engines.split(",") if name.strip()]
    if fine_tuned and (queries or task != ABLATION):
        raise EvaluationError("--fine-tuned goes with --task ablation.")
    if queries is None and qrels is not None:
        raise EvaluationError("--qrels needs --queries: what to ask, where --qrels is right.")
    if queries is None:
        if run:
            raise EvaluationError("--run goes with --queries.")
        if measure and (task in _TRANSFERS or fine_tuned):
            raise EvaluationError("--measure does not go with fine-tuning.")
        if runs_out and (task in _TRANSFERS or fine_tuned):
            raise EvaluationError("--runs-out does not go with fine-tuning.")

    def work(tell: OnProgress) -> Report:
        if queries is not None:
            ranking = Ranking.WORDS if words else Ranking.VECTOR
            given, read = studio.labels.questions(queries, qrels, catalog), FileReport()
            runs = _read_runs(run or [], read)
            return studio.evaluation.evaluate(
                given.queries, given.qrels, names, catalog,
                title=queries.stem,
                names=measure, ranking=ranking, depth=depth, relevant_from=relevant_from,
                highest=highest_grade or given.highest,
                runs=runs, runs_out=runs_out, notes=(*given.notes, *read.notes), on_progress=tell,
            )  # fmt: skip
        if task in _TRANSFERS or fine_tuned:
            return _trial(studio, task, names, catalog, epochs, depth, tell)
        return studio.evaluation.run_task(
            task, names, catalog, names=measure, depth=depth,
            ranking=Ranking.WORDS if words and task != ATTRIBUTES else None,
            runs_out=runs_out, on_progress=tell,
        )  # fmt: skip

    job = "queries" if queries else TUNED_ABLATION if fine_tuned else task
    with ProgressBar("queries") as bar:
        report = studio.evaluation.jobs.run(
            studio.catalog(catalog).name, job, len(names), work, on_progress=bar.show
        )
    if keep:
        studio.evaluation.reports.add(report)
    if report_html:
        _write(report_html, studio.evaluation.html(report))
    if per_query:
        _write(per_query, query_files.per_query(report))
    if as_json:
        print(json.dumps(as_dict(report), ensure_ascii=False))
        return
    print(as_text(report))
    print(*judged_lines(studio.assessing.records(report.catalog)[:1]), sep="\n", end="")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise EvaluationError(f"{path} can't be written: {error.strerror}.") from None


def judged_lines(records: Sequence[JudgeRecord]) -> list[str]:
    """Return lines on a model's grading of engines, for the terminal."""
    lines = []
    for record in records:
        lines.append(
            f"Judged by {record.model} on {record.at[:10]}, "
            f"{counted(record.queries, 'query')} ({record.about}):"
        )
        for engine, figures in record.precision.items():
            cells = (f"P@{k} {'–' if v is None else f'{v:.3f}'}" for k, v in figures.items())
            lines.append(f"  {engine}: {', '.join(cells)}")
        if record.same is not None:
            kappa = "undefined" if record.kappa is None else f"{record.kappa:.2f}"
            lines.append(
                f"  as people in {percent(record.same)} of "
                f"{counted(record.compared, 'pair')}, kappa {kappa}"
            )
    return [*lines, ""] if lines else []


def as_dict(report: Report) -> dict[str, object]:
    """Return the content that ``--json`` prints."""
    return {
        "engines": {
            entry.engine: {name: score.value for name, score in entry.scores.items()}
            for entry in report.engines
        },
        "intervals": {
            entry.engine: {name: [s.low, s.high] for name, s in entry.scores.items()}
            for entry in report.engines
        },
        "tests": [
            {"measure": t.measure, "first": t.first, "second": t.second,
             "difference": t.difference.value, "p": t.p, "p_corrected": t.corrected}
            for t in report.tests
        ],
        "parts": [
            {"kind": part.kind, "name": part.name, "queries": part.queries,
             "engines": dict(part.values), "baselines": dict(part.baselines)}
            for part in report.slices
        ],
        "catalog": report.catalog, "task": report.task, "ranking": report.ranking.value,
        "queries": report.queries, "items": report.items, "report_id": report.report_id,
        "notes": list(report.notes),
        "fingerprints": {entry.engine: entry.fingerprint for entry in report.engines},
        "seconds": report.seconds, "encode_seconds": report.encode_seconds,
    }  # fmt: skip


def as_text(report: Report) -> str:
    """Return the table that a terminal shows."""
    width = max(len(entry.engine) for entry in report.engines)
    lines = [
        f"{report.title}: {counted(report.queries, 'query')}, {counted(report.items, 'item')}, "
        f"catalogue {report.catalog}",
        f"{'':<{width}}  " + "  ".join(f"{label(name):>19}" for name in report.measures),
    ]
    for entry in report.engines:
        cells = []
        for name in report.measures:
            cells.append(f"{_span(entry.scores[name]):<19}")
        lines.append(f"{entry.engine:<{width}}  " + "  ".join(cells))
    lines += verdicts(report)
    for part in report.slices:
        if part.baselines or part.tests:
            values = [f"{name} {_span(score)}" for name, score in part.scores.items()]
            values += [f"{name} {value:.3f}" for name, value in part.baselines.items()]
            lines.append(f"  {part.name} ({part.queries}): " + ", ".join(values))
            lines += [f"    {sentence}" for sentence in gaps(report, part)]
    lines += [f"Note: {note}" for note in report.notes]
    if ranked := how_ranked(report):
        lines.append(f"{ranked} --words or --no-words chooses.")
    share = f"{report.seconds:.1f} s"
    if report.encode_seconds >= 0.05:  # what is shown as 0.1 s and more
        share += f", {report.encode_seconds:.1f} s of it encoding"
    return "\n".join([*lines, f"{report.report_id}: {share}."])


def _trial(
    studio: Studio, task: str, engines: list[str], catalog: str | None, epochs: int, depth: int,
    tell: OnProgress,
) -> Report:  # fmt: skip
    """Run a task with fine-tuning; its progress goes to stderr, because --json uses stdout."""
    from core.app.adapter_training import DEFAULTS  # slow to import, and seldom needed

    trials = studio.trials
    run = partial(trials.transfer, task=task) if task in _TRANSFERS else trials.ablation
    return run(
        engines, catalog, options=replace(DEFAULTS, epochs=epochs), depth=depth,
        say=lambda line: print(line, file=sys.stderr), on_progress=tell,
    )  # fmt: skip


def _span(score: Score) -> str:
    span = "" if score.low is None else f" {score.low:.3f}–{score.high:.3f}"
    return f"{score.value:.3f}{span:>14}"


def _read_runs(
    pairs: list[str], report: FileReport
) -> dict[str, dict[str, list[tuple[str, float]]]]:
    runs = {}
    for pair in pairs:
        name, equals, path = pair.partition("=")
        if not (name and equals and path):
            raise EvaluationError(f"--run takes NAME=FILE; got {pair!r}.")
        runs[name] = trec.read_run(Path(path), report)
    return runs
