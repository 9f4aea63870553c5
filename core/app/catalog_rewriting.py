"""The agent over a whole catalogue: what is left to do, doing it, and embedding what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from threading import Event

from core.app.library import Catalog
from core.domain import (
    Corrections,
    Item,
    JobState,
    OnProgress,
    RewriteProgress,
    RewriteReport,
    RewriteRun,
)
from core.domain import Stage as ItemStage
from core.errors import CatalogBusy, CatalogError
from core.jobs import BegunJob, JobReporter, Stage
from core.language.budget import Budget
from core.language.claude import ClaudeRewriter
from core.language.limits import JobLimits
from core.language.listing import photo_of
from core.language.message_batches import BatchRunner
from core.language.orders import AgentOrder, details, rewriting_job
from core.language.work import Answerer, Tally, Work
from core.pipeline.redo import redo
from core.ports.engines import IndexingModels
from core.ports.keys import inputs_key, rewrite_key
from core.store.ledger import Ledger

#: Results are written this many at a time. What a killed job had not written costs nothing to have
#: again: every answer is in the ledger.
FLUSH = 32
#: Expected seconds per item for one asker (some four answers), of a batch, and of embedding.
_ANSWERS, _BATCH, _EMBEDDING = 12.0, 3600.0, 10.0


@dataclass(slots=True)
class _Buffer:
    """Results that are not written yet."""

    where: Catalog
    runs: list[RewriteRun] = field(default_factory=list)

    def add(self, run: RewriteRun) -> None:
        self.runs.append(run)
        if len(self.runs) >= FLUSH:
            self.flush()

    def flush(self) -> None:
        """First the rewrites, so that no record points nowhere."""
        made = {run.key: run.rewrite for run in self.runs if run.rewrite is not None}
        self.where.store.rewrites.append_all(made)
        self.where.store.rewrite_runs.add(self.runs)
        self.runs = []


class CatalogRewriting:
    """The agent at work on one catalogue.

    Args:
        where: The catalogue.
        agent: The agent.
        ledger: Where its answers are kept.
    """

    def __init__(self, where: Catalog, agent: ClaudeRewriter, ledger: Ledger) -> None:
        self._where, self._agent, self._ledger = where, agent, ledger

    def todo(self, item_ids: Iterable[str] | None = None, *, retry: bool = False) -> list[Item]:
        """Items that the agent has not described as they are now, by id.

        Left out are items whose text a person wrote, accepted or asked another round for, and,
        without ``retry``, those for which it found no usable words.
        """
        store = self._where.store
        decided, latest = store.corrections.standing(), store.rewrite_runs.states()
        found = []
        for item_id, record in sorted(store.items.records(item_ids).items()):
            item = record.item
            if decided.of(ItemStage.REWRITE, item_id, item.photo.sha256):
                continue
            state, inputs = latest.get(item_id), inputs_key(item)
            if state is not None and state.inputs == inputs:
                if state.asked_by or state.key == rewrite_key(item, self._agent.fingerprint):
                    continue
                if not state.key and state.model == self._agent.name and not retry:
                    continue
            found.append(item)
        return found

    def begin(
        self,
        items: Sequence[Item],
        limits: JobLimits,
        models: IndexingModels,
        order: AgentOrder,
        *,
        author: str = "",
        on_progress: OnProgress | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> BegunJob[RewriteReport]:
        """Take the catalogue's job of the agent; run, it describes items and embeds what changed.

        Args:
            items: To be described.
            limits: Budget, concurrency, batches.
            models: For embedding.
            order: What was asked, for whoever looks.
            author: Who started it.
            on_progress: Called with snapshots.
            should_stop: Asked before each question, as is the wish of any process.

        Raises:
            CatalogBusy: Another rewriting job is at work on this catalogue.
            SettingsError: A budget in dollars can't be kept.
        """
        prices, name = self._agent.messages.prices, self._agent.name
        budget = Budget(name, prices, dollars=limits.dollars, tokens=limits.tokens)
        each = _BATCH / max(1, len(items)) if limits.batch else _ANSWERS / limits.concurrency
        plan = (Stage("describing", len(items), each), Stage("embedding", 1, _EMBEDDING))
        reporter = rewriting_job(self._where.store.root).begin(
            plan, author=author, details=details(order), on_progress=on_progress
        )

        def work(reporter: JobReporter) -> RewriteReport:
            report = self._describe(items, limits, budget, reporter, should_stop)
            reporter.step(
                replace(report.progress, stage="embedding", message="Embedding what changed.")
            )
            try:
                report = replace(report, embedded=self.embed(models))
            except CatalogError as problem:  # what could be embedded is, and what is written stays
                stopped = f"{report.stopped} Not all is embedded: {problem}".strip()
                report = replace(report, stopped=stopped)
            state = JobState.STOPPED if reporter.stopping() else JobState.DONE
            progress = report.progress
            reporter.end(state, report.stopped, details(progress=progress, report=report))
            return report

        return BegunJob(reporter, work)

    def _describe(
        self, items: Sequence[Item], limits: JobLimits, budget: Budget, reporter: JobReporter,
        should_stop: Callable[[], bool],
    ) -> RewriteReport:  # fmt: skip
        gone = Event()

        def asked() -> bool:
            return reporter.stopping() or should_stop()

        def report(progress: RewriteProgress) -> None:
            reporter.step(replace(progress, stage="describing"), details(progress=progress))

        agent = self._agent.for_job(budget, limits.patience, lambda: gone.is_set() or asked())
        tally = Tally(len(items), lambda: agent.messages.meter.spent, report)
        buffer = _Buffer(self._where)

        def keep(item_id: str, run: RewriteRun) -> None:
            buffer.add(run)
            if run.rewrite is None:
                tally.failed(item_id, run.problem)
            else:
                tally.done()

        works = [self._work(agent, item) for item in items]
        tally.tell()
        runner = BatchRunner(
            agent.messages, self._ledger, budget, poll=limits.poll, patience=limits.patience
        )
        try:
            if limits.batch:
                stopped = runner.run(works, keep, tally, wait=limits.wait, should_stop=asked)
            else:
                stopped = runner.live(
                    works, keep, tally, concurrency=limits.concurrency, should_stop=asked, gone=gone
                )
        finally:
            buffer.flush()
        return RewriteReport(tally.state, tally.problems, stopped)

    def embed(self, models: IndexingModels) -> int:
        """Embed the items whose standing text is not the embedded one; how many vectors.

        While an indexing job is running nothing is done: the next indexing embeds them.
        """
        store = self._where.store
        decided: Corrections = store.corrections.standing()
        behind = [
            item_id
            for item_id, record in store.items.records(decided.agent).items()
            if models.corrected_by(decided).rewrite_key(record.item) != record.rewrite_key
        ]
        try:
            return redo(store, self._where.images, models, behind) if behind else 0
        except CatalogBusy:
            return 0

    def _work(self, agent: ClaudeRewriter, item: Item) -> Work[RewriteRun]:
        store, images = self._where.store, self._where.images

        def run(call: Answerer) -> RewriteRun:
            photo = photo_of(item, images)
            failures = store.rewrite_runs.failures(item.item_id, inputs_key(item))
            steps = agent.loop(item, photo).steps(2 * failures)
            key = rewrite_key(item, agent.fingerprint)
            return agent.run(item, steps, inputs=inputs_key(item), key=key, call=call)

        return Work(item.item_id, run)
