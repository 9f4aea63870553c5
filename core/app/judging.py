"""Judgment sets and engines measured on them, for pages and commands: ``studio.judging``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from core.app import collecting, query_sources
from core.app.evaluating import EvaluationService
from core.app.labels import LabelService
from core.app.library import Catalog, Library
from core.app.models import ModelPool
from core.app.query_sources import QuerySource
from core.base.tables import FileReport
from core.domain import (
    JudgmentQuery,
    JudgmentSet,
    OnProgress,
    OwnPart,
    Pair,
    Query,
    Ranking,
    Report,
    Rules,
    SearchResult,
)
from core.errors import CatalogError, EvaluationError, JudgmentError
from core.evaluation import measures
from core.judging import aggregation, measuring, open_sets
from core.judging.judgment_queue import JudgmentQueue

#: Most pairs that one set may have.
MOST_PAIRS = 200_000
_UNJUDGED = (
    "A result that nobody has judged counts as irrelevant, except in bpref, which leaves it out; "
    "Judged@10 says how many are judged."
)


class JudgingService:
    """Makes judgment sets and measures engines on their labels; safe with several processes.

    Every method takes the catalogue's name; ``None`` is the default catalogue.

    Args:
        library: The catalogues.
        models: The engines.
        evaluation: Measures engines.
        labels: The sets' labels.
    """

    def __init__(
        self,
        library: Library,
        models: ModelPool,
        evaluation: EvaluationService,
        labels: LabelService,
    ) -> None:
        self._library, self._models = library, models
        self._evaluation, self._labels = evaluation, labels

    def queue(self, catalog: str | None = None) -> JudgmentQueue:
        """Return a catalogue's queue: its sets, dealing pairs, storing and undoing events."""
        return self._library.get(catalog).judgment_queue

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
        return opened_catalog.judgment_queue.sets.create(
            name, asked, engines, depth, rules or Rules(), answer, calibration
        )

    def revise(
        self, set_id: str, change: Callable[[Rules], Rules], catalog: str | None = None
    ) -> JudgmentSet:
        """Change how a set is judged (guidelines, names of grades, overlap …).

        Raises:
            JudgmentError: The change makes no sense, or would drop a grade that was given.
        """
        queue = self.queue(catalog)
        given_grades = {event.grade for event in queue.current(set_id) if event.grade is not None}

        def changed(old: JudgmentSet) -> JudgmentSet:
            rules = change(old.rules)
            lost = given_grades - {grade.value for grade in rules.scale}
            if lost:
                raise JudgmentError(
                    f"The grade {min(lost)} has been given already, so it must stay on the scale."
                )
            return replace(old, rules=rules)

        return queue.sets.revise(set_id, changed)

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
        return collecting.collect(opened_catalog.judgment_queue, asked, item_ids, engines)

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
        old = opened_catalog.judgment_queue.sets.get(set_id)
        answer = self._answers(opened_catalog, engines, depth)
        pairs = [
            Pair(query, hit.item.item_id)
            for query in old.queries
            for result in answer(query)
            for hit in result.hits[:depth]
        ]
        return len(opened_catalog.judgment_queue.sets.extend(set_id, pairs).pairs) - len(old.pairs)

    def evaluate(
        self,
        set_id: str,
        engines: Sequence[str],
        *,
        rule: str = aggregation.DEFAULT_RULE,
        relevant_from: int | None = None,
        ranking: Ranking = Ranking.WORDS,
        catalog: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> Report:
        """Measure engines on a set's labels; the first engine is the baseline.

        Args:
            set_id: The set.
            engines: Names.
            rule: How several annotators' grades become one.
            relevant_from: Smallest grade that counts as relevant to binary measures; default: the
                set's ``relevant_from``.
            ranking: What items are ranked by; default: as on the pages.
            catalog: Where the set is.
            on_progress: Called with each progress report.

        Raises:
            EvaluationError: Nothing relevant is judged yet, or the scale has no such grade.
            EngineUnavailable, CatalogError, FingerprintMismatch: An engine can't be asked.
        """
        opened_catalog = self._library.get(catalog)
        judgment_set = opened_catalog.judgment_queue.sets.get(set_id)
        threshold = judgment_set.relevant_from if relevant_from is None else relevant_from
        if not 1 <= threshold <= judgment_set.highest:
            raise EvaluationError(
                f"Grades of “{judgment_set.name}” that count as relevant start between 1 and "
                f"{judgment_set.highest}, not at {threshold}."
            )
        qrels, eval_queries = measuring.questions(
            judgment_set, self._labels.qrels(set_id, rule, catalog), opened_catalog.images
        )
        if not eval_queries:
            raise EvaluationError(f"Nobody has graded a pair of “{judgment_set.name}” yet.")
        report = self._evaluation.evaluate(
            eval_queries,
            qrels,
            engines,
            opened_catalog.name,
            task=judgment_set.set_id[:60],
            title=f"Judgments: {judgment_set.name} ({rule})",
            names=measures.POOLED,
            main="ndcg@10",
            ranking=ranking,
            relevant_from=threshold,
            highest=judgment_set.highest,
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
        asked = opened_catalog.judgment_queue.sets.get(set_id).queries[offset : offset + count]
        answer = self._answers(opened_catalog, engines, depth)
        labels = self._labels.labels(set_id, rule, catalog)
        return tuple(measuring.judged_query(query, answer(query), labels, depth) for query in asked)

    def is_open_to(self, people: Collection[str], catalog: str | None = None) -> bool:
        """Tell whether one of these people may still judge a pair of any set of this catalogue."""
        try:
            opened_catalog = self._library.get(catalog)
        except CatalogError:  # it was removed, but can be restored, and its reports are kept
            return bool(catalog and people)
        return open_sets.is_open_to(opened_catalog.judgment_queue, people)

    def own_part(self, who: str, catalog: str | None = None) -> OwnPart:
        """Tell how far an annotator is with the sets of this catalogue."""
        if self.is_open_to([who], catalog):
            return OwnPart.OPEN
        try:
            queue = self.queue(catalog)
        except CatalogError:
            return OwnPart.FINAL
        return OwnPart.DONE if open_sets.makes_final(queue, who) else OwnPart.FINAL

    def end_part(self, who: str, catalog: str | None = None) -> None:
        """Show the engines' lists to an annotator from now on: what they said is final.

        Raises:
            JudgmentError: A pair still needs them.
            NotSaved: It could not be noted.
        """
        if self.own_part(who, catalog) is OwnPart.OPEN:
            raise JudgmentError("A pair of this catalogue still needs you, so you can't end yet.")
        open_sets.note_shown(self.queue(catalog), [who])

    def hides_engines(
        self, people: Collection[str], catalog: str | None = None, annotator: str = ""
    ) -> bool:
        """Tell whether engines' lists are hidden from these annotators: one may still judge.

        Where they are not, it is noted that they are shown: what these people said is final then.

        Args:
            people: Names of annotators.
            catalog: Which; ``None`` is the default one.
            annotator: The one who looks, where that is known: while what they said is not final,
                they see nothing before ``end_part``.

        Raises:
            NotSaved: It could not be noted.
        """
        if self.is_open_to(people, catalog):
            return True
        # Open by now: somebody took a label back since it was looked a moment ago.
        if annotator and self.own_part(annotator, catalog) is not OwnPart.FINAL:
            return True
        try:
            opened_catalog = self._library.get(catalog)
        except CatalogError:  # there is none, so there is nothing to see
            return False
        if people:
            open_sets.note_shown(opened_catalog.judgment_queue, people)
        return False

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
