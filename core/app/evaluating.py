"""Evaluation for pages and commands: ``studio.evaluation``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from core.app import ablation, attribute_report
from core.app.answering import Answerer, depth_of
from core.app.attribute_report import ATTRIBUTES
from core.app.evaluation_jobs import EvaluationJobs
from core.app.evaluation_notes import (
    check_item_ids,
    given_away_note,
    missing_notes,
    scale_note,
    threshold_note,
    usable_queries,
)
from core.app.library import Catalog, Library
from core.app.models import ModelPool
from core.domain import (
    EvalQuery,
    EvalTask,
    Item,
    OnProgress,
    Progress,
    Qrels,
    QueryRow,
    Ranking,
    Report,
    Run,
    no_progress,
)
from core.errors import EvaluationError
from core.evaluation import attributes, measures, report_builder, trec
from core.evaluation import catalog_tasks as tasks
from core.evaluation import report_html as rendering
from core.evaluation.report_builder import EngineRun, Frame
from core.evaluation.report_store import ReportStore
from core.settings import Settings
from core.store.items import ItemRecord

#: Default number of results per query.
DEPTH = 100


class EvaluationService:
    """Evaluates engines over the catalogues of a studio."""

    def __init__(self, library: Library, models: ModelPool, settings: Settings) -> None:
        self._library, self._models, self._settings = library, models, settings
        self.reports = ReportStore(settings.data_dir / "evaluations")
        self.jobs = EvaluationJobs(settings.data_dir / "evaluations")

    # ── running ──────────────────────────────────────────────────────────────────────────────
    def tasks(self, catalog: str | None = None) -> tuple[EvalTask, ...]:
        """Return the named tasks and whether the catalogue has the data for each."""
        return self.tasks_among(self._library.get(catalog).store.items.records())

    @staticmethod
    def tasks_among(records: Mapping[str, ItemRecord]) -> tuple[EvalTask, ...]:
        """Return the same as ``tasks`` for given items."""
        reason = ""
        try:
            attributes.find([r.item for r in records.values() if r.item.has_photo])
        except EvaluationError as error:
            reason = str(error)
        words = (
            "Is the colour, pattern, gender … that the catalogue states also seen in the picture?"
        )
        last = EvalTask(ATTRIBUTES, attribute_report.TITLE, words, not reason, reason)
        named = tasks.overview(records)
        own = next(task for task in named if task.name == "own")
        parts = replace(
            own,
            name=ablation.TASK,
            title="Ablation: grounding, rewriting, both",
            explanation="What does each of the two bring? Over the vectors of clip and vl-clip.",
        )
        return (*named, parts, last)

    def run_task(
        self,
        task: str,
        engines: Sequence[str],
        catalog: str | None = None,
        *,
        names: Sequence[str] | None = None,
        depth: int = DEPTH,
        ranking: Ranking | None = None,
        runs_out: Path | None = None,
        on_progress: OnProgress | None = None,
    ) -> Report:
        """Evaluate engines on a named task (see ``tasks``); the first engine is the baseline.

        ``names`` are measures in place of the task's own; ``runs_out`` is a folder for the rankings
        and judgments in TREC format.

        Raises:
            EvaluationError: The task is unknown, or the catalogue has no data for it.
            EngineUnavailable, CatalogError, FingerprintMismatch: An engine can't be used.
        """
        opened_catalog = self._library.get(catalog)
        if not engines:
            raise EvaluationError("Choose at least one engine.")
        if names and task in (ATTRIBUTES, ablation.TASK):
            raise EvaluationError(f"The task “{task}” has measures of its own.")
        if task == ATTRIBUTES:
            if runs_out:
                raise EvaluationError("Attributes are no rankings, so there are no runs to write.")
            return self._attributes(engines, opened_catalog, on_progress)
        if task == ablation.TASK:
            if ranking:
                raise EvaluationError("An ablation is ranked by picture vectors alone.")
            return self._ablation(
                engines, opened_catalog, depth, runs_out, on_progress or no_progress
            )
        started = time.perf_counter()
        records = opened_catalog.store.items.records()
        planned = tasks.build(task, records)
        wanted = tuple(names or planned.measures)
        _check_measures(wanted)
        by = ranking or planned.ranking
        depth, depth_note = depth_of(by, depth)
        answerer = Answerer(opened_catalog, self._settings, by, depth, on_progress)
        runs = []
        report_progress, named = on_progress or no_progress, _distinct(engines)
        for number, name in enumerate(named):
            report_progress(Progress("searching", number, len(named), f"{name}: searching"))
            model = self._models.engine(name)
            asked = planned.queries(model.engine)
            run = answerer.run(asked, model)
            runs.append(EngineRun(name, model.engine.title, model.fingerprint, run))
        _write(runs_out, runs, planned.qrels)
        notes = planned.notes if by is planned.ranking else (given_away_note(by),)
        notes = (*notes, *depth_note)
        frame = Frame(
            opened_catalog.name, task, planned.title, by, depth, opened_catalog.store.items.count(),
            wanted, planned.main if planned.main in wanted else _main(wanted), notes,
        )  # fmt: skip
        items = {item_id: record.item for item_id, record in records.items()}
        report_progress(Progress("statistics", 0, 1, "intervals and tests"))
        first = planned.queries(self._models.engine(runs[0].engine).engine)
        report = report_builder.report(frame, first, planned.qrels, runs, items)
        return _timed(report, started, answerer)

    def evaluate(
        self,
        queries: Sequence[EvalQuery],
        qrels: Qrels,
        engines: Sequence[str],
        catalog: str | None = None,
        *,
        task: str = "queries",
        title: str = "Given queries",
        names: Sequence[str] | None = None,
        main: str | None = None,
        ranking: Ranking = Ranking.VECTOR,
        depth: int = DEPTH,
        relevant_from: int = 1,
        highest: int | None = None,
        runs: Mapping[str, Run] | None = None,
        runs_out: Path | None = None,
        notes: Sequence[str] = (),
        on_progress: OnProgress | None = None,
    ) -> Report:
        """Evaluate engines on given queries and relevance grades.

        Args:
            queries: What to ask; queries without any judgment are left out (and counted in a note).
            qrels: Grades per query and item; 0 is judged and not relevant.
            engines: Names of engines; the first is the baseline.
            catalog: Name of the catalogue; ``None`` is the default catalogue.
            task: Short name for the report, ``[a-z0-9-]+``.
            title: Name for people.
            names: Measures; default: those for graded or for binary judgments.
            main: The measure that is explained per query.
            ranking: What items are ranked by.
            depth: Results kept per query.
            relevant_from: Smallest grade that counts as relevant for binary measures.
            highest: Highest grade of the scale, for ERR; default: the highest that occurs.
            runs: Further rankings to measure beside the engines' (from TREC files), by name.
            runs_out: Folder for the rankings and judgments in TREC format.
            notes: What a reader of the report must know of the files that this comes from.
            on_progress: Called with each progress report.

        Raises:
            EvaluationError: There is nothing to evaluate, or a query is not usable.
            EngineUnavailable, CatalogError, FingerprintMismatch: An engine can't be used.
        """
        started = time.perf_counter()
        opened_catalog = self._library.get(catalog)
        wanted = tuple(names or _default_measures(qrels))
        depth, depth_note = depth_of(ranking, depth)
        _check_measures(wanted)
        asked = usable_queries(queries, qrels, relevant_from)
        items = {i: record.item for i, record in opened_catalog.store.items.records().items()}
        if not runs:
            check_item_ids(asked, qrels, items, opened_catalog.name, relevant_from)
        answerer = Answerer(opened_catalog, self._settings, ranking, depth, on_progress)
        done = [self._ask(answerer, asked, name) for name in _distinct(engines)]
        done += [EngineRun(name, name, "", run) for name, run in (runs or {}).items()]
        if not done:
            raise EvaluationError("Choose at least one engine.")
        _write(runs_out, done, qrels)
        notes = (
            *notes, *depth_note, *threshold_note(qrels, relevant_from),
            *scale_note(wanted, qrels, highest),
            *missing_notes(queries, asked, qrels, items, relevant_from),
        )  # fmt: skip
        frame = Frame(
            opened_catalog.name, task, title, ranking, depth, len(items), wanted,
            main or _main(wanted), notes, relevant_from, highest,
            has_grades=bool(threshold_note(qrels, relevant_from)),
        )  # fmt: skip
        if on_progress:
            on_progress(Progress("statistics", 0, 1, "intervals and tests"))
        return _timed(report_builder.report(frame, asked, qrels, done, items), started, answerer)

    def _ask(self, answerer: Answerer, queries: Sequence[EvalQuery], name: str) -> EngineRun:
        model = self._models.engine(name)
        run = answerer.run(queries, model)
        return EngineRun(name, model.engine.title, model.fingerprint, run)

    def _attributes(
        self, engines: Sequence[str], catalog: Catalog, on_progress: OnProgress | None
    ) -> Report:
        models = [self._models.engine(name) for name in _distinct(engines)]
        return attribute_report.run(catalog, models, on_progress)

    def _ablation(
        self, engines: Sequence[str], catalog: Catalog, depth: int, runs_out: Path | None,
        tell: OnProgress,
    ) -> Report:  # fmt: skip
        started = time.perf_counter()
        plain, full = ablation.engines_of([self._models.engine(n) for n in _distinct(engines)])
        own = ablation.stock(catalog, plain, full)
        cells = ablation.contenders(own, plain)
        asked = sorted(own.qrels)
        runs, inside = ablation.answered(own, cells, asked, depth, tell)
        _write(runs_out, runs, own.qrels)
        report = ablation.report(
            catalog, own, runs, asked, depth,
            pairs=[(cells[0].name, cell.name) for cell in cells[1:]],
            kind="photo", parts=ablation.photo_kinds(catalog, own, asked, tell),
        )  # fmt: skip
        seconds = time.perf_counter() - started
        return replace(report, seconds=seconds, encode_seconds=inside)

    # ── keeping ──────────────────────────────────────────────────────────────────────────────
    def latest(self, catalog: str, engines: Sequence[str], task: str = "") -> Report | None:
        """Return the newest report on a catalogue, of a task, with engines in present state."""
        return self._newest(catalog, engines, lambda report: task in ("", report.task))

    def latest_judged(self, catalog: str, engines: Sequence[str]) -> Report | None:
        """Return the newest report on a judgment set of the catalogue."""
        return self._newest(
            catalog, engines, lambda report: any(map(measures.coverage, report.measures))
        )

    def _newest(
        self, catalog: str, engines: Sequence[str], wanted: Callable[[Report], bool]
    ) -> Report | None:
        """Return the newest report on a catalogue that is wanted, with engines in present state."""
        now = {(name, self._models.engine(name).fingerprint) for name in engines}
        for report_id in self.reports.ids():
            if report_id.startswith(f"{catalog}-"):
                report = self.reports.get(report_id)
                compared = {(entry.engine, entry.fingerprint) for entry in report.engines}
                if report.catalog == catalog and wanted(report) and now <= compared:
                    return report
        return None

    def latest_ablation(self, catalog: str, engine: str) -> Report | None:
        """Return the newest ablation of a catalogue over an engine in its present state."""
        present = self._models.engine(engine).fingerprint
        for report_id in self.reports.ids():
            if report_id.startswith(f"{catalog}-{ablation.TASK}-"):
                report = self.reports.get(report_id)
                current = {entry.fingerprint for entry in report.engines} == {present}
                if current and (report.catalog, report.task) == (catalog, ablation.TASK):
                    return report
        return None

    def html(self, report: Report) -> str:
        """Return the report as one self-contained page."""
        catalog = self._catalog_of(report)
        return rendering.page(
            report,
            self._shown(report, catalog),
            catalog.images if catalog else None,
            self._asked(report, catalog),
        )

    def fragment(
        self,
        report: Report,
        picture: rendering.Picture,
        link: rendering.Link,
        asked: Callable[[str], str],
    ) -> str:
        """Return the report as a part of a page, with the page's own addresses in it.

        Args:
            report: The report.
            picture: Returns the address of an item's thumbnail, or an empty text.
            link: Returns the address that a query links to, or an empty text.
            asked: Returns the address of a query's picture, given its SHA-256.
        """
        catalog = self._catalog_of(report)
        pictures = self._asked(report, catalog)

        def own(row: QueryRow) -> str:
            sha256 = pictures.get(row.query_id)
            return asked(sha256) if sha256 else ""

        return rendering.fragment(report, self._shown(report, catalog), picture, link, own)

    def _catalog_of(self, report: Report) -> Catalog | None:
        """Return the report's catalogue, or ``None`` if it was removed."""
        exists = report.catalog in self._library.names()
        return self._library.get(report.catalog) if exists else None

    @staticmethod
    def _asked(report: Report, catalog: Catalog | None) -> dict[str, str]:
        """Return the SHA-256 of queries' pictures by query, where the judgment set is there."""
        if catalog is None or not any(row.has_image for row in report.rows):
            return {}
        sets = catalog.judgment_queue.sets.all()
        return {
            query.query_id: query.picture
            for made in sets
            if made.set_id[:60] == report.task
            for query in made.queries
            if query.picture
        }

    @staticmethod
    def _shown(report: Report, catalog: Catalog | None) -> dict[str, Item]:
        return catalog.store.items.get(rendering.shown_items(report)) if catalog else {}


def _write(folder: Path | None, runs: Sequence[EngineRun], qrels: Qrels) -> None:
    if folder is not None:
        trec.write_all(folder, {run.engine: run.run for run in runs}, qrels)


def _distinct(engines: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(engines))


def _default_measures(qrels: Qrels) -> tuple[str, ...]:
    grades = {grade for judged in qrels.values() for grade in judged.values()}
    return measures.SEARCH if grades <= {1} else (*measures.GRADED, "hits@5")


def _check_measures(names: Sequence[str]) -> None:
    """Refuse unknown measures before queries are answered, which may take long."""
    for name in names:
        measures.parse(name)


def _main(names: Sequence[str]) -> str:
    return next((name for name in ("mrr", "ndcg@10") if name in names), names[0])


def _timed(report: Report, started: float, answerer: Answerer) -> Report:
    seconds = time.perf_counter() - started
    return replace(report, seconds=seconds, encode_seconds=answerer.encode_seconds)
