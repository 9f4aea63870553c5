"""Judgments for pages and commands: ``studio.judging``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from core.app import collecting, query_sources
from core.app.evaluating import EvaluationService
from core.app.library import Catalog, Library
from core.app.models import ModelPool
from core.app.query_sources import QuerySource
from core.base.tables import FileReport
from core.domain import (
    EventKind,
    JudgingProgress,
    JudgmentEvent,
    JudgmentQuery,
    JudgmentSet,
    Label,
    OnProgress,
    Pair,
    Query,
    Ranking,
    Report,
    Rules,
    SearchResult,
)
from core.errors import JudgmentError
from core.evaluation import measures
from core.judging import aggregation, importing, measuring
from core.judging import exporting as export
from core.judging.disagreement import Disagreement, disagreements
from core.judging.judgment_queue import JudgmentQueue
from core.judging.queue import Hand
from core.judging.readers import read_query_texts
from core.judging.reports import LabelReport, label_report
from core.judging.state import PairKey
from core.settings import Settings

#: Most pairs that one set may have.
MOST_PAIRS = 200_000
_UNJUDGED = (
    "A result that nobody has judged counts as irrelevant, except in bpref, which leaves it out; "
    "Judged@10 says how many are judged."
)


class JudgingService:
    """Judging over the catalogues of a library; safe with several threads and processes.

    Every method takes the catalogue's name; ``None`` is the default catalogue.
    """

    def __init__(
        self,
        library: Library,
        models: ModelPool,
        settings: Settings,
        evaluation: EvaluationService,
    ) -> None:
        self._library, self._models, self._settings = library, models, settings
        self._evaluation = evaluation

    # ── sets ─────────────────────────────────────────────────────────────────────────────────
    def sets(self, catalog: str | None = None) -> tuple[JudgmentSet, ...]:
        """Return all judgment sets of a catalogue, newest first."""
        return self._desk(catalog).sets()

    def get(self, set_id: str, catalog: str | None = None) -> JudgmentSet:
        """Return one set; raises ``JudgmentError`` when it is not there."""
        return self._desk(catalog).get(set_id)

    def queries(
        self, source: QuerySource, catalog: str | None = None, report: FileReport | None = None
    ) -> tuple[JudgmentQuery, ...]:
        """Return the queries that a source gives, each once, with ids.

        Args:
            source: Where they come from.
            catalog: Which; ``None`` is the default one.
            report: Receives notes on how its file was read.

        Raises:
            JudgmentError: There are none, or the file can't be read.
            ImageError: A picture can't be used.
        """
        return query_sources.gather(source, self._library.get(catalog), report)

    def create(
        self,
        name: str,
        asked: Sequence[JudgmentQuery],
        *,
        engines: Sequence[str],
        depth: int = 10,
        rules: Rules | None = None,
        calibration: int = 0,
        catalog: str | None = None,
    ) -> JudgmentSet:
        """Pool the engines' top results for each query, shuffled and blind.

        Raises:
            JudgmentError: No queries or engines, or the rules make no sense.
            QueryError, EngineUnavailable, FingerprintMismatch: An engine can't answer.
        """
        if len(asked) * max(depth, 1) > MOST_PAIRS:
            raise JudgmentError(f"A set holds at most {MOST_PAIRS:,} pairs; ask for fewer.")
        opened_catalog = self._library.get(catalog)
        answer = self._answers(opened_catalog, engines, depth)
        return opened_catalog.desk.create(
            name, asked, engines, depth, rules or Rules(), answer, calibration
        )

    def revise(
        self, set_id: str, change: Callable[[Rules], Rules], catalog: str | None = None
    ) -> JudgmentSet:
        """Change how a set is judged (guidelines, names of grades, overlap …).

        Raises:
            JudgmentError: The change makes no sense, or would drop a grade that was given.
        """
        desk = self._desk(catalog)
        given_grades = {event.grade for event in desk.current(set_id) if event.grade is not None}

        def changed(old: JudgmentSet) -> JudgmentSet:
            rules = change(old.rules)
            lost = given_grades - {grade.value for grade in rules.scale}
            if lost:
                raise JudgmentError(
                    f"The grade {min(lost)} has been given already, so it must stay on the scale."
                )
            return replace(old, rules=rules)

        return desk.revise(set_id, changed)

    def extend(self, set_id: str, pairs: Iterable[Pair], catalog: str | None = None) -> JudgmentSet:
        """Add pairs to a set; pairs that it has already change nothing."""
        return self._desk(catalog).extend(set_id, pairs)

    def collect(
        self, query: Query, engines: Sequence[str], catalog: str | None = None
    ) -> tuple[JudgmentSet, JudgmentQuery]:
        """Add these engines' hits of a search to the catalogue's set of collected lists.

        Raises:
            JudgmentError: The search or its result is empty, or a set can't represent the search.
            QueryError, EngineUnavailable, FingerprintMismatch: An engine can't answer.
        """
        opened_catalog = self._library.get(catalog)
        asked = collecting.as_judged(query, opened_catalog)
        models = [self._models.engine(name) for name in engines]
        results = [opened_catalog.searcher.search(query, model) for model in models]
        item_ids = [hit.item.item_id for result in results for hit in result.hits]
        return collecting.collect(opened_catalog.desk, asked, item_ids, engines)

    def judge_missing(
        self,
        set_id: str,
        engines: Sequence[str],
        depth: int = 10,
        catalog: str | None = None,
    ) -> int:
        """Add these engines' present hits for the set's queries; return the number of new pairs.

        Raises:
            JudgmentError, QueryError, EngineUnavailable, FingerprintMismatch
        """
        opened_catalog = self._library.get(catalog)
        old = opened_catalog.desk.get(set_id)
        answer = self._answers(opened_catalog, engines, depth)
        pairs = [
            Pair(query, hit.item.item_id)
            for query in old.queries
            for result in answer(query)
            for hit in result.hits[:depth]
        ]
        return len(opened_catalog.desk.extend(set_id, pairs).pairs) - len(old.pairs)

    # ── judging ──────────────────────────────────────────────────────────────────────────────
    def deal(
        self,
        set_id: str,
        annotator: str,
        count: int = 1,
        *,
        without: Collection[tuple[str, str, int]] = (),
        one_query: bool = False,
        first: str = "",
        catalog: str | None = None,
    ) -> Hand:
        """Return the next pairs for this annotator, held for them for some minutes.

        ``without`` names tasks that the annotator's page has in hand: query id, item id, round;
        ``one_query`` deals pairs of one query only, for a screen full of items; ``first`` names a
        query whose pairs come before all others.
        """
        return self._desk(catalog).deal(set_id, annotator, count, without, one_query, first)

    def release(
        self, set_id: str, annotator: str, pairs: Collection[PairKey], catalog: str | None = None
    ) -> None:
        """Give pairs back that were dealt to this annotator and will not be judged now."""
        self._desk(catalog).release(set_id, annotator, pairs)

    def judge(self, event: JudgmentEvent, catalog: str | None = None) -> None:
        """Append one event durably; returning means that it is on disk."""
        self._desk(catalog).judge(event)

    def undo(
        self, set_id: str, annotator: str, event_id: str = "", catalog: str | None = None
    ) -> JudgmentEvent | None:
        """Take back this annotator's last event; returns it, or ``None`` where there is none."""
        return self._desk(catalog).undo(set_id, annotator, event_id)

    def history(
        self, set_id: str, annotator: str, count: int = 20, catalog: str | None = None
    ) -> list[JudgmentEvent]:
        """Return this annotator's latest standing labels, newest first."""
        return self._desk(catalog).look(set_id, lambda state: state.recent(annotator, count))

    def progress(self, set_id: str, annotator: str, catalog: str | None = None) -> JudgingProgress:
        """Return the progress of one annotator and of the set."""
        return self._desk(catalog).progress(set_id, annotator)

    # ── what the labels say ──────────────────────────────────────────────────────────────────
    def labels(
        self,
        set_id: str,
        rule: str = aggregation.DEFAULT_RULE,
        catalog: str | None = None,
    ) -> dict[PairKey, Label]:
        """Return one label per judged pair, by a named rule; an adjudicator's label wins."""
        events, decisions = self._desk(catalog).look(
            set_id, lambda state: (state.all_current(), state.decisions())
        )
        return aggregation.labels(events, rule, decisions)

    def qrels(
        self,
        set_id: str,
        rule: str = aggregation.DEFAULT_RULE,
        catalog: str | None = None,
    ) -> dict[PairKey, int]:
        """Return one whole grade per judged pair: ``{(query_id, item_id): grade}``."""
        events, decisions = self._desk(catalog).look(
            set_id, lambda state: (state.all_current(), state.decisions())
        )
        return aggregation.aggregate(events, rule, decisions)

    def report(self, set_id: str, catalog: str | None = None) -> LabelReport:
        """Return agreement, statistics per annotator, and flagged pairs."""
        return label_report(self._desk(catalog), set_id)

    def disagreements(self, set_id: str, catalog: str | None = None) -> tuple[Disagreement, ...]:
        """Return the pairs with different grades, undecided ones first."""
        events, decisions = self._desk(catalog).look(
            set_id, lambda state: (state.all_current(), state.decisions())
        )
        return disagreements(events, decisions)

    def adjudicate(
        self,
        set_id: str,
        pair: PairKey,
        grade: int,
        why: str,
        adjudicator: str,
        *,
        event_id: str,
        catalog: str | None = None,
    ) -> None:
        """Decide a pair; the decision stands before every annotator's label.

        Raises:
            JudgmentError: No reason is given, or the pair or grade is not in the set.
        """
        if not why.strip():
            raise JudgmentError("Say in a few words why: the annotators learn from it.")
        desk = self._desk(catalog)
        desk.judge(
            JudgmentEvent(
                event_id, EventKind.ADJUDICATE, set_id, *pair, adjudicator, grade, why.strip(),
                datetime.now(UTC), 0.0, guidelines=desk.get(set_id).revision,
            )
        )  # fmt: skip

    def delete_labels(
        self, set_id: str, annotator: str, who: str, catalog: str | None = None
    ) -> int:
        """Take all labels of an annotator out of a set; the log keeps them. Returns how many."""
        desk = self._desk(catalog)
        events = desk.look(
            set_id,
            lambda state: [*state.current(annotator).values(), *state.repeated(annotator).values()],
        )
        return desk.delete(set_id, [event.event_id for event in events], who)

    def evaluate(
        self,
        set_id: str,
        engines: Sequence[str],
        *,
        rule: str = aggregation.DEFAULT_RULE,
        relevant_from: int = 2,
        catalog: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> Report:
        """Measure engines on a set's labels; the first engine is the baseline.

        Args:
            set_id: The set.
            engines: Names.
            rule: How several annotators' grades become one.
            relevant_from: Smallest grade that counts as relevant to binary measures.
            catalog: Where the set is.
            on_progress: Called with each progress report.

        Raises:
            EvaluationError: Nothing relevant is judged yet.
            EngineUnavailable, CatalogError, FingerprintMismatch: An engine can't be asked.
        """
        opened_catalog = self._library.get(catalog)
        judgment_set = opened_catalog.desk.get(set_id)
        qrels, eval_queries = measuring.questions(
            judgment_set, self.qrels(set_id, rule, catalog), opened_catalog.images
        )
        report = self._evaluation.evaluate(
            eval_queries,
            qrels,
            engines,
            opened_catalog.name,
            task=judgment_set.set_id[:60],
            title=f"Human judgments: {judgment_set.name} ({rule})",
            names=measures.POOLED,
            main="ndcg@10",
            ranking=Ranking.WORDS,
            relevant_from=min(relevant_from, judgment_set.rules.scale[-1].value),
            on_progress=on_progress,
        )
        return replace(report, notes=(*report.notes, _UNJUDGED))

    def lists(
        self,
        set_id: str,
        engines: Sequence[str],
        *,
        rule: str = aggregation.DEFAULT_RULE,
        depth: int = 10,
        offset: int = 0,
        count: int = 10,
        catalog: str | None = None,
    ) -> tuple[measuring.JudgedQuery, ...]:
        """Return engines' present results for some of a set's queries, with grades.

        Args:
            set_id: The set.
            engines: Names.
            rule: How several annotators' grades become one.
            depth: Results per list.
            offset: Queries to leave out, from the first.
            count: How many queries.
            catalog: Where the set is.

        Raises:
            JudgmentError, QueryError, EngineUnavailable, FingerprintMismatch
        """
        opened_catalog = self._library.get(catalog)
        asked = opened_catalog.desk.get(set_id).queries[offset : offset + count]
        answer = self._answers(opened_catalog, engines, depth)
        labels = self.labels(set_id, rule, catalog)
        return tuple(measuring.judged_query(query, answer(query), labels, depth) for query in asked)

    # ── in and out ───────────────────────────────────────────────────────────────────────────
    def export(
        self,
        set_id: str,
        target: Path,
        format: str,
        *,
        rule: str = aggregation.DEFAULT_RULE,
        history: bool = False,
        catalog: str | None = None,
    ) -> Path:
        """Write ``qrels``, ``csv``, ``jsonl`` or ``parquet``; ``history`` writes every event.

        Raises:
            JudgmentError: The format or rule is unknown, or the file can't be written.
        """
        desk = self._desk(catalog)
        current, decisions = desk.look(
            set_id, lambda state: (state.all_current(), state.decisions())
        )
        if history:
            events = desk.events(set_id)
        else:
            other_events = desk.look(set_id, lambda state: [*state.all_repeated(), *state.flags()])
            events = [*current, *other_events, *decisions.values()]
        labels = export.Labels(desk.get(set_id), events, current, decisions, rule)
        return export.write(labels, target, format)

    def plan_import(
        self,
        source: Path,
        *,
        set_id: str | None = None,
        name: str = "",
        annotator: str = "imported",
        query_texts: Path | None = None,
        catalog: str | None = None,
    ) -> importing.ImportPlan:
        """Read a file of judgments and say what fits; nothing is stored.

        Raises:
            JudgmentError: The file can't be read, or there is no such set.
        """
        opened_catalog = self._library.get(catalog)
        read = FileReport()
        texts = read_query_texts(query_texts, read) if query_texts else {}
        plan = importing.plan(
            opened_catalog.desk, source, lambda ids: opened_catalog.store.items.get(ids).keys(),
            set_id=set_id, name=name, annotator=annotator, texts=texts,
        )  # fmt: skip
        return replace(plan, notes=(*plan.notes, *read.notes))

    def carry_out(self, plan: importing.ImportPlan, catalog: str | None = None) -> int:
        """Store what a plan found to fit; returns how many events were new."""
        return importing.carry_out(self._desk(catalog), plan)

    # ── inside ───────────────────────────────────────────────────────────────────────────────
    def _desk(self, catalog: str | None) -> JudgmentQueue:
        return self._library.get(catalog).desk

    def _answers(
        self, catalog: Catalog, engines: Sequence[str], depth: int
    ) -> Callable[[JudgmentQuery], list[SearchResult]]:
        models = [self._models.engine(engine) for engine in engines]

        def answer(query: JudgmentQuery) -> list[SearchResult]:
            ask = Query(
                text=query.text,
                item_id=query.item_id,
                image=catalog.images.open(query.picture) if query.picture else None,
                k=depth,
                cutoff=False,
                fold_duplicates=False,
            )
            return [catalog.searcher.search(ask, model) for model in models]

        return answer
