"""Labels of judgment sets for pages and commands: ``studio.labels``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from core.app.evaluation_files import Questions, read_questions
from core.app.library import Library
from core.base.counts import counted
from core.base.tables import FileReport
from core.domain import LABELS, EventKind, JudgmentEvent, JudgmentSet, Label
from core.errors import JudgmentError
from core.judging import aggregation, importing, label_export
from core.judging.disagreement import Disagreement, disagreements
from core.judging.judgment_queue import JudgmentQueue
from core.judging.query_texts import read_beside
from core.judging.reports import LabelReport, label_report
from core.judging.state import PairKey, SetState


class LabelService:
    """Reads, decides, removes, exports and imports labels; safe with several processes.

    Every method takes the catalogue's name; ``None`` is the default catalogue.
    """

    def __init__(self, library: Library) -> None:
        self._library = library

    def labels(
        self,
        set_id: str,
        rule: str = aggregation.DEFAULT_RULE,
        catalog: str | None = None,
    ) -> dict[PairKey, Label]:
        """Return one label per judged pair, by a named rule; an adjudicator's label wins."""
        events, decisions = self._queue(catalog).look(
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
        events, decisions = self._queue(catalog).look(
            set_id, lambda state: (state.all_current(), state.decisions())
        )
        return aggregation.aggregate(events, rule, decisions)

    def report(self, set_id: str, catalog: str | None = None) -> LabelReport:
        """Return agreement, statistics per annotator, and flagged pairs."""
        return label_report(self._queue(catalog), set_id)

    def disagreements(self, set_id: str, catalog: str | None = None) -> tuple[Disagreement, ...]:
        """Return the pairs to decide: different grades, "can't tell", flags; open ones first."""
        events, decisions, flags = self._queue(catalog).look(
            set_id, lambda state: (state.all_current(), state.decisions(), state.flags())
        )
        return disagreements(events, decisions, flags)

    def decisions_for(
        self, set_id: str, annotator: str, catalog: str | None = None
    ) -> tuple[tuple[JudgmentEvent, JudgmentEvent], ...]:
        """Return decisions on pairs that an annotator judged, each with their label, newest first.

        There are none before they have judged all that the set has for them: what was decided could
        be looked up when a pair comes again, and leaving those pairs out would tell which they are.
        """
        queue = self._queue(catalog)
        progress = queue.progress(set_id, annotator)
        if progress.done < progress.total:
            return ()

        def decided_labels(state: SetState) -> list[tuple[JudgmentEvent, JudgmentEvent]]:
            labels = state.current(annotator)
            return [
                (decision, labels[pair])
                for pair, decision in state.decisions().items()
                if pair in labels and labels[pair].kind is not EventKind.SKIP
            ]

        decided = queue.look(set_id, decided_labels)
        return tuple(sorted(decided, key=lambda entry: entry[0].at, reverse=True))

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
        queue = self._queue(catalog)
        queue.judge(
            JudgmentEvent(
                event_id, EventKind.ADJUDICATE, set_id, *pair, adjudicator, grade, why.strip(),
                datetime.now(UTC), 0.0, guidelines=queue.sets.get(set_id).revision,
            )
        )  # fmt: skip

    def delete_labels(
        self, set_id: str, annotator: str, who: str, catalog: str | None = None
    ) -> int:
        """Take all labels and flags of an annotator out of a set; the log keeps them.

        Earlier labels of a pair, which were corrected since, go too: else they would count again.

        Returns:
            The number of labels that counted.
        """
        queue = self._queue(catalog)
        labels, flags = queue.look(
            set_id,
            lambda state: (
                [*state.current(annotator).values(), *state.repeated(annotator).values()],
                [flag for flag in state.flags() if flag.annotator == annotator],
            ),
        )
        if labels or flags:
            own = (event for event in queue.events(set_id) if event.annotator == annotator)
            kinds = LABELS | {EventKind.FLAG}
            queue.delete(set_id, [event.event_id for event in own if event.kind in kinds], who)
        return len(labels)

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
        """Write a set's labels in one of ``label_export.FORMATS``.

        ``history`` writes every event.

        Raises:
            JudgmentError: The format or rule is unknown, or the file can't be written.
        """
        queue = self._queue(catalog)
        current, decisions = queue.look(
            set_id, lambda state: (state.all_current(), state.decisions())
        )
        if history:
            events = queue.events(set_id)
        else:
            other_events = queue.look(set_id, lambda state: [*state.all_repeated(), *state.flags()])
            events = [*current, *other_events, *decisions.values()]
        labels = label_export.Labels(queue.sets.get(set_id), events, current, decisions, rule)
        return label_export.write(labels, target, format)

    def plan_import(
        self,
        source: Path,
        *,
        set_id: str | None = None,
        name: str = "",
        annotator: str = "imported",
        beside: Path | None = None,
        mapping: str = "",
        people: Sequence[str] = (),
        catalog: str | None = None,
    ) -> importing.ImportPlan:
        """Read a file of judgments and say what fits; nothing is stored.

        Args:
            source: The file.
            set_id: Existing set to take them into; else the file's own set, else a new one.
            name: Name of a new set.
            annotator: Name of the annotator, if the file has none.
            beside: The file that came with it: an export's description of the set, or the
                queries' words; default: ``<source>.json``, if it is there.
            mapping: How labels become grades, such as ``E=3, S=2``; guessed if not given.
            people: The raters' columns of a table with a column per rater.
            catalog: Where the set is.

        Raises:
            JudgmentError: The file can't be read, or there is no such set.
        """
        opened_catalog = self._library.get(catalog)
        read = FileReport()
        facts = label_export.facts_path(source)
        beside = beside or (facts if facts.is_file() else None)
        words = read_beside(beside, read) if beside else None
        plan = importing.plan(
            opened_catalog.judgment_queue, source,
            lambda ids: opened_catalog.store.items.get(ids).keys(),
            set_id=set_id, name=name, annotator=annotator, mapping=mapping, people=people,
            beside=words,
        )  # fmt: skip
        # A page may still have the file that came with other labels.
        from_file = (
            (f"The words of the queries were read from “{beside.name}”.",)
            if beside and words and words.texts and not words.definition
            else ()
        )
        bare = _wordless(plan.judgment_set)
        return replace(plan, notes=(*plan.notes, *read.notes, *from_file, *bare))

    def questions(
        self,
        queries: Path,
        qrels: Path | None = None,
        catalog: str | None = None,
        pictures: bool = True,
    ) -> Questions:
        """Read queries and grades for an evaluation, from two files or from one that has both.

        Raises:
            EvaluationError, JudgmentError: A file can't be read, or lacks what is needed.
        """
        return read_questions(self._library.get(catalog), queries, qrels, pictures)

    def _queue(self, catalog: str | None) -> JudgmentQueue:
        return self._library.get(catalog).judgment_queue


def _wordless(judgment_set: JudgmentSet) -> tuple[str, ...]:
    """Return a sentence on the queries of which only the id is known, if there are any."""
    bare = [
        query.query_id
        for query in judgment_set.queries
        if query.text == query.query_id and not (query.item_id or query.picture)
    ]
    if not bare:
        return ()
    return (
        f"Of {counted(len(bare), 'query')} only the id is known, such as “{bare[0]}”: engines "
        "would be asked with these, and so would people. Give the words in a file that comes with "
        "it (on the command line: --queries).",
    )
