"""Grade engines' results with a vision-language model, as in the paper: ``studio.assessing``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from core.app.evaluation_jobs import EvaluationJobs
from core.app.judging import JudgingService
from core.app.labels import LabelService
from core.app.library import Catalog, Library
from core.app.models import ModelPool
from core.app.query_sources import QuerySource
from core.domain import (
    JobState,
    JudgeRecord,
    JudgeReport,
    JudgeTask,
    JudgmentQuery,
    OnProgress,
    Progress,
    Query,
)
from core.errors import JudgmentError
from core.jobs import BegunJob, JobReporter, Stage
from core.language.limits import JobLimits
from core.store.judge_records import JudgeRecords

#: Depths that the paper reports.
DEPTHS = (1, 3, 5)

#: Name of the job among a catalogue's evaluations.
JOB = "model-judge"
#: Expected seconds per query and engine, and per answer of the model.
_SEARCH, _ANSWER = 0.1, 3.0

#: What a record says that it is about, before the set's id.
_OF_SET = "judgment set "
#: Grades of the model; people's labels are compared only if their scale is the same.
GRADES = (0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Assessment:
    """The result of grading engines' results.

    Attributes:
        report: All grades, problems and costs.
        precision: By engine and depth; ``None`` where no query is graded to that depth.
        queries: Number of queries.
        compared: Number of pairs that people graded, too.
        same: Share of these pairs with the same grade; ``None`` if there are none.
        kappa: Quadratically weighted Cohen's kappa on them; ``None`` if undefined.
        asked: The queries in words, by id.
        titles: Titles of the results, by item id.
    """

    report: JudgeReport
    precision: Mapping[str, Mapping[int, float | None]]
    queries: int
    compared: int = 0
    same: float | None = None
    kappa: float | None = None
    asked: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)


class ModelJudgingService:
    """Lets the vision-language model grade the results of engines."""

    def __init__(
        self, library: Library, models: ModelPool, judging: JudgingService, labels: LabelService,
        jobs: EvaluationJobs,
    ) -> None:  # fmt: skip
        self._library, self._models = library, models
        self._judging, self._labels, self._jobs = judging, labels, jobs

    def assess(
        self,
        engines: Sequence[str],
        limits: JobLimits,
        *,
        source: QuerySource | None = None,
        set_id: str = "",
        catalog: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> Assessment:
        """Grade the first five results of each engine; earlier grades are used again.

        Args:
            engines: Names of engines.
            limits: Budget, concurrency, batches.
            source: The queries; not used if a set is given.
            set_id: Use the queries of this judgment set and compare with its labels.
            catalog: Name of the catalogue; ``None`` is the default catalogue.
            on_progress: Called with each progress report.

        Raises:
            SettingsError: The agent is off.
            JudgmentError: There are no queries.
            EngineUnavailable: An engine can't run here.
            EvaluationError: The model already grades results on this catalogue.
        """
        return self.begin(
            engines, limits, source=source, set_id=set_id, catalog=catalog, on_progress=on_progress
        ).run()

    def begin(
        self,
        engines: Sequence[str],
        limits: JobLimits,
        *,
        source: QuerySource | None = None,
        set_id: str = "",
        catalog: str | None = None,
        author: str = "",
        on_progress: OnProgress | None = None,
    ) -> BegunJob[Assessment]:
        """Begin a catalogue's grading job; run it in any thread; raises as ``assess``.

        A job that is stopped keeps its grades; its assessment says that it was stopped.
        """
        judge, opened_catalog = self._models.judge, self._library.get(catalog)
        if set_id:
            asked: Sequence[JudgmentQuery] = self._judging.queue(catalog).sets.get(set_id).queries
        elif source is not None:
            asked = self._judging.queries(source, catalog)
        else:
            raise JudgmentError("Give queries, a file of them, or a judgment set.")
        rankings = len(engines) * len(asked)
        plan = (
            Stage("searching", rankings, _SEARCH),
            Stage("grading", max(DEPTHS) * rankings, _ANSWER / limits.concurrency),
        )
        reporter = self._jobs.file(opened_catalog.name, JOB).begin(
            plan, author=author, on_progress=on_progress
        )

        def work(reporter: JobReporter) -> Assessment:
            runs = {}
            for done, name in enumerate(engines):
                reporter.follow(Progress("searching", done * len(asked), rankings))
                runs[name] = self._run(opened_catalog, name, asked)
            tasks = self._tasks(opened_catalog, asked, list(runs.values()))
            reporter.step(Progress("grading", 0, len(tasks)))
            report = judge.grade_all(
                tasks,
                concurrency=limits.concurrency,
                dollars=limits.dollars,
                tokens=limits.tokens,
                batch=limits.batch,
                wait=limits.wait,
                patience=limits.patience,
                on_progress=lambda progress: _report(reporter, progress),
                should_stop=reporter.stopping,
            )
            assessment = replace(
                self._assessed(report, runs, asked, set_id, catalog),
                **_names(opened_catalog, asked, tasks),
            )
            if report.grades:
                record = _record(assessment, judge.name, set_id, asked)
                JudgeRecords(opened_catalog.store.root).add(record)
            state = JobState.STOPPED if reporter.stopping() else JobState.DONE
            reporter.end(state, report.stopped)
            return assessment

        return BegunJob(reporter, work)

    def _assessed(
        self, report: JudgeReport, runs: Mapping[str, dict[str, list[str]]],
        asked: Sequence[JudgmentQuery], set_id: str, catalog: str | None,
    ) -> Assessment:  # fmt: skip
        precision = {name: report.precision_at(run, DEPTHS) for name, run in runs.items()}
        people = self._people(set_id, catalog) if set_id else {}
        graded_by_both = [
            (grade.grade, people[key]) for key, grade in report.grades.items() if key in people
        ]
        same, kappa = agreement(graded_by_both)
        return Assessment(report, precision, len(asked), len(graded_by_both), same, kappa)

    def records(self, catalog: str | None = None) -> tuple[JudgeRecord, ...]:
        """Return the records of earlier grading jobs in this catalogue, latest first."""
        return JudgeRecords(self._library.get(catalog).store.root).all()

    def _run(
        self, catalog: Catalog, engine: str, asked: Sequence[JudgmentQuery]
    ) -> dict[str, list[str]]:
        model, run = self._models.engine(engine), {}
        for judged_query in asked:
            image = catalog.images.open(judged_query.picture) if judged_query.picture else None
            query = Query(
                judged_query.text, image, judged_query.item_id, k=max(DEPTHS), cutoff=False,
                fold_duplicates=False,
            )  # fmt: skip
            hits = catalog.searcher.search(query, model).hits
            run[judged_query.query_id] = [hit.item.item_id for hit in hits]
        return run

    @staticmethod
    def _tasks(
        catalog: Catalog, asked: Sequence[JudgmentQuery], runs: Sequence[dict[str, list[str]]]
    ) -> list[JudgeTask]:
        items_of = {query.query_id: dict.fromkeys(i for r in runs for i in r[query.query_id])
                  for query in asked}  # fmt: skip
        names = {item for item_ids in items_of.values() for item in item_ids}
        items = catalog.store.items.get(names | {query.item_id for query in asked if query.item_id})
        tasks = []
        for query in asked:
            source = query.picture or (items[query.item_id].photo.sha256 if query.item_id else "")
            photo = partial(catalog.images.open, source) if source else None
            tasks += [
                JudgeTask(
                    query.query_id, item_id,
                    partial(catalog.images.open, items[item_id].photo.sha256),
                    "" if photo else query.text, photo,
                )
                for item_id in items_of[query.query_id]
            ]  # fmt: skip
        return tasks

    def _people(self, set_id: str, catalog: str | None) -> dict[tuple[str, str], int]:
        """Return people's grades if they use the model's scale, else nothing."""
        scale = sorted(
            grade.value for grade in self._judging.queue(catalog).sets.get(set_id).rules.scale
        )
        return self._labels.qrels(set_id, catalog=catalog) if tuple(scale) == GRADES else {}


def _names(
    catalog: Catalog, asked: Sequence[JudgmentQuery], tasks: Sequence[JudgeTask]
) -> dict[str, Any]:
    """Return the queries in words and the titles of the results, for people."""
    item_ids = {task.item_id for task in tasks} | {query.item_id for query in asked} - {""}
    titles = {name: item.title for name, item in catalog.store.items.get(item_ids).items()}
    return {
        "asked": {query.query_id: _in_words(query, titles) for query in asked},
        "titles": titles,
    }


def _in_words(query: JudgmentQuery, titles: Mapping[str, str]) -> str:
    if query.text:
        return f"“{query.text}”"
    if query.item_id:
        return f"similar to “{titles.get(query.item_id, query.item_id)}” ({query.item_id})"
    return f"a picture ({query.query_id})"


def _report(reporter: JobReporter, progress: Progress) -> None:
    reporter.step(replace(progress, stage="grading"))


def _record(
    assessment: Assessment, model: str, set_id: str, asked: Sequence[JudgmentQuery]
) -> JudgeRecord:
    pictured = sum(bool(query.item_id or query.picture) for query in asked)
    parts = [f"{len(asked) - pictured} in words" if len(asked) > pictured else "",
             f"{pictured} by photo" if pictured else ""]  # fmt: skip
    return JudgeRecord(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        model=model,
        about=f"{_OF_SET}{set_id}" if set_id else ", ".join(filter(None, parts)),
        queries=assessment.queries,
        precision={
            engine: {str(depth): value for depth, value in figures.items()}
            for engine, figures in assessment.precision.items()
        },
        compared=assessment.compared,
        same=assessment.same,
        kappa=assessment.kappa,
        stopped=assessment.report.stopped,
        paid=str(assessment.report.spent),
    )


def agreement(pairs: Sequence[tuple[int, int]]) -> tuple[float | None, float | None]:
    """Share of equal grades, and Cohen's kappa with quadratic weights (``None`` if undefined)."""
    if not pairs:
        return None, None
    model, people = zip(*pairs, strict=True)
    same = sum(first == second for first, second in pairs) / len(pairs)
    if len({*model, *people}) < 2:
        return same, None
    from sklearn.metrics import cohen_kappa_score  # slow to import

    kappa = float(cohen_kappa_score(model, people, labels=list(GRADES), weights="quadratic"))
    return same, None if math.isnan(kappa) else kappa
