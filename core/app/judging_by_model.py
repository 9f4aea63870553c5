"""A vision-language model as judge of engines, as in the paper: ``studio.assessing``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sklearn.metrics import cohen_kappa_score

from core.app.judging import JudgingService
from core.app.library import Catalog, Library
from core.app.models import ModelPool
from core.app.query_sources import QuerySource
from core.domain import JudgeRecord, JudgeReport, JudgeTask, JudgmentQuery, OnProgress, Query
from core.errors import JudgmentError
from core.language.limits import JobLimits
from core.store.judge_records import JudgeRecords

#: Depths that the paper reports.
DEPTHS = (1, 3, 5)

#: Grades that the judge gives; people's labels compare where their scale is the same.
GRADES = (0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the judge says of engines.

    Attributes:
        report: All grades, problems and costs.
        precision: By engine and depth; ``None`` where no query is graded to that depth.
        queries: How many were asked.
        compared: Pairs that people judged, too.
        same: Share of these with the very same grade; ``None`` where there are none.
        kappa: Quadratically weighted, chance taken off; ``None`` where it is undefined.
    """

    report: JudgeReport
    precision: Mapping[str, Mapping[int, float | None]]
    queries: int
    compared: int = 0
    same: float | None = None
    kappa: float | None = None


class ModelJudgingService:
    """Asks engines and lets the vision-language model grade what they found."""

    def __init__(self, library: Library, models: ModelPool, judging: JudgingService) -> None:
        self._library, self._models, self._judging = library, models, judging

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
        """Grade the first five results of each engine; what was graded before costs nothing.

        Args:
            engines: Their names.
            limits: Budget, concurrency, batches.
            source: The queries, words or items; left out where a set is given.
            set_id: Take the queries of this judgment set and compare with its labels.
            catalog: Which; ``None`` is the default one.
            on_progress: Called with snapshots.

        Raises:
            SettingsError: The agent is off.
            JudgmentError: There are no queries.
            EngineUnavailable: An engine can't run here.
        """
        judge, where = self._models.judge, self._library.get(catalog)
        if set_id:
            asked: Sequence[JudgmentQuery] = self._judging.get(set_id, catalog).queries
        elif source is not None:
            asked = self._judging.queries(source, catalog)
        else:
            raise JudgmentError("Give queries, a file of them, or a judgment set.")
        runs = {name: self._run(where, name, asked) for name in engines}
        report = judge.grade_all(
            self._tasks(where, asked, list(runs.values())),
            concurrency=limits.concurrency,
            dollars=limits.dollars,
            tokens=limits.tokens,
            batch=limits.batch,
            wait=limits.wait,
            patience=limits.patience,
            on_progress=on_progress,
        )
        precision = {name: report.precision_at(run, DEPTHS) for name, run in runs.items()}
        people = self._people(set_id, catalog) if set_id else {}
        both = [(grade.grade, people[key]) for key, grade in report.grades.items() if key in people]
        made = Assessment(report, precision, len(asked), len(both), *agreement(both))
        if report.grades:
            JudgeRecords(where.store.root).add(_record(made, judge.name, set_id, asked))
        return made

    def records(self, catalog: str | None = None) -> tuple[JudgeRecord, ...]:
        """What the model judged of engines in this catalogue so far, latest first."""
        return JudgeRecords(self._library.get(catalog).store.root).all()

    def _run(
        self, where: Catalog, engine: str, asked: Sequence[JudgmentQuery]
    ) -> dict[str, list[str]]:
        model, found = self._models.engine(engine), {}
        for one in asked:
            image = where.images.open(one.picture) if one.picture else None
            query = Query(
                one.text, image, one.item_id, k=max(DEPTHS), cutoff=False,
                fold_duplicates=False,
            )  # fmt: skip
            hits = where.searcher.search(query, model).hits
            found[one.query_id] = [hit.item.item_id for hit in hits]
        return found

    @staticmethod
    def _tasks(
        where: Catalog, asked: Sequence[JudgmentQuery], runs: Sequence[dict[str, list[str]]]
    ) -> list[JudgeTask]:
        wanted = {one.query_id: dict.fromkeys(i for r in runs for i in r[one.query_id])
                  for one in asked}  # fmt: skip
        names = {item for found in wanted.values() for item in found}
        items = where.store.items.get(names | {one.item_id for one in asked if one.item_id})
        tasks = []
        for one in asked:
            source = one.picture or (items[one.item_id].photo.sha256 if one.item_id else "")
            photo = partial(where.images.open, source) if source else None
            tasks += [
                JudgeTask(
                    one.query_id, item_id, partial(where.images.open, items[item_id].photo.sha256),
                    "" if photo else one.text, photo,
                )
                for item_id in wanted[one.query_id]
            ]  # fmt: skip
        return tasks

    def _people(self, set_id: str, catalog: str | None) -> dict[tuple[str, str], int]:
        """People's grades, where they are on the judge's scale."""
        scale = sorted(grade.value for grade in self._judging.get(set_id, catalog).rules.scale)
        return self._judging.qrels(set_id, catalog=catalog) if tuple(scale) == GRADES else {}


def _record(
    made: Assessment, model: str, set_id: str, asked: Sequence[JudgmentQuery]
) -> JudgeRecord:
    pictured = sum(bool(one.item_id or one.picture) for one in asked)
    parts = [f"{len(asked) - pictured} in words" if len(asked) > pictured else "",
             f"{pictured} by photo" if pictured else ""]  # fmt: skip
    return JudgeRecord(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        model=model,
        about=f"judgment set {set_id}" if set_id else ", ".join(filter(None, parts)),
        queries=made.queries,
        precision={
            engine: {str(depth): value for depth, value in figures.items()}
            for engine, figures in made.precision.items()
        },
        compared=made.compared,
        same=made.same,
        kappa=made.kappa,
        stopped=made.report.stopped,
    )


def agreement(both: Sequence[tuple[int, int]]) -> tuple[float | None, float | None]:
    """Share of equal grades, and Cohen's kappa with quadratic weights (``None`` if undefined)."""
    if not both:
        return None, None
    model, people = zip(*both, strict=True)
    same = sum(one == two for one, two in both) / len(both)
    if len({*model, *people}) < 2:
        return same, None
    kappa = float(cohen_kappa_score(model, people, labels=list(GRADES), weights="quadratic"))
    return same, None if math.isnan(kappa) else kappa
